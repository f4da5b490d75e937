"""Percentage of Correct Keypoints, as the video pose papers report it.

A joint is right if it lies within alpha * L of the label. PCK-body takes
L = max(width, height) of the person's box, PCK-torso the labelled distance
from a shoulder to the opposite hip. Only visible joints count.

Where L is not positive, or nothing was predicted (NaN), a joint is wrong at
every alpha; it still counts.
"""

from typing import Any, Dict, List

import numpy as np

from ppn_tf.keypoints.skeletons import Skeleton

# Where the whole curve is taken.
ALPHAS = np.arange(51) / 100


def body_lengths(boxes: np.ndarray) -> np.ndarray:
  """PCK-body's reference lengths [...] of boxes [..., 4] (x1, y1, x2, y2)."""
  boxes = np.asarray(boxes, np.float64)
  return np.maximum(boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1])


def torso_lengths(keypoints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
  """PCK-torso's reference lengths [...] of labels [..., K, 2].

  As in every published evaluator the torso's ends are used even where they are
  labelled invisible. Penn Action puts most of those at (1, 1), so that the
  length, and with it the threshold, can be as long as the frame.
  """
  # In float32 joints that lie exactly on the threshold would fall to either side.
  keypoints = np.asarray(keypoints, np.float64)
  shoulder, hip = skeleton.torso
  return np.linalg.norm(keypoints[..., shoulder, :] - keypoints[..., hip, :], axis=-1)


def torso_seen(visibility: np.ndarray, skeleton: Skeleton) -> np.ndarray:
  """Which frames [...] of visibility [..., K] have both ends of the torso: PCK-torso clean's."""
  return np.all(visibility[..., list(skeleton.torso)], axis=-1)


def usable(lengths: np.ndarray) -> np.ndarray:
  """Which reference lengths measure anything: those that are finite and above zero."""
  return np.isfinite(lengths) & (lengths > 0)


def distances(predicted: np.ndarray, labels: np.ndarray, lengths: np.ndarray) -> np.ndarray:
  """Distances [..., K] from labels [..., K, 2] in reference lengths [...].

  Infinite where nothing was predicted, or where the length is not positive.
  """
  pixels = np.linalg.norm(predicted.astype(np.float64) - labels, axis=-1)
  known = usable(lengths)[..., None] & np.isfinite(pixels)
  return np.divide(pixels, lengths[..., None], out=np.full(pixels.shape, np.inf), where=known)


def correct(
  predicted: np.ndarray, labels: np.ndarray, lengths: np.ndarray, alpha: float = 0.2
) -> np.ndarray:
  """Which joints [..., K] lie within alpha * lengths [...] of their labels [..., K, 2]."""
  return distances(predicted, labels, lengths) <= alpha


def curve(distance: np.ndarray, visible: np.ndarray, alphas: np.ndarray = ALPHAS) -> np.ndarray:
  """PCK over all visible joints, in percent, at every alpha.

  Args:
    distance: [N, K] float, see `distances`.
    visible: [N, K] bool.
    alphas: [A] float, ascending.
  Returns:
    [A] float64; NaN if no joint is visible.
  """
  counted = np.sort(distance[visible])
  if not len(counted):
    return np.full(len(alphas), np.nan)
  return 100.0 * np.searchsorted(counted, alphas, side="right") / len(counted)


def area(values: np.ndarray, alphas: np.ndarray = ALPHAS) -> float:
  """The mean height of a PCK curve [A], in percent: its area (trapezoids) over its width."""
  heights = (values[1:] + values[:-1]) / 2.0
  return float(np.sum(heights * np.diff(alphas)) / (alphas[-1] - alphas[0]))


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
    "groups" and "joints", a PCK for each by its name, and "num_joints", how many
    visible joints were counted. A group or joint that is never visible is NaN
    and left out of its mean.
  """
  groups = {
    name: mean_pck(right[:, list(ids)], visible[:, list(ids)]) for name, ids in skeleton.groups
  }
  joints = {
    name: mean_pck(right[:, k], visible[:, k]) for k, name in enumerate(skeleton.joint_names)
  }
  return {
    "micro": mean_pck(right, visible),
    "group_mean": _mean_of_known(list(groups.values())),
    "joint_mean": _mean_of_known(list(joints.values())),
    "groups": groups,
    "joints": joints,
    "num_joints": int(np.sum(visible)),
  }


def _mean_of_known(values: List[float]) -> float:
  known = [value for value in values if not np.isnan(value)]
  return float(np.mean(known)) if known else float("nan")
