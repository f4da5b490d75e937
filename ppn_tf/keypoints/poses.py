"""Pose of a person in one frame, and similarity of two poses."""

import dataclasses
from typing import Tuple

import numpy as np

from ppn_tf.keypoints.joint_names import flip_order

# Spread of the annotations of a joint over the size of the person: mean of 2 * sigma in COCO.
OKS_SPREAD = 0.12


@dataclasses.dataclass(frozen=True)
class Pose:
  """Pose of a person in one frame.

  Attributes:
    keypoints: [K, 2] float32, (x, y) in frame pixels.
    scores: [K] float32, 0..1.
    joint_names: K names.
    box: (x1, y1, x2, y2) in frame pixels, whose crop was the input of the network.
    restarted: whether a search restarted the recurrence in this frame.
    found: whether the person is in the frame; otherwise the joints are guesses with low scores.
  """

  keypoints: np.ndarray
  scores: np.ndarray
  joint_names: Tuple[str, ...]
  box: Tuple[float, float, float, float]
  restarted: bool = False
  found: bool = True

  @property
  def confidence(self) -> float:
    """Returns the mean score of the joints, 0..1."""
    return float(self.scores.mean())

  def copy(self) -> "Pose":
    """Returns a pose with arrays of its own."""
    return dataclasses.replace(self, keypoints=self.keypoints.copy(), scores=self.scores.copy())


@dataclasses.dataclass(frozen=True)
class Person:
  """Tracked person in one frame.

  Attributes:
    track_id: number of the person, from 1 on, the same in all frames.
    pose: pose of the person.
  """

  track_id: int
  pose: Pose


def similarity(first: Pose, second: Pose, min_score: float) -> float:
  """Returns the object keypoint similarity of two poses, 0..1.

  It is the mean of exp(-d^2 / (2 s^2 k^2)) over the joints present in both poses, with the
  distance d of a joint, the mean area s^2 of the extents of the poses, and k = OKS_SPREAD. A
  network may swap left and right, so the result is the larger of the similarities to `second`
  and to its mirror image.

  Args:
    first: first pose.
    second: second pose, of the same joints.
    min_score: lowest score of a joint that counts as present.
  Returns:
    0 if fewer than three joints are present in both.
  """
  area = (_area(first, min_score) + _area(second, min_score)) / 2
  best = 0.0
  for order in (list(range(len(first.joint_names))), flip_order(first.joint_names)):
    common = (first.scores >= min_score) & (second.scores[order] >= min_score)
    if common.sum() >= 3 and area > 0:
      squared = np.square(first.keypoints - second.keypoints[order]).sum(axis=1)[common]
      best = max(best, float(np.exp(-squared / (2 * area * OKS_SPREAD**2)).mean()))
  return best


def _area(pose: Pose, min_score: float) -> float:
  keypoints = pose.keypoints[pose.scores >= min_score]
  return float(np.prod(np.ptp(keypoints, axis=0))) if len(keypoints) else 0.0
