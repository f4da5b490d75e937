"""Files in the user's cache, which the program can make again at any time."""

import hashlib
import os
import pathlib
import stat
from typing import Callable, Optional

import filelock

import ppn_tf
from ppn_tf.runtime.files import complete_or_absent

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def get_folder() -> Optional[pathlib.Path]:
  """Returns the folder of the cache, $XDG_CACHE_HOME/ppn_tf or ~/.cache/ppn_tf.

  Returns:
    None where the user has no home. The folder need not exist.
  """
  # Relative paths are invalid, https://specifications.freedesktop.org/basedir-spec.
  for variable, below in (("XDG_CACHE_HOME", ""), ("HOME", ".cache"), ("USERPROFILE", ".cache")):
    base = pathlib.Path(os.environ.get(variable) or ".")
    if base.is_absolute():
      return base / below / "ppn_tf"
  return None


def name_conversion(name: str, revision: int, source: pathlib.Path) -> str:
  """Returns the name of a cached .tflite file, which depends on what decides its content.

  Args:
    name: start of the name.
    revision: number of the conversion; raise it when a change of the conversion changes the file.
    source: the weights that are converted.
  """
  digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
  return f"{name}-{ppn_tf.__version__}.{revision}-{digest}.tflite"


def get_or_make(name: str, make: Callable[[], bytes]) -> pathlib.Path:
  """Returns the path of a cached file, and makes it first if it is missing or damaged.

  A file counts if its SHA-256 equals the digest stored next to it, and if nobody but the user can
  write it. Processes that need the same file at the same time make it once.

  Args:
    name: name of the file; different contents need different names.
    make: returns the content.
  Raises:
    OSError: there is no cache that only the user can write.
    InputError: the disk is full or read-only.
  """
  folder = get_folder()
  if folder is None:
    raise OSError("no home folder")
  folder.mkdir(mode=0o700, parents=True, exist_ok=True)
  if not _is_private(folder):
    raise OSError(f"{folder} is a link, or another user can write it")
  path = folder / name
  if not _is_intact(path):
    with filelock.FileLock(folder / f".{name}.lock"):
      if not _is_intact(path):  # another process may have made it meanwhile
        content = make()
        _write(path, content)
        _write(_digest_path(path), hashlib.sha256(content).hexdigest().encode())
  return path


def _digest_path(path: pathlib.Path) -> pathlib.Path:
  return path.with_name(f"{path.name}.sha256")


def _write(path: pathlib.Path, content: bytes) -> None:
  if path.is_symlink():
    path.unlink()
  with complete_or_absent(path) as partial:
    partial.write_bytes(content)
    partial.chmod(0o600)


def _is_intact(path: pathlib.Path) -> bool:
  try:
    digest = hashlib.sha256(path.read_bytes()).hexdigest().encode()
    return all(map(_is_private, (path, _digest_path(path)))) and (
      _digest_path(path).read_bytes() == digest
    )
  except OSError:
    return False


def _is_private(path: pathlib.Path) -> bool:
  """Returns whether a file or folder is no link, belongs to the user, and only the user writes it.

  A folder that belongs to the user is made private.
  """
  status = path.lstat()
  if stat.S_ISLNK(status.st_mode) or not hasattr(os, "getuid"):
    return not stat.S_ISLNK(status.st_mode)
  if status.st_uid != os.getuid():
    return False
  if stat.S_ISDIR(status.st_mode) and status.st_mode & _WRITABLE_BY_OTHERS:
    path.chmod(0o700)
    return True
  return not status.st_mode & _WRITABLE_BY_OTHERS
