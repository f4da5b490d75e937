"""Detection of cuts between the shots of a video."""

from typing import Optional

import cv2
import numpy as np

from ppn_tf.inference.frame_times import PERIOD, newest_share

THUMBNAIL = 32  # side in pixels
COLORS = 8  # histogram bins per channel
CHANGED = 16  # least change of a pixel, in levels of 255
MIN_CHANGED = 0.6  # share of changed pixels
MIN_RECOLORED = 0.2  # share of pixels in other histogram bins
RATIO = 3.0  # change at a cut over the usual change
LAG = 7 / 90  # seconds by which the usual change lags; 0.3 for the newest of 30 frames per second


class CutDetector:
  """Detects the first frame of each new shot.

  A cut changes most pixels of a 32 x 32 thumbnail, changes its coarse color histogram, and
  changes the thumbnail much more than the preceding frames do. Fast motion, in contrast, keeps
  the colors and covers a part of the frame; a pan, a zoom and a shaking camera change every frame.
  """

  def __init__(self) -> None:
    self.reset()

  def reset(self) -> None:
    """Makes the next frame the first of a video."""
    self._thumbnail: Optional[np.ndarray] = None
    self._histogram: Optional[np.ndarray] = None
    self._usual = 0.0  # running mean change, in levels of 255

  def is_cut(self, frame: np.ndarray, period: float = PERIOD) -> bool:
    """Returns whether a shot begins with the next frame of a video.

    Args:
      frame: [H, W, 3] uint8 RGB.
      period: seconds since the preceding frame.
    """
    thumbnail = make_thumbnail(frame)
    bins = [COLORS] * 3
    histogram = cv2.calcHist([thumbnail], [0, 1, 2], None, bins, [0, 256] * 3).ravel()
    previous, previous_histogram = self._thumbnail, self._histogram
    self._thumbnail, self._histogram = thumbnail, histogram
    if previous is None or previous_histogram is None:
      return False
    difference = cv2.absdiff(thumbnail, previous)
    change = float(difference.mean())
    cut = (
      change >= RATIO * self._usual
      and float((difference.max(axis=-1) > CHANGED).mean()) >= MIN_CHANGED
      and float(np.abs(histogram - previous_histogram).sum()) / (2 * THUMBNAIL**2) >= MIN_RECOLORED
    )
    # A cut says nothing about the motion of the next shot.
    self._usual = 0.0 if cut else self._usual + newest_share(period, LAG) * (change - self._usual)
    return cut


def make_thumbnail(frame: np.ndarray) -> np.ndarray:
  """Returns the averages of a frame [H, W, 3], [32, 32, 3] uint8; skips pixels of large frames."""
  every = max(1, min(frame.shape[:2]) // (4 * THUMBNAIL))
  sparse = np.ascontiguousarray(frame[::every, ::every])
  return cv2.resize(sparse, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
