"""Frames that are image files: folders of them, and single photos."""

import contextlib
import fractions
import io
import os
import pathlib
import re
from typing import Any, Generator, Iterator, List, Optional, Union

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.containers import check_size
from ppn_tf.tracking.video.frame import Frame
from ppn_tf.tracking.video.orientation import exif_orientation

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
# Unlike Image.open, the first two read the size of a picture whatever it is.
_READERS = (JpegImagePlugin.JpegImageFile, PngImagePlugin.PngImageFile, Image.open)


class ImageFolder:
  """Folder of jpg and png files, read in the order of their names as one video.

  A single image file is a video of one frame.

  Attributes: those of `VideoFile`, and
    files: the image files.
  """

  def __init__(self, path: Union[str, os.PathLike], fps: float = 30.0, strict: bool = False):
    """Lists the files; takes the arguments of `open_video`.

    Raises:
      InputError: the folder has no images.
    """
    self.path = pathlib.Path(path)
    self.fps = float(fps)
    self.time_base = 1 / fractions.Fraction(fps).limit_denominator(1001)
    self.strict = strict
    self.damaged = 0
    self.files = [self.path] if self.path.is_file() else list_images(self.path)
    self.num_frames: Optional[int] = len(self.files)
    if not self.files:
      raise InputError(
        f"{self.path}: no .jpg or .png file in this folder. Give a folder of frames."
      )

  def __iter__(self) -> Iterator[Frame]:
    return self.frames()

  def frames(self, start: float = 0.0) -> Generator[Frame, None, None]:
    """Yields the frames from `start` seconds on.

    Raises:
      InputError: the sizes of the images differ, one is too large, or no image can be read.
    """
    self.damaged = 0
    shape = None
    for index, file in enumerate(self.files):
      if index / self.fps < start - 1e-9:
        continue
      image = read_image(file)
      if image is None:
        self.damaged += 1
        if self.strict:
          raise InputError(f"{file}: damaged image. Remove it, or read without strict.")
        continue
      shape = shape or image.shape
      if image.shape != shape:
        raise InputError(
          f"{file}: {image.shape[1]}x{image.shape[0]} pixels, unlike the images before it with "
          f"{shape[1]}x{shape[0]}. Give a folder with the frames of one video."
        )
      yield Frame(image, index / self.fps, file.name, index)
    if shape is None and not start:
      raise InputError(f"{self.path}: no image here can be read. Check the files.")


def list_images(folder: pathlib.Path) -> List[pathlib.Path]:
  """Lists a folder's images in natural order, without hidden files."""
  images = [file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES]
  return sorted((file for file in images if not file.name.startswith(".")), key=natural_order)


def natural_order(file: pathlib.Path) -> List[Any]:
  """Returns a sort key that puts 2.png before 10.png."""
  parts = re.split(r"(\d+)", file.name.lower())
  return [int(part) if index % 2 else part for index, part in enumerate(parts)]


def read_image(file: pathlib.Path) -> Optional[np.ndarray]:
  """Returns an image file upright as [H, W, 3] uint8 RGB; None if it cannot be read.

  Raises:
    InputError: the image has more than `containers.MAX_PIXELS`.
  """
  try:
    data = file.read_bytes()
  except OSError:
    return None
  header = _read_header(data)
  if header is None:
    return None
  check_size(header.width, header.height, str(file))
  flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
  image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
  if image is None:
    return None
  if "exif" not in header.info and b"eXIf" in data:  # it may follow the pixels of a PNG
    with contextlib.suppress(Exception):  # Pillow raises many kinds for invalid bytes
      header.load()
  orientation = exif_orientation(header.info.get("exif"))
  return orientation.apply(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def is_animated_webp(file: pathlib.Path) -> bool:
  """Returns whether a file is a WebP of several pictures, which FFmpeg does not decode."""
  if not file.is_file():
    return False
  with file.open("rb") as opened:
    head = opened.read(21)
  is_extended = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X"
  return is_extended and len(head) == 21 and bool(head[20] & 0x02)


def _read_header(data: bytes) -> Any:
  """Returns a picture of Pillow that has read nothing but its header; None if it cannot."""
  for reader in _READERS:
    try:
      return reader(io.BytesIO(data))
    except Exception:  # Pillow raises many kinds for invalid bytes
      continue
  return None
