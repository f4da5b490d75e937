"""Chooses clips, frames and a joint to show, from the labels alone."""

import dataclasses
from typing import List

import numpy as np

from ppn_tf.keypoints.skeletons import Skeleton


@dataclasses.dataclass(frozen=True)
class Moment:
  """Describes a few consecutive frames with an interesting joint.

  Attributes:
    joint: index of the joint.
    first: index of the first frame.
    length: number of frames.
    interest: larger is more interesting; occluded joints are above 1.
    reason: reason for the choice, for the caption.
  """

  joint: int
  first: int
  length: int
  interest: float
  reason: str


def spread(available: int, count: int) -> List[int]:
  """Returns at most `count` indices, evenly spread over `available` items."""
  count = min(available, count)
  return [int((index + 0.5) * available / count) for index in range(count)]


def choose_moment(
  keypoints: np.ndarray,
  visibility: np.ndarray,
  boxes: np.ndarray,
  skeleton: Skeleton,
  length: int = 5,
) -> Moment:
  """Finds a joint that is temporarily occluded, or else the fastest wrist.

  The choice ignores predictions, so it favors no network.

  Args:
    keypoints: [T, K, 2] float, (x, y) pixels.
    visibility: [T, K] bool.
    boxes: [T, 4] float, (x1, y1, x2, y2) pixels.
    skeleton: joints, with the wrists in group "Wri".
    length: number of frames to show; a shorter clip is shown whole.
  Returns:
    The moment. Its interest is the joint's path in box lengths, plus 1 if the
    joint is occluded between frames in which it is visible.
  """
  length = min(length, len(keypoints))
  size = max(float(np.median(np.max(boxes[:, 2:] - boxes[:, :2], axis=-1))), 1.0)
  windows = len(keypoints) - length + 1
  shown = np.stack([visibility[i : i + windows] for i in range(length)])  # [length, windows, K]
  visible_at_ends = shown[0] & shown[-1]
  hidden = length - shown.sum(axis=0)

  displacement = np.linalg.norm(keypoints[length - 1 :] - keypoints[:windows], axis=-1) / size
  occluded = visible_at_ends & (hidden > 0)
  if occluded.any():
    interest = np.where(occluded, 1.0 + np.minimum(displacement, 1.0), -1.0)
    first, joint = (int(n) for n in np.unravel_index(np.argmax(interest), interest.shape))
    name = skeleton.joint_names[joint].replace("_", " ")
    frames = int(hidden[first, joint])
    reason = f"the {name}, hidden in {frames} of the {length} frames"
    return Moment(joint, first, length, float(interest[first, joint]), reason)

  steps = np.linalg.norm(np.diff(keypoints, axis=0), axis=-1) / size  # [T - 1, K]
  path = np.stack([steps[i : i + length - 1].sum(axis=0) for i in range(windows)])
  wrists = list(dict(skeleton.groups).get("Wri", range(skeleton.num_joints)))
  visible = (hidden == 0)[:, wrists]
  interest = np.where(visible, np.minimum(path[:, wrists], 1.0), -1.0)
  first, column = (int(n) for n in np.unravel_index(np.argmax(interest), interest.shape))
  joint = wrists[column]
  name = skeleton.joint_names[joint].replace("_", " ")
  reason = f"the {name}, where it moves fastest"
  return Moment(joint, first, length, float(interest[first, column]), reason)
