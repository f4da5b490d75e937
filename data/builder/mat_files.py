"""MATLAB's .mat files, read with one clear line for what cannot be read."""

import io
import os
import pathlib
from typing import Any, Dict, Optional, Sequence

import scipy.io

from .account import ClipError


def load_mat(
  path: pathlib.Path, fields: Sequence[str], owner: str, content: Optional[bytes] = None, **how: Any
) -> Dict[str, Any]:
  """Reads variables of a .mat file.

  Args:
    path: the file.
    fields: the variables, all of which must be there.
    owner: whose labels they are, for messages.
    content: the file's bytes, where `path` is but a name in an archive.
    **how: see scipy.io.loadmat.
  Raises:
    ClipError: the file cannot be read, or lacks a variable.
  """
  try:
    file = os.fspath(path) if content is None else io.BytesIO(content)
    raw = scipy.io.loadmat(file, variable_names=list(fields), **how)
  except Exception as error:  # scipy raises whatever the bytes lead it to
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
  """An exception's message, or its name if it has none, in one line."""
  return (str(error).splitlines() or [type(error).__name__])[0]
