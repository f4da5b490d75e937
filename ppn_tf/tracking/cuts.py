"""Where one shot of a video ends and another begins."""

from typing import Optional

import cv2
import numpy as np

THUMBNAIL = 32  # pixels a side
COLOURS = 8  # bins a channel
CHANGED = 16  # levels of a colour, of 255
MIN_CHANGED = 0.6  # share of the thumbnail
MIN_RECOLOURED = 0.2  # share of the thumbnail
RATIO = 3.0
MEMORY = 0.7


class CutDetector:
  """Tells from each frame whether it is the first of a new shot.

  A cut changes most places of a 32 x 32 thumbnail, changes its colours (by how many
  pixels their coarse histograms differ), and does so far more than the frames before
  it. Fast motion moves colours about and keeps them, in a part of the picture; a pan,
  a zoom and a shaking camera change it in every frame.
  """

  def __init__(self) -> None:
    self.reset()

  def reset(self) -> None:
    """The next frame is a video's first."""
    self._thumbnail: Optional[np.ndarray] = None
    self._histogram: Optional[np.ndarray] = None
    self._usual = 0.0  # recent frames' mean change, in levels of a colour

  def is_cut(self, frame: np.ndarray) -> bool:
    """Whether a shot begins with this frame, [H, W, 3] uint8 RGB, that follows the one before."""
    thumbnail = _thumbnail(frame)
    bins = [COLOURS] * 3
    histogram = cv2.calcHist([thumbnail], [0, 1, 2], None, bins, [0, 256] * 3).ravel()
    before, colours = self._thumbnail, self._histogram
    self._thumbnail, self._histogram = thumbnail, histogram
    if before is None or colours is None:
      return False
    difference = cv2.absdiff(thumbnail, before)
    change = float(difference.mean())
    cut = (
      change >= RATIO * self._usual
      and float((difference.max(axis=-1) > CHANGED).mean()) >= MIN_CHANGED
      and float(np.abs(histogram - colours).sum()) / (2 * THUMBNAIL**2) >= MIN_RECOLOURED
    )
    # A cut says nothing of how the next shot moves.
    self._usual = 0.0 if cut else MEMORY * self._usual + (1 - MEMORY) * change
    return cut


def _thumbnail(frame: np.ndarray) -> np.ndarray:
  """[32, 32, 3] uint8; of a large frame every few pixels are enough."""
  every = max(1, min(frame.shape[:2]) // (4 * THUMBNAIL))
  sparse = np.ascontiguousarray(frame[::every, ::every])
  return cv2.resize(sparse, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
