"""SHA-256 of videos and models, by which they are recognized under other names."""

import hashlib
import os
import pathlib
from typing import Iterable, List

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.images import list_images

_CHUNK = 1 << 20
# Files of a run that do not belong to its network.
_REPORTS = ("tensorboard", "metrics.jsonl", "made_by.json", "flags.cfg", "lock")


def hash_video(path: pathlib.Path) -> str:
  """Returns the hash of a video file, or of the names and contents of a folder of images.

  Raises:
    InputError: the file cannot be read.
  """
  try:
    return _hash_files(path, list_images(path)) if path.is_dir() else _hash_file(path)
  except FileNotFoundError as error:
    raise InputError(f"{path}: no such file. Check the path of the video.") from error
  except OSError as error:
    raise InputError(f"{path}: cannot be read ({error.strerror}). Check the file.") from error


def hash_model(path: pathlib.Path) -> str:
  """Returns the hash of a .tflite file, or of the network in a SavedModel or a run.

  Raises:
    InputError: there is no such model.
  """
  if path.is_dir():
    files = [
      file
      for file in path.rglob("*")
      if file.is_file() and file.relative_to(path).parts[0] not in _REPORTS
    ]
    return _hash_files(path, files)
  if not path.is_file():
    raise InputError(f"{path}: no such model. Give a .tflite file or a SavedModel folder.")
  return _hash_file(path)


def _hash_file(path: pathlib.Path) -> str:
  digest = hashlib.sha256()
  with open(path, "rb") as file:
    while True:
      chunk = file.read(_CHUNK)
      if not chunk:
        return digest.hexdigest()
      digest.update(chunk)


def _hash_files(folder: pathlib.Path, files: Iterable[pathlib.Path]) -> str:
  """Returns a hash of the names, relative to the folder, and contents of files."""
  lines: List[bytes] = [
    f"{_hash_file(file)} ".encode() + os.fsencode(file.relative_to(folder)) for file in files
  ]
  return hashlib.sha256(b"\0".join(sorted(lines))).hexdigest()
