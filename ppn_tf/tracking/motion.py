"""Motion of a person in the frame, also while nobody sees them."""

from typing import Tuple

import numpy as np

from ppn_tf.inference.frame_times import newest_share
from ppn_tf.keypoints.frame_crops import BOX_SCALE
from ppn_tf.keypoints.poses import Pose

# Seconds by which the speed lags, and the height where it falls, because people crouch.
_SPEED_LAG, _HEIGHT_LAG = 0.1, 2.0
# A person may be this far from where the motion leads, in heights of the person: at once, and
# more for each second. Runners and falling people are about that fast.
_REACH, _REACH_PER_SECOND = 0.5, 3.5
_SCALE = 3.0  # ratio of the heights of one person in two poses, at most


class Motion:
  """Place, speed and height of a person in frame pixels.

  Attributes:
    unseen_for: seconds since the person was last seen.
  """

  def __init__(self, pose: Pose, min_score: float):
    """Starts at rest.

    Args:
      pose: first pose.
      min_score: lowest score of a joint that counts.
    """
    self._min_score = min_score
    self.unseen_for = 0.0
    self._place, self._height = self._measure(pose)
    self._speed = np.zeros(2)

  def see(self, pose: Pose, period: float) -> None:
    """Takes the next pose, `period` seconds after the preceding frame."""
    place, height = self._measure(pose)
    elapsed = self.unseen_for + period
    share = newest_share(elapsed, _SPEED_LAG)
    self._speed = self._speed + share * ((place - self._place) / elapsed - self._speed)
    self._height += newest_share(elapsed, _HEIGHT_LAG) * (height - self._height)
    self._height = max(self._height, height)
    self._place, self.unseen_for = place, 0.0

  def wait(self, period: float) -> None:
    """Lets `period` seconds pass without a pose."""
    self.unseen_for += period

  def box(self, frame: np.ndarray) -> np.ndarray:
    """Returns the box [4] to look at in a frame [H, W, 3].

    It does not grow with time: in a wide box, HeadNet prefers people nearby.
    """
    half = BOX_SCALE * self._height / 2
    place = np.clip(self._lead(), 0, [frame.shape[1] - 1, frame.shape[0] - 1])
    return np.concatenate([place - half, place + half]).astype(np.float32)

  def distance(self, pose: Pose) -> float:
    """Returns how far a pose is from where the motion leads; 1 is as far as the person gets."""
    place, height = self._measure(pose)
    if not 1 / _SCALE <= height / self._height <= _SCALE:
      return np.inf
    reach = self._height * (_REACH + _REACH_PER_SECOND * self.unseen_for)
    return float(np.linalg.norm(place - self._lead())) / reach

  def _lead(self) -> np.ndarray:
    """Returns the place [2] to which the motion leads."""
    return self._place + self._speed * self.unseen_for

  def _measure(self, pose: Pose) -> Tuple[np.ndarray, float]:
    """Returns the mean [2] of the joints that count, and the longer side of their extent."""
    keypoints = pose.keypoints[pose.scores >= self._min_score]
    if not len(keypoints):
      keypoints = pose.keypoints
    return keypoints.mean(axis=0), max(float(np.ptp(keypoints, axis=0).max()), 1.0)
