"""Joint positions to Gaussian heatmaps and back.

Cell (i, j) of a heatmap of stride S covers the S x S pixels of the crop that start at
(S * j, S * i). Its center is at column S * j + (S - 1) / 2.
"""

from typing import Sequence, Tuple

import tensorflow as tf

DECODERS = ("dark", "quarter", "argmax")


def encode(
  keypoints: tf.Tensor, heatmap_size: Tuple[int, int], stride: int, sigma: float = 2.0
) -> tf.Tensor:
  """Draws one Gaussian of peak 1 per joint around its unquantized position.

  Args:
    keypoints: [..., K, 2] float32, (x, y) in crop pixels; may lie outside.
    heatmap_size: (height, width) in cells.
    stride: crop pixels per cell.
    sigma: standard deviation in cells.
  Returns:
    [..., height, width, K] float32.
  """
  height, width = heatmap_size
  cells = (tf.cast(keypoints, tf.float32) - (stride - 1) / 2.0) / stride
  columns = tf.range(width, dtype=tf.float32)[:, None]
  rows = tf.range(height, dtype=tf.float32)[:, None]
  # A Gaussian is the product of its profiles along x and y.
  along_x = tf.exp(-tf.square(columns - cells[..., None, :, 0]) / (2.0 * sigma**2))
  along_y = tf.exp(-tf.square(rows - cells[..., None, :, 1]) / (2.0 * sigma**2))
  return along_y[..., :, None, :] * along_x[..., None, :, :]


def mirror(heatmaps: tf.Tensor, flip_order: Sequence[int]) -> tf.Tensor:
  """Returns the heatmaps [..., h, w, K] of the image that is mirrored left to right.

  Args:
    heatmaps: [..., h, w, K].
    flip_order: [K], order of the joints in a mirrored image, see `Skeleton`.
  """
  return tf.gather(tf.reverse(heatmaps, [-2]), flip_order, axis=-1)


def _peak(heatmaps: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
  """Returns row, column (int32) and value of the highest cell of maps [N, h, w]."""
  width = tf.shape(heatmaps)[2]
  flat = tf.reshape(heatmaps, [tf.shape(heatmaps)[0], -1])
  index = tf.argmax(flat, axis=1, output_type=tf.int32)
  return index // width, index % width, tf.reduce_max(flat, axis=1)


def _neighbourhood(heatmaps: tf.Tensor, row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
  """Returns the 3 x 3 cells [N, 3, 3] around a cell that is not on the border."""
  steps = tf.constant([-1, 0, 1])
  rows = row[:, None, None] + steps[None, :, None]
  columns = column[:, None, None] + steps[None, None, :]
  rows, columns = tf.broadcast_to(rows, [tf.shape(row)[0], 3, 3]), columns + tf.zeros_like(rows)
  return tf.gather_nd(heatmaps, tf.stack([rows, columns], -1), batch_dims=1)


def _gaussian_blur(heatmaps: tf.Tensor, sigma: float) -> tf.Tensor:
  """Blurs [N, h, w] maps with a separable Gaussian, zeros outside."""
  radius = int(3 * sigma + 0.5)
  taps = tf.exp(-(tf.range(-radius, radius + 1, dtype=tf.float32) ** 2) / (2 * sigma**2))
  taps /= tf.reduce_sum(taps)
  maps = heatmaps[..., None]
  maps = tf.nn.conv2d(maps, taps[:, None, None, None], 1, "SAME")
  return tf.nn.conv2d(maps, taps[None, :, None, None], 1, "SAME")[..., 0]


def _quarter_step(patch: tf.Tensor) -> tf.Tensor:
  """Returns [N, 2] (x, y): a quarter cell towards the higher neighbor on each axis."""
  dx = patch[:, 1, 2] - patch[:, 1, 0]
  dy = patch[:, 2, 1] - patch[:, 0, 1]
  return 0.25 * tf.sign(tf.stack([dx, dy], -1))


def _taylor_step(patch: tf.Tensor) -> tf.Tensor:
  """Returns [N, 2] (x, y): Newton's step to the maximum of a logarithmic patch.

  DARK's equation 8 (Zhang et al., "Distribution-aware coordinate
  representation for human pose estimation"): -H^-1 g, with the derivatives of
  the log heatmap at its highest cell. Zero where the patch has no maximum.
  """
  dx = (patch[:, 1, 2] - patch[:, 1, 0]) / 2.0
  dy = (patch[:, 2, 1] - patch[:, 0, 1]) / 2.0
  dxx = patch[:, 1, 2] - 2.0 * patch[:, 1, 1] + patch[:, 1, 0]
  dyy = patch[:, 2, 1] - 2.0 * patch[:, 1, 1] + patch[:, 0, 1]
  dxy = (patch[:, 2, 2] - patch[:, 2, 0] - patch[:, 0, 2] + patch[:, 0, 0]) / 4.0
  determinant = dxx * dyy - dxy * dxy
  concave = (determinant > 1e-9) & (dxx < 0.0)
  safe = tf.where(concave, determinant, tf.ones_like(determinant))
  step = tf.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], -1) / safe[:, None]
  return tf.where(concave[:, None], tf.clip_by_value(step, -1.0, 1.0), tf.zeros_like(step))


def decode(
  heatmaps: tf.Tensor, stride: int, method: str = "dark", blur_sigma: float = 1.0
) -> Tuple[tf.Tensor, tf.Tensor]:
  """Reads joint positions from heatmaps.

  Args:
    heatmaps: [..., h, w, K] float32.
    stride: crop pixels per cell.
    method: "argmax" takes the highest cell; "quarter" adds a quarter cell
      towards the higher neighbor (Simple Baselines); "dark" blurs, takes the
      logarithm and adds one Newton step (DARK).
    blur_sigma: standard deviation of the blur of "dark" in cells.
  Returns:
    keypoints [..., K, 2] float32, (x, y) in crop pixels, and scores [..., K],
    the heatmaps' highest values.
  Raises:
    ValueError: `method` is unknown.
  """
  if method not in DECODERS:
    raise ValueError(f"method must be one of {DECODERS}. Received: {method!r}")
  heatmaps = tf.cast(heatmaps, tf.float32)
  height, width = heatmaps.shape[-3], heatmaps.shape[-2]
  leading = tf.shape(heatmaps)[:-3]
  joints = heatmaps.shape[-1]
  stacked = tf.reshape(
    tf.transpose(tf.reshape(heatmaps, [-1, height, width, joints]), [0, 3, 1, 2]),
    [-1, height, width],
  )
  row, column, score = _peak(stacked)
  peak = tf.cast(tf.stack([column, row], -1), tf.float32)
  if method != "argmax":
    inside = (row > 0) & (row < height - 1) & (column > 0) & (column < width - 1)
    near_row = tf.clip_by_value(row, 1, height - 2)
    near_column = tf.clip_by_value(column, 1, width - 2)
    if method == "quarter":
      step = _quarter_step(_neighbourhood(stacked, near_row, near_column))
    else:
      blurred = tf.maximum(_gaussian_blur(stacked, blur_sigma), 1e-10)
      step = _taylor_step(tf.math.log(_neighbourhood(blurred, near_row, near_column)))
    peak += tf.where(inside[:, None], step, tf.zeros_like(step))
  pixels = peak * stride + (stride - 1) / 2.0
  keypoints = tf.reshape(pixels, tf.concat([leading, [joints, 2]], 0))
  return keypoints, tf.reshape(score, tf.concat([leading, [joints]], 0))


# For code that calls it from NumPy, once for each frame.
compiled_decode = tf.function(decode, autograph=False)
