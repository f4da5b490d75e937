"""The frames of a clip: encoded, in order, and checked."""

import io
import pathlib
from typing import List, Tuple

from PIL import Image

from data.account import ClipError


def list_frames(folder: pathlib.Path, num_frames: int) -> List[pathlib.Path]:
  """Paths of 000001.jpg, 000002.jpg ... of a clip's folder.

  Args:
    num_frames: what the clip's labels say.
  Raises:
    ClipError: no such folder, another number of frames, or a gap in them.
  """
  clip = folder.name
  if not folder.is_dir():
    raise ClipError(clip, "no frames", f"{folder}: no such folder, but the clip has labels.")
  # A copy made on a Mac has ._000001.jpg beside each file.
  try:
    paths = sorted(
      path
      for path in folder.iterdir()
      if path.suffix.lower() in (".jpg", ".jpeg") and not path.name.startswith(".")
    )
  except OSError as error:
    raise ClipError(clip, "no frames", f"{folder}: cannot be listed ({error.strerror}).") from error
  if len(paths) != num_frames:
    raise ClipError(
      clip,
      "frames and labels disagree",
      f"{folder}: {len(paths)} frames (.jpg), but the labels have {num_frames}.",
    )
  for number, path in enumerate(paths, start=1):
    if path.stem != f"{number:06d}":
      raise ClipError(
        clip,
        "frames and labels disagree",
        f"{folder}: {number:06d}.jpg expected, found {path.name}.",
      )
  return paths


def read_frames(paths: List[pathlib.Path]) -> Tuple[List[bytes], Tuple[int, int]]:
  """Reads a clip's frames without re-encoding them.

  Returns:
    The N files' bytes, and their one (height, width).
  Raises:
    ClipError: a file cannot be decoded to its end, or is of another size.
  """
  encoded, sizes = [], []
  for path in paths:
    data, size = _read_frame(path)
    encoded.append(data)
    sizes.append(size)
    if size != sizes[0]:
      raise ClipError(
        path.parent.name,
        "frames of several sizes",
        f"{path}: {size[0]}x{size[1]}, but the clip's first frame is "
        f"{sizes[0][0]}x{sizes[0][1]} (height x width).",
      )
  return encoded, sizes[0]


def _read_frame(path: pathlib.Path) -> Tuple[bytes, Tuple[int, int]]:
  try:
    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
      if image.format != "JPEG" or image.mode not in ("RGB", "L"):
        raise ValueError(f"{image.format} image of mode {image.mode}, expected a colour JPEG")
      width, height = image.size
      # Scaled decoding still walks the whole stream, in a fraction of the time.
      image.draft("RGB", (max(width // 8, 1), max(height // 8, 1)))
      image.load()
  except Exception as error:  # Pillow raises whatever the bytes lead it to
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    raise ClipError(
      path.parent.name, "unreadable frame", f"{path}: cannot be decoded ({reason})."
    ) from error
  return data, (height, width)
