"""Boxes from joints, for frames whose own box is missing or has no area."""

from typing import Tuple

import numpy as np

# Penn Action's boxes are the extent of the visible joints, enlarged by this
# about its centre and cut at the frame; the other sets' made-up boxes follow it.
BOX_SCALE = 1.2


def degenerate(boxes: np.ndarray) -> np.ndarray:
  """[N] bool: which boxes [N, 4] have no area."""
  return ~((boxes[:, 2:] - boxes[:, :2]) > 0).all(axis=1)


def box_of_joints(joints: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
  """[4]: the box about joints [n, 2] within a frame of `size`; zeros without a joint."""
  if not len(joints):
    return np.zeros(4)
  last = np.array([size[1], size[0]]) - 1.0
  low, high = joints.min(axis=0), joints.max(axis=0)
  center, half = (low + high) / 2, BOX_SCALE * (high - low) / 2
  return np.concatenate([np.clip(center - half, 0.0, last), np.clip(center + half, 0.0, last)])


def remake_boxes(
  boxes: np.ndarray,
  remake: np.ndarray,
  keypoints: np.ndarray,
  visibility: np.ndarray,
  size: Tuple[int, int],
) -> np.ndarray:
  """Replaces boxes by those of the visible joints.

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
  for frame in np.flatnonzero(remake):
    boxes[frame] = box_of_joints(keypoints[frame][visibility[frame]], size)
  empty = degenerate(boxes)
  usable = np.flatnonzero(~empty)
  for frame in np.flatnonzero(empty):
    if len(usable):
      boxes[frame] = boxes[usable[np.abs(usable - frame).argmin()]]
    else:
      boxes[frame] = [0.0, 0.0, size[1] - 1.0, size[0] - 1.0]
  return boxes.astype(np.float32)
