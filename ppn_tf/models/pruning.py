"""Leaves out what a trained PPU reads in vain.

Eq. 4 is a sum over taps and joints of what each reads, a sample, times its weights;
all dilation rates together (Eq. 5) it is one linear map of all samples. A sample costs as
much whether its weights are large or small, and much of what one reads others read, too.
So samples are left out one by one, each time the one whose loss changes the answer least
when the weights of those that are left make up for it as well as they can:

  with C the samples' second moments and W their weights, leaving out sample j adds
  |W_j|^2 / (C^-1)_jj to the squared error; then W <- W - (C^-1)_:j W_j / (C^-1)_jj

(Hassibi and Stork, Optimal Brain Surgeon, NIPS 1992, whose quadratic form is exact here).
"""

from typing import Iterable, List, Tuple

import numpy as np

from ppn_tf.models.layers.deform_conv import DeformableConv2D, deformable_convolutions

import tensorflow as tf

# Added to the moments' diagonal, in parts of its mean, for samples that are alike.
_RIDGE = 1e-5


def second_moments(unit: tf.keras.Model, maps: Iterable[Tuple[tf.Tensor, tf.Tensor]]) -> np.ndarray:
  """C, the sum over cells of products of samples, [N, N] float64.

  The N = 9 * K * (number of rates) samples stand rate by rate, tap by tap, joint by joint.

  Args:
    unit: made by `ppu.ppu`.
    maps: what the unit is called on: pairs of previous and preliminary heatmaps,
      [B, h, w, K] each.
  """
  warps = deformable_convolutions(unit)
  seen = tf.keras.Model(unit.inputs, [warp.input for warp in warps])

  @tf.function(reduce_retracing=True)
  def moments(previous: tf.Tensor, preliminary: tf.Tensor) -> tf.Tensor:
    inputs = seen([previous, preliminary], training=False)
    samples = tf.concat([warp.samples(one) for warp, one in zip(warps, inputs)], axis=-1)
    samples = tf.reshape(samples, [-1, samples.shape[-1]])
    return tf.matmul(samples, samples, transpose_a=True)

  return sum(moments(*pair).numpy().astype(np.float64) for pair in maps)


def leave_out(moments: np.ndarray, weights: np.ndarray, count: int) -> Tuple[np.ndarray, float]:
  """The weights when `count` samples are left, rows of zeros being those left out.

  Args:
    moments: C, [N, N].
    weights: W, [N, F].
    count: how many are to be left.
  Returns:
    W [N, F] float64, and the root of the squared error over the answer's squares.
  """
  moments = moments + _RIDGE * np.trace(moments) / len(moments) * np.eye(len(moments))
  inverse = np.linalg.inv(moments)
  weights = weights.astype(np.float64)
  squares = np.einsum("nf,nm,mf->", weights, moments, weights)
  left, error = np.arange(len(weights)), 0.0
  now = weights
  while len(left) > count:
    costs = (now**2).sum(axis=1) / np.diag(inverse)
    j = int(np.argmin(costs))
    error += costs[j]
    column = inverse[:, j] / inverse[j, j]
    now = np.delete(now - np.outer(column, now[j]), j, axis=0)
    inverse = inverse - np.outer(column, inverse[j])
    inverse = np.delete(np.delete(inverse, j, axis=0), j, axis=1)
    left = np.delete(left, j)
  found = np.zeros_like(weights)
  found[left] = now
  return found, float(np.sqrt(error / squares)) if squares else 0.0


def prune(unit: tf.keras.Model, maps: Iterable[Tuple[tf.Tensor, tf.Tensor]], count: int) -> float:
  """Leaves a unit `count` of its samples, and gives them new weights.

  Args:
    unit: made by `ppu.ppu`, trained.
    maps: see `second_moments`; what matters there is what the unit is to do well.
    count: how many are to be left.
  Returns:
    root mean squares of the change of its answer over those of the answer.
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
  """Leaves an untrained unit `count` samples, any of them, with random weights.

  It costs what a pruned one does.

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
  """Which of its taps * C samples are computed when it is served, in their order."""
  used = warp.kernel.numpy().any(axis=-1).reshape(-1)
  return np.flatnonzero(used) if warp.pruned else np.arange(used.size)


def _num_samples(warps: List[DeformableConv2D], least: int) -> int:
  """How many there are; ValueError if fewer than `least`."""
  total = sum(taps * channels for taps, channels, _ in (warp.kernel.shape for warp in warps))
  if least > total:
    raise ValueError(f"the unit has {total} samples. Received: {least}")
  return total


def _assign(warps: List[DeformableConv2D], weights: np.ndarray) -> None:
  """Gives them the weights [N, F] of their samples."""
  for warp, part in zip(warps, np.split(weights, len(warps))):
    warp.kernel.assign(part.reshape(warp.kernel.shape))
