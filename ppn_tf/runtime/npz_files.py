"""Reading of NumPy's .npz files of any origin."""

import os
from typing import Dict, Union

import numpy as np

from ppn_tf.runtime.errors import InputError


def read_npz(path: Union[str, os.PathLike]) -> Dict[str, np.ndarray]:
  """Reads all arrays of an .npz file by name, without pickles, which could run code.

  Raises:
    InputError: the file is missing, damaged, or no such file.
  """
  try:
    with np.load(path) as arrays:
      values = {name: arrays[name] for name in arrays.files}
    foreign = [name for name, value in values.items() if not isinstance(value, np.ndarray)]
    if foreign:
      raise ValueError(f"{foreign[0]} is not an array")
    return values
  except Exception as error:  # NumPy, zipfile and zlib raise many types for invalid bytes
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    raise InputError(
      f"{path}: not readable as .npz without pickles ({reason}). Write it with numpy.savez."
    ) from error
