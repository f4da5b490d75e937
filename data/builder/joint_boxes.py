"""Boxes from joints, for frames with a missing or empty box."""

from typing import Tuple

import numpy as np

from ppn_tf.keypoints import crops


def find_degenerate(boxes: np.ndarray) -> np.ndarray:
  """Returns [N] bool: True for boxes [N, 4] without area."""
  return ~((boxes[:, 2:] - boxes[:, :2]) > 0).all(axis=1)


def remake_boxes(
  boxes: np.ndarray,
  remake: np.ndarray,
  keypoints: np.ndarray,
  visibility: np.ndarray,
  size: Tuple[int, int],
) -> np.ndarray:
  """Replaces boxes by boxes of the visible joints (Penn Action's rule, `crops.joints_to_box`).

  A frame with fewer than two visible joints takes the box of the nearest frame that has one. If
  there is none, the box is the whole frame.

  Args:
    boxes: [N, 4].
    remake: [N] bool, boxes to replace.
    keypoints: [N, K, 2].
    visibility: [N, K] bool.
    size: (height, width) of the frames.
  Returns:
    [N, 4] float32, all with an area if the boxes that are not replaced have one.
  """
  boxes = boxes.copy()
  if remake.any():
    boxes[remake] = crops.joints_to_box(keypoints[remake], visibility[remake], size)
  empty = find_degenerate(boxes)
  usable = np.flatnonzero(~empty)
  for frame in np.flatnonzero(empty):
    if len(usable):
      boxes[frame] = boxes[usable[np.abs(usable - frame).argmin()]]
    else:
      boxes[frame] = [0.0, 0.0, size[1] - 1.0, size[0] - 1.0]
  return boxes.astype(np.float32)
