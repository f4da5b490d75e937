"""Orientation of stored pictures, as their EXIF tag or display matrix states it."""

import io
import struct
import warnings
from typing import Any, NamedTuple, Optional

import numpy as np
from PIL import ExifTags, Image


class Orientation(NamedTuple):
  """How a stored picture is turned upright: first transposed, then flipped.

  Attributes:
    transpose: whether rows become columns.
    flip_rows: whether the bottom row becomes the top row.
    flip_columns: whether the right column becomes the left column.
  """

  transpose: bool = False
  flip_rows: bool = False
  flip_columns: bool = False

  def apply(self, image: np.ndarray) -> np.ndarray:
    """Returns an image [H, W, 3] upright, C-contiguous."""
    if self.transpose:
      image = image.transpose(1, 0, 2)
    image = image[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]
    return np.ascontiguousarray(image)


UPRIGHT = Orientation()
# By the value of EXIF's Orientation, https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf, 4.6.4.
_BY_EXIF = {
  2: Orientation(False, False, True),
  3: Orientation(False, True, True),
  4: Orientation(False, True, False),
  5: Orientation(True, False, False),
  6: Orientation(True, False, True),
  7: Orientation(True, True, True),
  8: Orientation(True, True, False),
}

# EXIF's value by PyAV's counterclockwise rotation in degrees, which does not tell flips.
_BY_ROTATION = {-180: 3, -90: 6, 90: 8, 180: 3}


def exif_orientation(exif: Optional[bytes]) -> Orientation:
  """Returns the orientation in EXIF data; upright without a valid one."""
  tags = Image.Exif()
  if not exif:
    return UPRIGHT
  try:
    with warnings.catch_warnings():
      warnings.simplefilter("ignore")
      tags.load(exif)
  except Exception:  # Pillow raises many kinds for invalid bytes
    return UPRIGHT
  return _BY_EXIF.get(int(tags.get(ExifTags.Base.Orientation, 1)), UPRIGHT)


def matrix_orientation(matrix: bytes) -> Orientation:
  """Returns the orientation in FFmpeg's display matrix.

  The matrix [[a, b, u], [c, d, v], [x, y, w]] maps a stored pixel (p, q) to (a p + c q, b p + d q).
  Only flips and rotations by multiples of 90 degrees are supported.
  """
  a, b, _, c, d = struct.unpack("=5i", matrix[:20])
  transpose = abs(b) > abs(a)
  if transpose:
    a, d = c, b
  return Orientation(transpose, flip_rows=d < 0, flip_columns=a < 0)


class FrameOrientation:
  """Orientation of decoded frames.

  PyAV's `side_data` and its frame refer to each other, so that only the garbage collector frees
  both. It is therefore read again only if the rotation changes.
  """

  def __init__(self) -> None:
    self._rotation: Optional[int] = None
    self._orientation = UPRIGHT

  def get(self, frame: Any, packet: Any) -> Orientation:
    """Returns the orientation of a frame.

    Args:
      frame: PyAV's frame.
      packet: packet of the frame, if it may hold EXIF data; else None.
    """
    if packet is not None:
      orientation = _packet_orientation(bytes(packet))
      if orientation is not UPRIGHT:
        return orientation
    if frame.rotation != self._rotation:
      self._rotation, self._orientation = frame.rotation, _side_data_orientation(frame)
    return self._orientation


def _packet_orientation(data: bytes) -> Orientation:
  try:
    with Image.open(io.BytesIO(data)) as image:
      return exif_orientation(image.info.get("exif"))
  except Exception:  # no picture that Pillow can read
    return UPRIGHT


def _side_data_orientation(frame: Any) -> Orientation:
  try:
    matrix = frame.side_data.get("DISPLAYMATRIX")
  except ValueError:  # the frame also has side data that PyAV has no name for
    return _BY_EXIF.get(_BY_ROTATION.get(frame.rotation, 1), UPRIGHT)
  return UPRIGHT if matrix is None else matrix_orientation(bytes(matrix))
