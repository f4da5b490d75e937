"""Boxes from joints, for frames whose own box is missing or has no area."""

from typing import Tuple

import numpy as np

from ppn_tf.keypoints import crops


def degenerate(boxes: np.ndarray) -> np.ndarray:
  """[N] bool: which boxes [N, 4] have no area."""
  return ~((boxes[:, 2:] - boxes[:, :2]) > 0).all(axis=1)


def remake_boxes(
  boxes: np.ndarray,
  remake: np.ndarray,
  keypoints: np.ndarray,
  visibility: np.ndarray,
  size: Tuple[int, int],
) -> np.ndarray:
  """Replaces boxes by those of the visible joints (Penn Action's rule, `crops.joints_to_box`).

  Where these have no area either (fewer than two visible joints), the box is
  that of the nearest frame that has one, and where none has, the whole frame.

  Args:
    boxes: [N, 4].
    remake: [N] bool, the boxes to replace.
    keypoints: [N, K, 2].
    visibility: [N, K] bool.
    size: the frames' (height, width).
  Returns:
    [N, 4] float32, each with an area, if those not replaced have one.
  """
  boxes = boxes.copy()
  if remake.any():
    boxes[remake] = crops.joints_to_box(keypoints[remake], visibility[remake], size)
  empty = degenerate(boxes)
  usable = np.flatnonzero(~empty)
  for frame in np.flatnonzero(empty):
    if len(usable):
      boxes[frame] = boxes[usable[np.abs(usable - frame).argmin()]]
    else:
      boxes[frame] = [0.0, 0.0, size[1] - 1.0, size[0] - 1.0]
  return boxes.astype(np.float32)
