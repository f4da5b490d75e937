"""Upright crops of single frames, in NumPy.

Follows the rules of `keypoints.crops`, which crops whole batches in TensorFlow. For single frames,
most of the cost of TensorFlow would be the call itself.
"""

from typing import Tuple

import numpy as np

from ppn_tf.runtime.errors import InputError

BOX_SCALE = 1.2  # Penn Action's, as in keypoints.crops


def check_frame(frame: np.ndarray) -> np.ndarray:
  """Returns a frame as an array.

  Raises:
    InputError: not [H, W, 3] uint8.
  """
  array = np.asarray(frame)
  if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or not array.size:
    raise InputError(
      "frames are [H, W, 3] uint8, RGB from 0 to 255. "
      f"Received: {list(array.shape)} {array.dtype}. Convert them, or give a list of such frames."
    )
  return array


def crop_affine(box: np.ndarray, margin: float, size: Tuple[int, int]) -> np.ndarray:
  """Returns the affine [2, 3] float32 from frame pixels to pixels of the square crop about a box.

  Args:
    box: [4], (x1, y1, x2, y2) in frame pixels.
    margin: side of the square, at least one pixel, over the longer side of the box.
    size: (height, width) of the crop, whose shorter side shows the square.
  """
  box = np.asarray(box, np.float32)
  zoom = min(size) / max(margin * float(max(box[2] - box[0], box[3] - box[1])), 1.0)
  middle = np.array([size[1] - 1, size[0] - 1]) / 2
  shift = middle - zoom * (box[:2] + box[2:]) / 2
  return np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]], np.float32)


def crop_frame(frame: np.ndarray, affine: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
  """Resamples a frame into an upright crop, bilinear, black outside the frame.

  Resamples rows, then columns, which is exact. cv2.warpAffine is four times as fast, but rounds
  positions to 1/32 pixel, an error of up to five gray levels at a sharp edge.

  Args:
    frame: [H, W, C] uint8 or float32.
    affine: [2, 3] from `crop_affine`.
    size: (height, width) of the crop.
  Returns:
    [height, width, C] float32.
  """
  top, bottom, top_weights, bottom_weights = _taps(
    size[0], affine[1, 1], affine[1, 2], frame.shape[0]
  )
  left, right, left_weights, right_weights = _taps(
    size[1], affine[0, 0], affine[0, 2], frame.shape[1]
  )
  first, last = int(left.min()), int(right.max()) + 1
  rows = frame[top, first:last] * top_weights[:, None, None]
  rows += frame[bottom, first:last] * bottom_weights[:, None, None]
  return (
    rows[:, left - first] * left_weights[:, None] + rows[:, right - first] * right_weights[:, None]
  )


def to_frame(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
  """Converts points [K, 2] (x, y) from crop pixels to frame pixels, float32."""
  zoom, shift = np.float64(affine[0, 0]), np.asarray(affine[:, 2], np.float64)
  return ((points - shift) / zoom).astype(np.float32)


def joints_box(
  keypoints: np.ndarray,
  visible: np.ndarray,
  frame_size: Tuple[int, int],
  scale: float = BOX_SCALE,
) -> np.ndarray:
  """Returns the box about some joints: `scale` times their extent, clipped to the frame.

  Args:
    keypoints: [K, 2] (x, y) in frame pixels.
    visible: [K] bool, at least one of them true.
    frame_size: (H, W).
    scale: sides of the box over the extent of the joints.
  Returns:
    [4] float32, (x1, y1, x2, y2).
  """
  low, high = keypoints[visible].min(axis=0), keypoints[visible].max(axis=0)
  center, half = (low + high) / 2, scale * (high - low) / 2
  last = np.array([frame_size[1] - 1, frame_size[0] - 1])
  corners = np.clip([center - half, center + half], 0, last)
  return corners.reshape(4).astype(np.float32)


def _taps(
  count: int, zoom: float, shift: float, length: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
  """Returns the two neighbors, within 0..length - 1, of `count` samples, and their weights."""
  places = (np.arange(count) - np.float64(shift)) / np.float64(zoom)
  lower = np.floor(places).astype(np.int64)
  part = places - lower
  weights = np.stack([1 - part, part]).astype(np.float32)
  pair = np.stack([lower, lower + 1])
  weights[(pair < 0) | (pair >= length)] = 0
  near, far = np.clip(pair, 0, length - 1)
  return near, far, weights[0], weights[1]
