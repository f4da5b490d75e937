"""MATLAB's .mat files of all versions, with one-line errors."""

import io
import pathlib
from typing import Any, Dict, Optional, Sequence

import h5py
import numpy as np
import scipy.io

from ppn_tf.runtime.errors import first_line

from .account import ClipError
from .mat_elements import check_elements


def load_mat(
  path: pathlib.Path,
  fields: Sequence[str],
  owner: str,
  content: Optional[bytes] = None,
  **options: Any,
) -> Dict[str, Any]:
  """Reads variables of a .mat file.

  Args:
    path: path of the file.
    fields: required variables.
    owner: name of the data set in the genitive, for messages.
    content: bytes of the file, if `path` is a name in an archive.
    **options: see scipy.io.loadmat.
  Raises:
    ClipError: the file cannot be read, or lacks a variable.
  """
  try:
    content = path.read_bytes() if content is None else content
    check_elements(content)
    file = io.BytesIO(content)
    try:
      raw = scipy.io.loadmat(file, variable_names=list(fields), **options)
    except NotImplementedError:  # version 7.3 is HDF5
      raw = _load_hdf5(file, fields)
  except Exception as error:  # scipy and h5py raise many kinds for invalid bytes
    raise ClipError(
      "unreadable labels", f"{path}: cannot be read as a .mat file ({first_line(error)})."
    ) from error
  lacking = [name for name in fields if name not in raw]
  if lacking:
    raise ClipError(
      "foreign labels", f"{path}: lacks {', '.join(lacking)}; these are not {owner} labels."
    )
  return raw


def _load_hdf5(file: Any, fields: Sequence[str]) -> Dict[str, Any]:
  """Reads arrays and texts; MATLAB writes the dimensions of HDF5 in reversed order."""
  raw = {}
  with h5py.File(file, "r") as content:
    for name in fields:
      if name not in content:
        continue
      if not isinstance(content[name], h5py.Dataset) or content[name].dtype == h5py.ref_dtype:
        raise ValueError(f"{name} is a struct or cell of version 7.3; save it with -v7")
      values = np.asarray(content[name]).T
      kind = content[name].attrs.get("MATLAB_class", b"")
      if content[name].attrs.get("MATLAB_empty", 0):
        values = np.zeros(tuple(int(length) for length in values.ravel()))
      is_text = kind in (b"char", "char")
      raw[name] = np.array(["".join(map(chr, values.ravel()))]) if is_text else values
  return raw
