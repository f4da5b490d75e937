"""Percentage of Correct Keypoints, as the video pose papers report it.

A joint is right if it lies within alpha * L of the label. PCK-body takes
L = max(width, height) of the person's box, PCK-torso the labelled distance
from a shoulder to the opposite hip. Only visible joints count.
docs/evaluation.md works an example out by hand.
"""

from typing import Any, Dict, List

import numpy as np

from ppn_tf.keypoints.skeletons import Skeleton

# Thresholds of the curve: 0 to 0.5 in steps of 0.01.
CURVE_ALPHAS = np.arange(51) / 100


def body_lengths(boxes: np.ndarray) -> np.ndarray:
  """PCK-body's reference lengths [...] of boxes [..., 4] (x1, y1, x2, y2)."""
  return np.maximum(boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1])


def torso_lengths(keypoints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
  """PCK-torso's reference lengths [...] of labels [..., K, 2].

  As in every published evaluator the torso's ends are used even where they are
  labelled invisible; `torso_visible` tells those frames.
  """
  shoulder, hip = skeleton.torso
  return np.linalg.norm(keypoints[..., shoulder, :] - keypoints[..., hip, :], axis=-1)


def torso_visible(visibility: np.ndarray, skeleton: Skeleton) -> np.ndarray:
  """Where [...] both ends of the torso are visible [..., K]: the frames of "clean" PCK-torso."""
  return visibility[..., list(skeleton.torso)].all(axis=-1)


def usable(lengths: np.ndarray) -> np.ndarray:
  """Which reference lengths measure anything: those that are finite and above zero."""
  return np.isfinite(lengths) & (lengths > 0)


def normalised_distances(
  predicted: np.ndarray, labels: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
  """Distances [..., K] of joints [..., K, 2] from their labels, in reference lengths [...].

  Infinite, which no threshold reaches, where the length is not `usable` or a
  position is no finite number: such a joint is wrong, not left out.
  """
  lengths = np.asarray(lengths, np.float64)
  offsets = np.asarray(predicted, np.float64) - np.asarray(labels, np.float64)
  distances = np.linalg.norm(offsets, axis=-1)
  scaled = distances / np.where(usable(lengths), lengths, 1.0)[..., None]
  return np.where(usable(lengths)[..., None] & np.isfinite(scaled), scaled, np.inf)


def correct(
  predicted: np.ndarray, labels: np.ndarray, lengths: np.ndarray, alpha: float = 0.2
) -> np.ndarray:
  """Which joints [..., K] lie within alpha * lengths [...] of their labels [..., K, 2]."""
  return normalised_distances(predicted, labels, lengths) <= alpha


def mean_pck(right: np.ndarray, visible: np.ndarray) -> float:
  """Percent of the visible joints that are right; NaN if none is visible."""
  count = int(np.sum(visible))
  return 100.0 * float(np.sum(right & visible)) / count if count else float("nan")


def curve(
  distances: np.ndarray, visible: np.ndarray, alphas: np.ndarray = CURVE_ALPHAS
) -> np.ndarray:
  """PCK of all visible joints in percent at each of the thresholds; NaN if none is visible.

  Args:
    distances: [...] in reference lengths.
    visible: [...] bool.
    alphas: [A].
  Returns:
    [A] float64.
  """
  counted = np.sort(distances[visible])
  if not counted.size:
    return np.full(len(alphas), np.nan)
  return 100.0 * np.searchsorted(counted, alphas, side="right") / counted.size


def area(alphas: np.ndarray, values: np.ndarray) -> float:
  """The mean height, 0 to 100, of a curve over its thresholds, by the trapezoid rule."""
  strips = np.diff(alphas) * (values[1:] + values[:-1]) / 2
  return float(np.sum(strips) / (alphas[-1] - alphas[0]))


def summarise(right: np.ndarray, visible: np.ndarray, skeleton: Skeleton) -> Dict[str, Any]:
  """The rows of the papers' tables, in percent.

  Args:
    right: [N, K] bool.
    visible: [N, K] bool.
    skeleton: gives the joint groups.
  Returns:
    "micro", the mean over all visible joints (the papers' Mean on Penn
    Action), "group_mean" over the joint groups, "joint_mean" over the joints,
    "groups" and "joints", a PCK per joint group and per joint, and
    "num_joints", how many were visible. A group or joint that is never visible
    is NaN and left out of its mean.
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
