"""Loss of section III-A: mean squared error of heatmaps (Eq. 1)."""

from typing import Optional, Tuple

import tensorflow as tf


def heatmap_mse(
  predicted: tf.Tensor,
  target: tf.Tensor,
  weights: tf.Tensor,
  count: Optional[tf.Tensor] = None,
) -> tf.Tensor:
  """Computes the mean squared error over cells and counted joints.

  Args:
    predicted: [B, h, w, K] float32.
    target: [B, h, w, K] float32.
    weights: [B, K] float32, 0 for joints that do not count (invisible ones).
    count: divisor of the sum over joints; by default the sum of the weights. For a part of a
      batch, give the sum over the whole batch.
  Returns:
    A scalar; zero if no joint counts.
  """
  error = tf.reduce_mean(tf.math.squared_difference(predicted, target), axis=[1, 2])
  count = tf.reduce_sum(weights) if count is None else count
  return tf.math.divide_no_nan(tf.reduce_sum(weights * error), count)


def clip_loss(
  initial: Optional[tf.Tensor],
  final: tf.Tensor,
  targets: tf.Tensor,
  weights: tf.Tensor,
  counts: Optional[tf.Tensor] = None,
  first_target: Optional[tf.Tensor] = None,
) -> Tuple[tf.Tensor, tf.Tensor]:
  """Computes the two parts of Eq. 1, whose sum is the loss.

  Args:
    initial: [B, h, w, K], HeadNet's heatmaps of the first frame, or None.
    final: [B, T, h, w, K].
    targets: [B, T, h, w, K].
    weights: [B, T, K].
    counts: [T], see `heatmap_mse`; by default the sums of the weights.
    first_target: [B, h, w, K], target of the initial heatmaps; by default the first frame's.
  Returns:
    MSE of the initial heatmaps (zero without them), and the sum over the T frames of the MSE of
    the final heatmaps.
  """
  counts = tf.reduce_sum(weights, axis=[0, 2]) if counts is None else counts
  first = tf.constant(0.0)
  if initial is not None:
    first_target = targets[:, 0] if first_target is None else first_target
    first = heatmap_mse(initial, first_target, weights[:, 0], counts[0])
  parts = [
    heatmap_mse(final[:, t], targets[:, t], weights[:, t], counts[t]) for t in range(final.shape[1])
  ]
  return first, tf.add_n(parts)
