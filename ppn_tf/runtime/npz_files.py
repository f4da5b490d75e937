"""Reading of NumPy's .npz files of any origin."""

import os
import sys
from typing import Dict, Optional, Sequence, Union

import numpy as np

from ppn_tf.runtime.errors import InputError, first_line


def read_npz(
  path: Union[str, os.PathLike], names: Optional[Sequence[str]] = None
) -> Dict[str, np.ndarray]:
  """Reads arrays of an .npz file by name, without pickles, which could run code.

  Args:
    path: the file.
    names: arrays to read, if they are there; by default all.
  Raises:
    InputError: the file is missing, damaged, or no such file.
  """
  try:
    with np.load(path) as arrays:
      values = {name: arrays[name] for name in arrays.files if names is None or name in names}
    foreign = [name for name, value in values.items() if not isinstance(value, np.ndarray)]
    if foreign:
      raise ValueError(f"{foreign[0]} is not an array")
    garbled = [name for name, value in values.items() if not _has_only_characters(value)]
    if garbled:
      raise ValueError(f"{garbled[0]} holds codes that are no characters")
    return values
  except Exception as error:  # NumPy, zipfile and zlib raise many types for invalid bytes
    raise InputError(
      f"{path}: not readable as .npz without pickles ({first_line(error)}). "
      "Write it with numpy.savez."
    ) from error


def _has_only_characters(values: np.ndarray) -> bool:
  """Returns whether an array holds no text, or text without invalid codes, which crash Python."""
  if values.dtype.kind != "U" or not values.dtype.itemsize:
    return True
  codes = values.ravel().astype(values.dtype.newbyteorder("=")).view(np.uint32)
  return bool((codes <= sys.maxunicode).all())
