"""Pictures as records hold them: complete, upright, and of a bounded size."""

import contextlib
import io
import pathlib
import warnings
from typing import Iterator, Optional, Tuple

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ppn_tf.runtime.errors import first_line

from .account import ClipError

JPEG_QUALITY = 95

# Larger pictures are refused before they are decoded: a PNG of 1 MB may hold 1 GB of pixels.
MAX_PIXELS = 89_478_485  # Pillow's MAX_IMAGE_PIXELS, 256 MB of RGB

# EXIF's tag, and the way back from each of its values; 1 is upright.
_ORIENTATION = 0x0112
_UPRIGHT = {
  2: Image.Transpose.FLIP_LEFT_RIGHT,
  3: Image.Transpose.ROTATE_180,
  4: Image.Transpose.FLIP_TOP_BOTTOM,
  5: Image.Transpose.TRANSPOSE,
  6: Image.Transpose.ROTATE_270,
  7: Image.Transpose.TRANSVERSE,
  8: Image.Transpose.ROTATE_90,
}


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
      upright = _find_transpose(image)
      if is_jpeg and upright is None:
        # Scaled decoding still reads the whole stream, in a fraction of the time.
        image.draft("RGB", (max(width // 8, 1), max(height // 8, 1)))
      image.load()
      # EXIF may follow the pixels of a PNG.
      upright = _find_transpose(image)
      if upright is None:
        return data, (height, width)
      turned = image.transpose(upright)
      return TurnedPicture(_encode(turned, is_jpeg)), (turned.height, turned.width)


def read_pixels(path: pathlib.Path) -> np.ndarray:
  """Reads any image as [H, W, 3] uint8 RGB, upright.

  Raises:
    ClipError: the file cannot be decoded, or has more than MAX_PIXELS.
  """
  with _explain(path):
    data = path.read_bytes()
    with _open(path, data):
      pass
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
      raise ValueError("damaged")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def check_pixels(path: pathlib.Path, width: int, height: int) -> None:
  """Raises ClipError if a picture has more than MAX_PIXELS."""
  if width * height > MAX_PIXELS:
    raise ClipError(
      "too many pixels",
      f"{path}: {width}x{height} pixels (width x height), more than {MAX_PIXELS:,}. "
      "Make it smaller.",
    )


def encode_jpeg(image: np.ndarray) -> bytes:
  """Encodes an image [H, W, 3] uint8 RGB with JPEG_QUALITY."""
  _, encoded = cv2.imencode(
    ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
  )
  return encoded.tobytes()


@contextlib.contextmanager
def _explain(path: pathlib.Path) -> Iterator[None]:
  try:
    yield
  except ClipError:
    raise
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
        "too many pixels", f"{path}: more than {MAX_PIXELS:,} pixels. Make it smaller."
      ) from error
  with image:
    check_pixels(path, *image.size)
    yield image


def _find_transpose(image: Image.Image) -> Optional[Image.Transpose]:
  """Returns the transposition that makes a picture upright; None if it is, or EXIF is invalid."""
  exif = Image.Exif()
  with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
      exif.load(image.info.get("exif", b""))
      return _UPRIGHT.get(exif.get(_ORIENTATION, 1))
    except Exception:  # Pillow raises many kinds for invalid bytes
      return None


def _encode(image: Image.Image, as_jpeg: bool) -> bytes:
  if as_jpeg:
    return encode_jpeg(np.asarray(image.convert("RGB")))
  buffer = io.BytesIO()
  image.save(buffer, "PNG", exif=b"")
  return buffer.getvalue()
