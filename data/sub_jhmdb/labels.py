"""Labels of a JHMDB clip: joint_positions.mat, and boxes from puppet_mask.mat."""

import pathlib
from typing import Any, List, Tuple

import numpy as np

from ppn_tf.keypoints.skeletons import SUB_JHMDB

from ..builder import joint_boxes
from ..builder.account import ClipError, Repair
from ..builder.mat_files import load_mat

# pos_img counts pixels from 1.
ORIGIN = 1.0


def read_joints(path: pathlib.Path) -> np.ndarray:
  """Reads keypoints [N, 15, 2] of joint_positions.mat, converted to 0-based pixels.

  Raises:
    ClipError: the file cannot be read or has other content.
  """
  positions = load_mat(path, ("pos_img",), "JHMDB's")["pos_img"]
  joints = SUB_JHMDB.num_joints
  shape = "x".join(map(str, positions.shape))
  if positions.ndim == 2:  # MATLAB drops the last dimension of a single frame
    positions = positions[..., None]
  if positions.shape[:2] != (2, joints) or not np.issubdtype(positions.dtype, np.number):
    raise ClipError(
      "foreign labels",
      f"{path}: pos_img is {shape} {positions.dtype}, expected numbers, 2x{joints}xframes.",
    )
  return positions.astype(np.float64).transpose(2, 1, 0) - ORIGIN


def read_boxes(
  path: pathlib.Path, keypoints: np.ndarray, visibility: np.ndarray, size: Tuple[int, int]
) -> Tuple[np.ndarray, List[Repair]]:
  """Returns boxes of the person's mask or, without a mask, of the visible joints.

  Args:
    path: puppet_mask.mat, whose part_mask [H, W, N] is not 0 on the person.
    keypoints: [N, K, 2].
    visibility: [N, K] bool.
    size: (height, width) of the frames.
  Returns:
    [N, 4] float32, and the repair box_from_joints if it was necessary.
  """
  frames = len(keypoints)
  boxes, reason = np.zeros((frames, 4)), ""
  try:
    masks = _read_masks(path, size)
  except ClipError as problem:
    reason = str(problem)
  else:
    for frame in range(min(frames, masks.shape[2])):
      boxes[frame] = _extent(masks[..., frame])
  missing = joint_boxes.find_degenerate(boxes)
  repairs = []
  if missing.any():
    count = int(missing.sum())
    detail = f"{count} of {frames} frames" + (f"; {reason}" if reason else " have no mask")
    repairs.append(Repair("box_from_joints", detail, count))
  return joint_boxes.remake_boxes(boxes, missing, keypoints, visibility, size), repairs


def _read_masks(path: pathlib.Path, size: Tuple[int, int]) -> Any:
  if not path.is_file():
    raise ClipError("no mask", f"{path}: no such file")
  masks = load_mat(path, ("part_mask",), "JHMDB's")["part_mask"]
  if masks.ndim == 2:
    masks = masks[..., None]
  if masks.ndim != 3 or masks.shape[:2] != size:
    shape = "x".join(map(str, masks.shape))
    raise ClipError(
      "foreign labels", f"{path}: part_mask is {shape}, expected {size[0]}x{size[1]}xframes"
    )
  return masks


def _extent(mask: np.ndarray) -> np.ndarray:
  """Returns the box [4] of a mask [H, W]; zeros if it is empty."""
  rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
  if not len(rows):
    return np.zeros(4)
  return np.array([columns[0], rows[0], columns[-1], rows[-1]], np.float64)
