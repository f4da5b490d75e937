"""Percentage of Correct Keypoints, as the video pose papers report it.

A joint is right if it lies within alpha * L of the label. PCK-body takes
L = max(width, height) of the person's box, PCK-torso the labelled distance
from a shoulder to the opposite hip. Only visible joints count.
"""

from typing import Any, Dict, List

import numpy as np

from ppn_tf.keypoints.skeletons import Skeleton


def body_lengths(boxes: np.ndarray) -> np.ndarray:
  """PCK-body's reference lengths [...] of boxes [..., 4] (x1, y1, x2, y2)."""
  return np.maximum(boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1])


def torso_lengths(keypoints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
  """PCK-torso's reference lengths [...] of labels [..., K, 2].

  As in every published evaluator the torso's ends are used even where they are
  labelled invisible.
  """
  shoulder, hip = skeleton.torso
  return np.linalg.norm(keypoints[..., shoulder, :] - keypoints[..., hip, :], axis=-1)


def correct(
  predicted: np.ndarray, labels: np.ndarray, lengths: np.ndarray, alpha: float = 0.2
) -> np.ndarray:
  """Which joints [..., K] lie within alpha * lengths [...] of their labels [..., K, 2]."""
  distances = np.linalg.norm(predicted - labels, axis=-1)
  return distances <= alpha * lengths[..., None]


def mean_pck(right: np.ndarray, visible: np.ndarray) -> float:
  """Percent of the visible joints that are right; NaN if none is visible."""
  count = int(np.sum(visible))
  return 100.0 * float(np.sum(right & visible)) / count if count else float("nan")


def summarise(right: np.ndarray, visible: np.ndarray, skeleton: Skeleton) -> Dict[str, Any]:
  """The rows of the papers' tables, in percent.

  Args:
    right: [N, K] bool.
    visible: [N, K] bool.
    skeleton: gives the joint groups.
  Returns:
    "micro", the mean over all visible joints (the papers' Mean on Penn
    Action), "group_mean" over the joint groups, "joint_mean" over the joints,
    and "groups", a PCK per joint group. A group or joint that is never visible
    is NaN and left out of its mean.
  """
  groups = {
    name: mean_pck(right[:, list(ids)], visible[:, list(ids)]) for name, ids in skeleton.groups
  }
  joints: List[float] = [mean_pck(right[:, k], visible[:, k]) for k in range(right.shape[1])]
  return {
    "micro": mean_pck(right, visible),
    "group_mean": _mean_of_known(list(groups.values())),
    "joint_mean": _mean_of_known(joints),
    "groups": groups,
  }


def _mean_of_known(values: List[float]) -> float:
  known = [value for value in values if not np.isnan(value)]
  return float(np.mean(known)) if known else float("nan")
