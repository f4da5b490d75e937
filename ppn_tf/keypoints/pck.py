"""Percentage of Correct Keypoints, as video pose papers report it.

A joint is correct if it lies within alpha * L of its label. PCK-body uses
L = max(width, height) of the person's box, PCK-torso the labeled distance from a shoulder to the
opposite hip. Only visible joints count.

Where L is not positive, or a prediction is missing (NaN), a joint is wrong at every alpha; it
still counts.
"""

from typing import Any, Dict, List

import numpy as np

from ppn_tf.keypoints.skeletons import Skeleton

# Thresholds of the PCK curve.
ALPHAS = np.arange(51) / 100


def body_lengths(boxes: np.ndarray) -> np.ndarray:
  """Returns the reference lengths [...] of PCK-body for boxes [..., 4] (x1, y1, x2, y2)."""
  boxes = np.asarray(boxes, np.float64)
  return np.maximum(boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1])


def torso_lengths(keypoints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
  """Returns the reference lengths [...] of PCK-torso for labels [..., K, 2].

  As in every published evaluator, the ends of the torso are used even where they are labeled
  invisible. Penn Action puts most of these at (1, 1), so the length, and with it the threshold,
  can reach the size of the frame.
  """
  # In float32, joints exactly on the threshold would fall to either side.
  keypoints = np.asarray(keypoints, np.float64)
  shoulder, hip = skeleton.torso
  return np.linalg.norm(keypoints[..., shoulder, :] - keypoints[..., hip, :], axis=-1)


def torso_seen(visibility: np.ndarray, skeleton: Skeleton) -> np.ndarray:
  """Returns whether both ends of the torso are visible, for PCK-torso clean.

  Args:
    visibility: [..., K] bool.
    skeleton: joints, with the ends of the torso.
  Returns:
    [...] bool.
  """
  return np.all(visibility[..., list(skeleton.torso)], axis=-1)


def usable(lengths: np.ndarray) -> np.ndarray:
  """Returns whether reference lengths [...] are finite and above zero."""
  return np.isfinite(lengths) & (lengths > 0)


def distances(predicted: np.ndarray, labels: np.ndarray, lengths: np.ndarray) -> np.ndarray:
  """Returns distances [..., K] from labels [..., K, 2] in reference lengths [...].

  Distances are infinite where a prediction is missing or the length is not positive.
  """
  pixels = np.linalg.norm(predicted.astype(np.float64) - labels, axis=-1)
  known = usable(lengths)[..., None] & np.isfinite(pixels)
  return np.divide(pixels, lengths[..., None], out=np.full(pixels.shape, np.inf), where=known)


def correct(
  predicted: np.ndarray, labels: np.ndarray, lengths: np.ndarray, alpha: float = 0.2
) -> np.ndarray:
  """Returns whether joints [..., K] lie within alpha * lengths [...] of labels [..., K, 2]."""
  return distances(predicted, labels, lengths) <= alpha


def curve(distance: np.ndarray, visible: np.ndarray, alphas: np.ndarray = ALPHAS) -> np.ndarray:
  """Computes PCK over all visible joints, in percent, at every alpha.

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
  """Returns the mean height of a PCK curve [A] in percent: its area (trapezoids) over its width."""
  heights = (values[1:] + values[:-1]) / 2.0
  return float(np.sum(heights * np.diff(alphas)) / (alphas[-1] - alphas[0]))


def mean_pck(right: np.ndarray, visible: np.ndarray) -> float:
  """Returns the percentage of visible joints that are correct; NaN if none is visible."""
  count = int(np.sum(visible))
  return 100.0 * float(np.sum(right & visible)) / count if count else float("nan")


def summarise(right: np.ndarray, visible: np.ndarray, skeleton: Skeleton) -> Dict[str, Any]:
  """Computes the rows of the papers' tables, in percent.

  Args:
    right: [N, K] bool.
    visible: [N, K] bool.
    skeleton: joint names and groups.
  Returns:
    "micro", the mean over all visible joints (Mean in the papers' tables of Penn Action);
    "group_mean" over the joint groups; "joint_mean" over the joints; "groups" and "joints", PCK by
    name; and "num_joints", the number of visible joints. A group or joint that is never visible
    is NaN and does not enter its mean.
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
