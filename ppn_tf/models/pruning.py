"""Prunes redundant samples from a trained PPU.

Each tap of Eq. 4 reads one sample per joint. Over all dilation rates (Eq. 5), the output is one
linear map of all samples. A sample costs the same whether its weights are large or small, and
samples overlap. Pruning therefore removes samples one by one. Each time it removes the sample
with the smallest change of the output, after the remaining weights have compensated for it:

  with C the samples' second moments and W their weights, removing sample j adds
  |W_j|^2 / (C^-1)_jj to the squared error; then W <- W - (C^-1)_:j W_j / (C^-1)_jj

(Hassibi and Stork, Optimal Brain Surgeon, NIPS 1992; its quadratic form is exact here.)
"""

from typing import Iterable, List, Tuple

import numpy as np

from ppn_tf.models.layers.deform_conv import DeformableConv2D, deformable_convolutions

import tensorflow as tf

# Added to the diagonal of the moments, relative to its mean, because samples can be equal.
_RIDGE = 1e-5


def second_moments(unit: tf.keras.Model, maps: Iterable[Tuple[tf.Tensor, tf.Tensor]]) -> np.ndarray:
  """Computes C, the sum over cells of products of samples.

  The N = 9 * K * (number of rates) samples are ordered by rate, then tap, then joint.

  Args:
    unit: made by `ppu.ppu`.
    maps: inputs of the unit, pairs of previous and preliminary heatmaps, [B, h, w, K] each.
  Returns:
    [N, N] float64.
  """
  warps = deformable_convolutions(unit)
  warp_inputs = tf.keras.Model(unit.inputs, [warp.input for warp in warps])

  @tf.function(reduce_retracing=True, autograph=False)
  def moments(previous: tf.Tensor, preliminary: tf.Tensor) -> tf.Tensor:
    inputs = warp_inputs([previous, preliminary], training=False)
    samples = tf.concat([warp.samples(pair) for warp, pair in zip(warps, inputs)], axis=-1)
    samples = tf.reshape(samples, [-1, samples.shape[-1]])
    return tf.matmul(samples, samples, transpose_a=True)

  return sum(moments(*pair).numpy().astype(np.float64) for pair in maps)


def leave_out(moments: np.ndarray, weights: np.ndarray, count: int) -> Tuple[np.ndarray, float]:
  """Returns weights after pruning to `count` samples; rows of pruned samples are zero.

  Args:
    moments: C, [N, N].
    weights: W, [N, F].
    count: number of samples to keep.
  Returns:
    W [N, F] float64, and the relative error of the output: the root of the squared error over
    the squared output.
  """
  moments = moments + _RIDGE * np.trace(moments) / len(moments) * np.eye(len(moments))
  inverse = np.linalg.inv(moments)
  weights = weights.astype(np.float64)
  squares = np.einsum("nf,nm,mf->", weights, moments, weights)
  left, error = np.arange(len(weights)), 0.0
  remaining = weights
  while len(left) > count:
    costs = (remaining**2).sum(axis=1) / np.diag(inverse)
    j = int(np.argmin(costs))
    error += costs[j]
    column = inverse[:, j] / inverse[j, j]
    remaining = np.delete(remaining - np.outer(column, remaining[j]), j, axis=0)
    inverse = inverse - np.outer(column, inverse[j])
    inverse = np.delete(np.delete(inverse, j, axis=0), j, axis=1)
    left = np.delete(left, j)
  pruned = np.zeros_like(weights)
  pruned[left] = remaining
  return pruned, float(np.sqrt(error / squares)) if squares else 0.0


def prune(unit: tf.keras.Model, maps: Iterable[Tuple[tf.Tensor, tf.Tensor]], count: int) -> float:
  """Prunes a unit to `count` samples, and gives these new weights.

  Args:
    unit: made by `ppu.ppu`, trained.
    maps: see `second_moments`; the unit keeps its output on such maps.
    count: number of samples to keep.
  Returns:
    Relative change of the output on `maps`, as a root mean square.
  Raises:
    ValueError: the unit has fewer samples, or there are no maps.
  """
  warps = deformable_convolutions(unit)
  _num_samples(warps, count)
  moments = second_moments(unit, maps)
  if not np.any(moments):
    raise ValueError("needs heatmaps that are not all zero. Received: none")
  weights = np.concatenate([warp.kernel.numpy().reshape(-1, warp.filters) for warp in warps])
  weights, error = leave_out(moments, weights, count)
  _assign(warps, weights)
  return error


def keep_any(unit: tf.keras.Model, count: int, rng: np.random.Generator) -> None:
  """Leaves an untrained unit `count` random samples with random weights.

  Its cost is that of a pruned unit.

  Raises:
    ValueError: the unit has fewer samples.
  """
  warps = deformable_convolutions(unit)
  filters = warps[0].filters
  total = _num_samples(warps, count)
  weights = np.zeros((total, filters), np.float32)
  weights[rng.permutation(total)[:count]] = rng.normal(0, 1.0 / count, (count, filters))
  _assign(warps, weights)


def used_samples(warp: DeformableConv2D) -> np.ndarray:
  """Returns the indices of the taps * C samples that an export computes, ascending."""
  used = warp.kernel.numpy().any(axis=-1).reshape(-1)
  return np.flatnonzero(used) if warp.pruned else np.arange(used.size)


def _num_samples(warps: List[DeformableConv2D], least: int) -> int:
  """Returns the number of samples; ValueError if there are fewer than `least`."""
  total = sum(taps * channels for taps, channels, _ in (warp.kernel.shape for warp in warps))
  if least > total:
    raise ValueError(f"the unit has {total} samples. Received: {least}")
  return total


def _assign(warps: List[DeformableConv2D], weights: np.ndarray) -> None:
  """Assigns the weights [N, F] of all samples to the layers."""
  for warp, part in zip(warps, np.split(weights, len(warps))):
    warp.kernel.assign(part.reshape(warp.kernel.shape))
