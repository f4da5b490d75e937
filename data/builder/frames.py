"""Encoded frames of a clip, in order and checked."""

import pathlib
from typing import List, Optional, Sequence, Tuple, Union

from .account import ClipError
from .pictures import read_picture

# Encoded frame, or the reason why it cannot be read.
Frame = Union[bytes, ClipError]


def list_frames(
  folder: pathlib.Path,
  num_frames: int,
  digits: int = 6,
  suffixes: Sequence[str] = (".jpg", ".jpeg"),
) -> List[pathlib.Path]:
  """Lists the frames 000001.jpg, 000002.jpg ... of a clip's folder.

  Args:
    folder: folder of the clip's frames.
    num_frames: number of frames in the labels.
    digits: number of digits in the file names.
    suffixes: suffixes of frames; other files are ignored.
  Raises:
    ClipError: the folder is missing, or has another number of frames or a gap.
  """
  if not folder.is_dir():
    raise ClipError("no frames", f"{folder}: no such folder, but the clip has labels.")
  # A copy made on a Mac has ._000001.jpg next to each file.
  try:
    paths = sorted(
      path
      for path in folder.iterdir()
      if path.suffix.lower() in suffixes and not path.name.startswith(".")
    )
  except OSError as error:
    raise ClipError("no frames", f"{folder}: cannot be listed ({error.strerror}).") from error
  if len(paths) != num_frames:
    raise ClipError(
      "frames and labels disagree",
      f"{folder}: {len(paths)} frames ({suffixes[0]}), but the labels have {num_frames}.",
    )
  for number, path in enumerate(paths, start=1):
    if path.stem != f"{number:0{digits}d}":
      raise ClipError(
        "frames and labels disagree",
        f"{folder}: expected {number:0{digits}d}{suffixes[0]}, but found {path.name}.",
      )
  return paths


def read_frames(
  paths: Sequence[pathlib.Path], strict: bool = False
) -> Tuple[List[Frame], Tuple[int, int]]:
  """Reads a clip's frames, JPEG or PNG; those that are upright are not encoded again.

  Args:
    paths: files of the N frames, at least one.
    strict: whether a damaged frame raises its ClipError.
  Returns:
    N encoded frames, each replaced by its ClipError if it is damaged, and their common
    (height, width).
  Raises:
    ClipError: no file can be decoded completely, or one has another size.
  """
  frames: List[Frame] = []
  size: Optional[Tuple[int, int]] = None
  for path in paths:
    try:
      data, own_size = read_picture(path)
    except ClipError as error:
      if strict:
        raise
      frames.append(error)
      continue
    size = size or own_size
    frames.append(data)
    if own_size != size:
      raise ClipError(
        "frames of several sizes",
        f"{path}: {own_size[0]}x{own_size[1]}, but the clip's first frame is "
        f"{size[0]}x{size[1]} (height x width).",
      )
  if size is None:
    raise next(frame for frame in frames if isinstance(frame, ClipError))
  return frames, size
