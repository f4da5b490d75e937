"""Encodes pictures for the page: bytes, alt text and data URI."""

import base64
import dataclasses
import io
from typing import Optional

import numpy as np
from PIL import Image


@dataclasses.dataclass(frozen=True)
class Picture:
  """Holds an encoded image that is embedded in the page.

  Attributes:
    data: encoded file.
    mime: media type, e.g. "image/jpeg".
    alt: alternative text for readers who cannot see it.
    width: in pixels.
    height: in pixels.
    dark: the picture for a dark page, in the same encoding; None for `data`.
  """

  data: bytes
  mime: str
  alt: str
  width: int
  height: int
  dark: Optional[bytes] = None

  @property
  def uri(self) -> str:
    return _data_uri(self.data, self.mime)

  @property
  def dark_uri(self) -> Optional[str]:
    return None if self.dark is None else _data_uri(self.dark, self.mime)


def _data_uri(data: bytes, mime: str) -> str:
  return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def jpeg(pixels: np.ndarray, alt: str, quality: int = 86) -> Picture:
  """Encodes [H, W, 3] uint8 RGB pixels as a JPEG picture."""
  buffer = io.BytesIO()
  # Chroma subsampling would blur thin colored lines.
  Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True)
  height, width = pixels.shape[:2]
  return Picture(buffer.getvalue(), "image/jpeg", alt, width, height)


def tiled(frames: np.ndarray, columns: int, gap: int = 4) -> np.ndarray:
  """Arranges frames in rows, left to right and top to bottom.

  Args:
    frames: [N, H, W, 3] uint8.
    columns: number of frames in a row; N or more gives one row.
    gap: number of gray pixels between frames; gray suits light and dark pages.
  Returns:
    [rows * (H + gap) - gap, columns * (W + gap) - gap, 3] uint8.
  """
  count, height, width, _ = frames.shape
  columns = min(columns, count)
  rows = -(-count // columns)
  shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, 3)
  sheet = np.full(shape, 128, np.uint8)
  for index, frame in enumerate(frames):
    top, left = index // columns * (height + gap), index % columns * (width + gap)
    sheet[top : top + height, left : left + width] = frame
  return sheet
