"""Smoothing of joints by the One-Euro filter.

G. Casiez, N. Roussel, D. Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy
Input in Interactive Systems", CHI 2012. The package OneEuroFilter filters one number at a time
and ignores time 0. This filter takes arrays, missing values, and a separate time for each value.
"""

import dataclasses
from typing import Optional, Union

import numpy as np

from ppn_tf.keypoints.poses import Pose

MIN_CUTOFF = 1.0  # Hz
BETA = 50.0  # Hz per body per second
DERIVATIVE_CUTOFF = 1.0  # Hz


class OneEuroFilter:
  """Low-pass filter of many values, stronger for values that move slowly.

  With the time T since the last sample of a value,

    a(f) = 1 / (1 + 1 / (2 pi f T))
    dx_t = a(f_d) (x_t - y_{t-1}) / T + (1 - a(f_d)) dx_{t-1}
    f_t  = min_cutoff + beta |dx_t|
    y_t  = a(f_t) x_t + (1 - a(f_t)) y_{t-1}

  and y = x, dx = 0 at the first sample of a value.
  """

  def __init__(
    self,
    min_cutoff: float = MIN_CUTOFF,
    beta: float = BETA,
    derivative_cutoff: float = DERIVATIVE_CUTOFF,
  ):
    """Creates a filter.

    Args:
      min_cutoff: cutoff of a value at rest, in Hz; lower means less jitter.
      beta: speed coefficient in Hz per unit per second; higher means less lag.
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
      values: array of any shape, the same in every call.
      time: seconds; values not later than their last sample are returned unfiltered.
      unit: unit of length in which `beta` measures speeds.
      valid: bool, broadcast to the shape of `values`; invalid values are returned unfiltered and
        do not count as samples.
    Returns:
      float64 of the shape of `values`.
    """
    values = np.asarray(values, np.float64)
    valid = np.isfinite(values) if valid is None else np.isfinite(values) & valid
    if self._values is None or self._values.shape != values.shape:
      self._values = np.full(values.shape, np.nan)
      self._speeds = np.zeros(values.shape)
      self._times = np.full(values.shape, np.nan)
    # NaN, the time of a value without samples, compares as false.
    later = valid & (time > self._times)
    period = np.where(later, time - self._times, 1.0)
    previous = np.where(later, self._values, values)
    share = _share(np.float64(self.derivative_cutoff), period)
    speeds = share * (np.where(valid, values, previous) - previous) / period
    speeds = np.where(later, speeds + (1 - share) * self._speeds, 0.0)
    share = _share(self.min_cutoff + self.beta * np.abs(speeds) / unit, period)
    filtered = np.where(
      later, share * np.where(valid, values, previous) + (1 - share) * previous, values
    )
    self._values = np.where(valid, filtered, self._values)
    self._speeds = np.where(valid, speeds, self._speeds)
    self._times = np.where(valid, time, self._times)
    return filtered


class PoseSmoother:
  """Smooths the joints of one person.

  Speeds are measured in bodies per second, where a body is the longer side of the box, so that
  the parameters fit every resolution and distance. Joints below `min_score` are not smoothed.
  The filter is reset when the person is lost. Scores and boxes do not change.
  """

  def __init__(self, min_cutoff: float = MIN_CUTOFF, beta: float = BETA, min_score: float = 0.2):
    """Creates a smoother.

    Args:
      min_cutoff: see `OneEuroFilter`.
      beta: see `OneEuroFilter`, in Hz per body per second.
      min_score: lowest score of a joint that is smoothed.
    """
    self._filter = OneEuroFilter(min_cutoff, beta)
    self._min_score = min_score

  def __call__(self, pose: Pose, time: float) -> Pose:
    """Returns the next pose, at `time` seconds, with smoothed keypoints."""
    if not pose.found or pose.restarted:
      self._filter.reset()
    if not pose.found:
      return pose
    x1, y1, x2, y2 = pose.box
    valid = (pose.scores >= self._min_score)[:, None]
    smooth = self._filter(pose.keypoints, time, max(x2 - x1, y2 - y1, 1.0), valid)
    return dataclasses.replace(pose, keypoints=smooth.astype(np.float32))


def _share(cutoff: Union[np.ndarray, np.float64], period: np.ndarray) -> np.ndarray:
  """Returns a(f), the weight of a new sample."""
  return 1.0 / (1.0 + 1.0 / (2 * np.pi * cutoff * period))
