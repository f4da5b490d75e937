"""Joints without their trembling: the One-Euro filter.

G. Casiez, N. Roussel, D. Vogel, "1 Euro Filter: A Simple Speed-based Low-pass
Filter for Noisy Input in Interactive Systems", CHI 2012. The package OneEuroFilter
takes one number at a time and takes time 0 for no time; this one takes
arrays, values that are missing, and each value's own time since the last.
"""

import dataclasses
from typing import Optional, Union

import numpy as np

from ppn_tf.keypoints.poses import Pose

MIN_CUTOFF = 1.0  # Hz
BETA = 50.0  # Hz per body a second
DERIVATIVE_CUTOFF = 1.0  # Hz


class OneEuroFilter:
  """Low-pass filters of many values, each stronger the slower its value moves.

  With T the time since a value's last sample,

    a(f) = 1 / (1 + 1 / (2 pi f T))
    dx_t = a(f_d) (x_t - y_{t-1}) / T + (1 - a(f_d)) dx_{t-1}
    f_t  = min_cutoff + beta |dx_t|
    y_t  = a(f_t) x_t + (1 - a(f_t)) y_{t-1}

  and y = x, dx = 0 at a value's first sample.
  """

  def __init__(
    self,
    min_cutoff: float = MIN_CUTOFF,
    beta: float = BETA,
    derivative_cutoff: float = DERIVATIVE_CUTOFF,
  ):
    """Creates a filter.

    Args:
      min_cutoff: Hz, what passes of a value at rest; less trembles less.
      beta: Hz per unit a second; more lags less.
      derivative_cutoff: f_d in Hz.
    """
    self.min_cutoff, self.beta = min_cutoff, beta
    self.derivative_cutoff = derivative_cutoff
    self.reset()

  def reset(self) -> None:
    """Forgets all samples."""
    self._values: Optional[np.ndarray] = None
    self._speeds = self._times = np.empty(0)

  def __call__(
    self,
    values: np.ndarray,
    time: float,
    unit: float = 1.0,
    valid: Optional[np.ndarray] = None,
  ) -> np.ndarray:
    """Filters one sample of all values.

    Args:
      values: any shape, the same in every call.
      time: seconds; what is not later than the last sample is given back as it is.
      unit: the values' length that `beta` counts speeds in.
      valid: bool, of a shape that broadcasts to the values'; others are given back as they
        are, and are not remembered.
    Returns:
      float64 of the values' shape.
    """
    values = np.asarray(values, np.float64)
    valid = np.isfinite(values) if valid is None else np.isfinite(values) & valid
    if self._values is None or self._values.shape != values.shape:
      self._values = np.full(values.shape, np.nan)
      self._speeds = np.zeros(values.shape)
      self._times = np.full(values.shape, np.nan)
    # A value without a past compares as false with it.
    later = valid & (time > self._times)
    period = np.where(later, time - self._times, 1.0)
    before = np.where(later, self._values, values)
    share = _share(np.float64(self.derivative_cutoff), period)
    speeds = share * (np.where(valid, values, before) - before) / period
    speeds = np.where(later, speeds + (1 - share) * self._speeds, 0.0)
    share = _share(self.min_cutoff + self.beta * np.abs(speeds) / unit, period)
    filtered = np.where(
      later, share * np.where(valid, values, before) + (1 - share) * before, values
    )
    self._values = np.where(valid, filtered, self._values)
    self._speeds = np.where(valid, speeds, self._speeds)
    self._times = np.where(valid, time, self._times)
    return filtered


class PoseSmoother:
  """Smooths the joints of one person; their scores and the crop stay as they are.

  Speeds are counted in bodies a second, a body being the longer side of the
  pose's box, so that the parameters fit every resolution and distance. Joints
  below `min_score` are given back as they are. Whoever is lost begins anew.
  """

  def __init__(self, min_cutoff: float = MIN_CUTOFF, beta: float = BETA, min_score: float = 0.2):
    """Creates a smoother; `min_cutoff` and `beta` are those of `OneEuroFilter`."""
    self._filter = OneEuroFilter(min_cutoff, beta)
    self._min_score = min_score

  def __call__(self, pose: Pose, time: float) -> Pose:
    """The pose at `time` seconds, smoothed by those before it."""
    if not pose.found or pose.restarted:
      self._filter.reset()
    if not pose.found:
      return pose
    x1, y1, x2, y2 = pose.box
    valid = (pose.scores >= self._min_score)[:, None]
    smooth = self._filter(pose.keypoints, time, max(x2 - x1, y2 - y1, 1.0), valid)
    return dataclasses.replace(pose, keypoints=smooth.astype(np.float32))


def _share(cutoff: Union[np.ndarray, np.float64], period: np.ndarray) -> np.ndarray:
  """a(f): the new sample's share."""
  return 1.0 / (1.0 + 1.0 / (2 * np.pi * cutoff * period))
