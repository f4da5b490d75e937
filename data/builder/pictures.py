"""Pictures as records hold them: complete, upright, and of a bounded size."""

import contextlib
import io
import pathlib
import warnings
from typing import Iterator, Tuple

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.tracking.video.containers import MAX_PIXELS, check_size
from ppn_tf.tracking.video.images import read_image
from ppn_tf.tracking.video.orientation import UPRIGHT, exif_orientation

from .account import ClipError

JPEG_QUALITY = 95


class TurnedPicture(bytes):
  """Encoded picture that differs from its file, because EXIF rotates or mirrors it."""


def read_picture(path: pathlib.Path) -> Tuple[bytes, Tuple[int, int]]:
  """Reads a JPEG or PNG as records hold it; labels are in the pixels of the upright picture.

  An upright picture keeps its bytes. One that EXIF rotates or mirrors is encoded again: a JPEG
  with JPEG_QUALITY, a PNG as a PNG.

  Returns:
    The encoded picture, a TurnedPicture in the latter case, and its (height, width).
  Raises:
    ClipError: the file cannot be decoded completely, or has more than MAX_PIXELS.
  """
  with _explain(path):
    data = path.read_bytes()
    with _open(path, data) as image:
      # The first picture of an MPO is an ordinary JPEG.
      is_jpeg = image.format in ("JPEG", "MPO")
      # TensorFlow reads every kind of PNG as RGB.
      if image.format != "PNG" and not (is_jpeg and image.mode in ("RGB", "L")):
        raise ValueError(f"a {image.mode} {image.format}, expected a color JPEG or PNG")
      width, height = image.size
      if is_jpeg:
        # Scaled decoding still reads the whole stream, in a fraction of the time.
        image.draft("RGB", (max(width // 8, 1), max(height // 8, 1)))
      image.load()
      # EXIF may follow the pixels of a PNG.
      if exif_orientation(image.info.get("exif")) is UPRIGHT:
        return data, (height, width)
    pixels = read_pixels(path)
    turned = TurnedPicture(_encode(pixels, ".jpg" if is_jpeg else ".png"))
    return turned, (pixels.shape[0], pixels.shape[1])


def read_pixels(path: pathlib.Path) -> np.ndarray:
  """Reads any image as [H, W, 3] uint8 RGB, upright.

  Raises:
    ClipError: the file cannot be decoded, or has more than MAX_PIXELS.
  """
  with _explain(path):
    image = read_image(path)
    if image is None:
      raise ValueError("damaged, or no picture of a known format")
    return image


def check_pixels(path: pathlib.Path, width: int, height: int) -> None:
  """Raises ClipError if a picture has more than MAX_PIXELS."""
  try:
    check_size(width, height, str(path))
  except InputError as error:
    raise ClipError("too many pixels", str(error)) from error


def encode_jpeg(image: np.ndarray) -> bytes:
  """Encodes an image [H, W, 3] uint8 RGB with JPEG_QUALITY."""
  return _encode(image, ".jpg")


def _encode(image: np.ndarray, suffix: str) -> bytes:
  options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix == ".jpg" else []
  _, encoded = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
  return encoded.tobytes()


@contextlib.contextmanager
def _explain(path: pathlib.Path) -> Iterator[None]:
  """Replaces errors by a ClipError that names the picture."""
  try:
    yield
  except ClipError:
    raise
  except InputError as error:  # of check_size
    raise ClipError("too many pixels", str(error)) from error
  except Exception as error:  # Pillow raises many kinds for invalid bytes
    unknown = isinstance(error, UnidentifiedImageError)
    reason = "no picture of a known format" if unknown else first_line(error)
    raise ClipError("unreadable frame", f"{path}: cannot be decoded ({reason}).") from error


@contextlib.contextmanager
def _open(path: pathlib.Path, data: bytes) -> Iterator[Image.Image]:
  """Opens a picture without decoding it, and checks its size."""
  with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of large pictures and damaged EXIF
    try:
      image = Image.open(io.BytesIO(data))
    except Image.DecompressionBombError as error:  # from twice as many pixels on
      raise ClipError(
        "too many pixels", f"{path}: more than {MAX_PIXELS:,} pixels. Scale it down."
      ) from error
  with image:
    check_pixels(path, *image.size)
    yield image
