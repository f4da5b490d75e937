"""Encoded frames of a clip, in order and checked."""

import io
import pathlib
from typing import List, Sequence, Tuple

from PIL import Image

from .account import ClipError
from .mat_files import first_line


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


def read_frames(paths: Sequence[pathlib.Path]) -> Tuple[List[bytes], Tuple[int, int]]:
  """Reads a clip's frames, JPEG or PNG, without re-encoding them.

  Returns:
    Contents of the N files, and their common (height, width).
  Raises:
    ClipError: a file cannot be decoded completely, or has another size.
  """
  encoded, sizes = [], []
  for path in paths:
    data, size = _read_frame(path)
    encoded.append(data)
    sizes.append(size)
    if size != sizes[0]:
      raise ClipError(
        "frames of several sizes",
        f"{path}: {size[0]}x{size[1]}, but the clip's first frame is "
        f"{sizes[0][0]}x{sizes[0][1]} (height x width).",
      )
  return encoded, sizes[0]


def _read_frame(path: pathlib.Path) -> Tuple[bytes, Tuple[int, int]]:
  try:
    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
      # TensorFlow reads every kind of PNG as RGB.
      if image.format != "PNG" and (image.format != "JPEG" or image.mode not in ("RGB", "L")):
        raise ValueError(f"a {image.mode} {image.format}, expected a color JPEG or PNG")
      width, height = image.size
      # Scaled decoding still reads the whole stream, in a fraction of the time.
      image.draft("RGB", (max(width // 8, 1), max(height // 8, 1)))
      image.load()
  except Exception as error:  # Pillow raises many kinds for invalid bytes
    raise ClipError(
      "unreadable frame", f"{path}: cannot be decoded ({first_line(error)})."
    ) from error
  return data, (height, width)
