"""The pose of a person in one frame, and how alike two of them are."""

import dataclasses
from typing import Tuple

import numpy as np

# Joints of two annotators of one person lie about this part of the person's size apart, the
# mean of COCO's constants 2 * sigma.
OKS_SPREAD = 0.12


@dataclasses.dataclass(frozen=True)
class Pose:
  """The person in one frame.

  Attributes:
    keypoints: [K, 2] float32, (x, y) in frame pixels.
    scores: [K] float32, 0..1.
    joint_names: K names.
    box: (x1, y1, x2, y2) in frame pixels, whose crop the network saw.
    restarted: the person had been lost, and was sought anew in this frame.
    found: the person is there; without, the joints are guesses of low scores.
  """

  keypoints: np.ndarray
  scores: np.ndarray
  joint_names: Tuple[str, ...]
  box: Tuple[float, float, float, float]
  restarted: bool = False
  found: bool = True

  @property
  def confidence(self) -> float:
    """The mean score of the joints, 0..1."""
    return float(self.scores.mean())


@dataclasses.dataclass(frozen=True)
class Person:
  """Someone in one frame.

  Attributes:
    track_id: a number from 1 on, the same in every frame.
    pose: where the person is.
  """

  track_id: int
  pose: Pose


def similarity(one: Pose, other: Pose, min_score: float) -> float:
  """How much two poses are one person's: object keypoint similarity, 0..1.

  The mean of exp(-d^2 / (2 s^2 k^2)) over the joints that both have, d the
  distance of the two places, s^2 the mean area of the poses' extents and k
  OKS_SPREAD. Left and right may have been mistaken, so the whole is also
  taken with `other` as it would be in a mirror, and the better one counts.

  Args:
    one: first pose.
    other: second pose, of the same joints.
    min_score: joints below do not count.
  Returns:
    0 where fewer than three joints can be compared.
  """
  names = one.joint_names
  mirrored = [names.index(name) for name in map(mirror_name, names)]
  area = (_area(one, min_score) + _area(other, min_score)) / 2
  best = 0.0
  for order in (list(range(len(names))), mirrored):
    both = (one.scores >= min_score) & (other.scores[order] >= min_score)
    if both.sum() >= 3 and area > 0:
      squared = np.square(one.keypoints - other.keypoints[order]).sum(axis=1)[both]
      best = max(best, float(np.exp(-squared / (2 * area * OKS_SPREAD**2)).mean()))
  return best


def mirror_name(name: str) -> str:
  """left_x for right_x and the reverse; other names stay."""
  if name.startswith("left_"):
    return "right_" + name[len("left_") :]
  if name.startswith("right_"):
    return "left_" + name[len("right_") :]
  return name


def _area(pose: Pose, min_score: float) -> float:
  seen = pose.keypoints[pose.scores >= min_score]
  return float(np.prod(seen.max(axis=0) - seen.min(axis=0))) if len(seen) else 0.0
