"""MATLAB's .mat files, with one-line errors."""

import io
import os
import pathlib
from typing import Any, Dict, Optional, Sequence

import scipy.io

from .account import ClipError


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
    file = os.fspath(path) if content is None else io.BytesIO(content)
    raw = scipy.io.loadmat(file, variable_names=list(fields), **options)
  except Exception as error:  # scipy raises many kinds for invalid bytes
    raise ClipError(
      "unreadable labels", f"{path}: cannot be read as a .mat file ({first_line(error)})."
    ) from error
  lacking = [name for name in fields if name not in raw]
  if lacking:
    raise ClipError(
      "foreign labels", f"{path}: lacks {', '.join(lacking)}; these are not {owner} labels."
    )
  return raw


def first_line(error: Exception) -> str:
  """Returns the first line of an exception's message, or its class name if it has none."""
  return (str(error).splitlines() or [type(error).__name__])[0]
