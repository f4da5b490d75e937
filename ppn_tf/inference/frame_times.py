"""Times of frames, and running means that lag by the same time at every frame rate."""

import math
from typing import Optional

from ppn_tf.runtime.errors import InputError

PERIOD = 1 / 30  # seconds from one frame to the next, where no times are given


class Clock:
  """Clock of a video, read frame by frame."""

  def __init__(self) -> None:
    """Starts a video."""
    self._time: Optional[float] = None

  def tick(self, time: Optional[float] = None) -> float:
    """Returns the seconds since the preceding frame; PERIOD for a first frame.

    Args:
      time: time of the next frame in seconds; by default PERIOD after the preceding frame. A
        time that is not later, as after a jump of timestamps, counts as PERIOD later, too.
    Raises:
      InputError: the time is not finite.
    """
    if time is not None and not math.isfinite(time):
      raise InputError(f"time={time}: not a time. Give finite seconds, or none.")
    previous = self._time
    if time is None:
      self._time = None if previous is None else previous + PERIOD
      return PERIOD
    self._time = time
    return time - previous if previous is not None and time > previous else PERIOD


def newest_share(period: float, lag: float) -> float:
  """Returns the weight T / (T + lag) of the newest sample in a running mean.

  The mean of a value that moves evenly lags behind it by `lag`, whatever the period.

  Args:
    period: T, seconds since the preceding sample.
    lag: seconds, at least 0.
  """
  return period / (period + lag)


def frames_between_refreshes(refresh_after: float) -> int:
  """Returns N if HeadNet refreshes every N-th frame of a video whose frames are PERIOD apart.

  Args:
    refresh_after: seconds since HeadNet's last look; 0: never.
  """
  return math.ceil(refresh_after / PERIOD)


def is_over(elapsed: float, limit: float, period: float) -> bool:
  """Returns whether this frame is the one nearest to the end of a time limit, or a later one.

  Args:
    elapsed: seconds up to this frame; 0 is never over.
    limit: seconds.
    period: seconds since the preceding frame.
  """
  return elapsed > 0 and elapsed + period / 2 >= limit
