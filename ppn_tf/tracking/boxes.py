"""Where in a frame the network looks: boxes about a person, and maps moved between crops."""

from typing import List, Tuple

import numpy as np

from ppn_tf.errors import InputError
from ppn_tf.keypoints import crops

import tensorflow as tf

# Penn Action's boxes are the joints' extent times this about its centre;
# training saw the crops of such boxes.
BOX_SCALE = 1.2


def joints_box(joints: np.ndarray, frame_size: Tuple[int, int]) -> np.ndarray:
  """A person's box by Penn Action's rule: the extent x 1.2, within the frame.

  Args:
    joints: [N, 2] (x, y) in frame pixels.
    frame_size: (H, W).
  Returns:
    [4] float32, (x1, y1, x2, y2).
  """
  low, high = joints.min(axis=0), joints.max(axis=0)
  center, half = (low + high) / 2, (high - low) / 2 * BOX_SCALE
  height, width = frame_size
  corners = np.clip([center - half, center + half], 0, [width - 1, height - 1])
  return corners.reshape(4).astype(np.float32)


def remap_heatmaps(
  maps: np.ndarray, old_affine: np.ndarray, new_affine: np.ndarray, stride: int
) -> np.ndarray:
  """Resamples heatmaps of one crop as they lie in another crop of the frame.

  Args:
    maps: [h, w, K] float32 in the old crop.
    old_affine: [2, 3], frame to old crop pixels.
    new_affine: [2, 3], frame to new crop pixels.
    stride: crop pixels per cell.
  Returns:
    [h, w, K] float32, zero where the old crop did not look.
  """
  square = [np.vstack([affine, [0, 0, 1]]) for affine in (old_affine, new_affine)]
  # A cell's centre lies at pixel S * cell + (S - 1) / 2 of its crop.
  offset = (stride - 1) / 2
  to_pixels = np.array([[stride, 0, offset], [0, stride, offset], [0, 0, 1]], np.float64)
  affine = np.linalg.inv(to_pixels) @ square[1] @ np.linalg.inv(square[0]) @ to_pixels
  moved = crops.crop_frames(
    tf.constant(maps[None], tf.float32),
    tf.constant(affine[None, :2], tf.float32),
    (maps.shape[0], maps.shape[1]),
  )
  return moved[0].numpy()


def frame_box(frame: np.ndarray, margin: float) -> np.ndarray:
  """The box whose crop is the whole frame and no more."""
  height, width = frame.shape[:2]
  center = np.array([width - 1, height - 1]) / 2
  half = np.array([width, height]) / 2 / margin
  return np.concatenate([center - half, center + half]).astype(np.float32)


def has_area(box: np.ndarray) -> bool:
  """Whether a box is four finite numbers with x1 < x2 and y1 < y2."""
  return bool(np.isfinite(box).all() and len(box) == 4 and (box[2:] > box[:2]).all())


def check_within(box: np.ndarray, frame: np.ndarray) -> None:
  """Raises InputError if a box has no pixel of the frame."""
  height, width = frame.shape[:2]
  if box[0] >= width or box[1] >= height or box[2] <= 0 or box[3] <= 0:
    raise InputError(
      f"the box {box.tolist()} lies outside the frame. Give x1,y1,x2,y2 within {width}x{height}."
    )


def search_boxes(frame: np.ndarray, margin: float) -> List[np.ndarray]:
  """Where to look for a person of unknown place: [4] float32 boxes.

  The whole frame first; then squares as high as the shorter side, and three
  quarters of it, side by side and half overlapping.
  """
  height, width = frame.shape[:2]
  found = [frame_box(frame, margin)]
  for part in (1.0, 0.75):
    side = part * min(height, width)
    centers = [
      np.linspace(side / 2, length - side / 2, 1 + int(np.ceil(2 * (length / side - 1))))
      if length > side
      else np.array([length / 2])
      for length in (height, width)
    ]
    half = side / margin / 2
    for y in centers[0]:
      found += [np.array([x - half, y - half, x + half, y + half], np.float32) for x in centers[1]]
  return found
