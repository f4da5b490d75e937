"""Temporary folders that a killed process does not leave behind for ever."""

import contextlib
import os
import pathlib
import re
import shutil
import tempfile
import time
from typing import Iterator, Optional

try:
  import fcntl
except ImportError:  # on Windows
  fcntl = None  # type: ignore[assignment]

# Folders of this age in seconds are surely locked by their processes, if these are alive.
_MIN_AGE = 10.0


@contextlib.contextmanager
def scratch_folder(
  name: str = "ppn_tf", parent: Optional[pathlib.Path] = None
) -> Iterator[pathlib.Path]:
  """Yields an empty hidden folder, and removes it at the end.

  Also removes folders of this name whose processes were killed. A process holds a lock on its
  folder, which ends with it.

  Args:
    name: name of what is made in the folder.
    parent: folder of the new folder; by default that of the system.
  Raises:
    OSError: the folder cannot be created.
  """
  parent = pathlib.Path(tempfile.gettempdir()) if parent is None else parent
  prefix = f".{name[:100]}."
  _sweep(parent, prefix)
  scratch = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
  descriptor = _lock(scratch)
  try:
    yield scratch
  finally:
    shutil.rmtree(scratch, ignore_errors=True)
    if descriptor is not None:
      os.close(descriptor)


def _sweep(parent: pathlib.Path, prefix: str) -> None:
  """Removes the folders of processes that are gone."""
  if fcntl is None:
    return
  with os.scandir(parent) as entries:
    leftovers = [
      pathlib.Path(entry.path)
      for entry in entries
      # The suffix is that of mkdtemp.
      if re.fullmatch(re.escape(prefix) + "[a-z0-9_]{8}", entry.name)
      and entry.is_dir(follow_symlinks=False)
      and entry.stat(follow_symlinks=False).st_uid == os.getuid()
      and time.time() - entry.stat(follow_symlinks=False).st_mtime > _MIN_AGE
    ]
  for folder in leftovers:
    descriptor = _lock(folder)
    if descriptor is not None:
      shutil.rmtree(folder, ignore_errors=True)
      os.close(descriptor)


def _lock(folder: pathlib.Path) -> Optional[int]:
  """Locks a folder; returns a descriptor that holds the lock, or None if there is no lock."""
  if fcntl is None:
    return None
  try:
    descriptor = os.open(folder, os.O_RDONLY)
  except OSError:
    return None
  try:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
  except OSError:
    os.close(descriptor)
    return None
  return descriptor
