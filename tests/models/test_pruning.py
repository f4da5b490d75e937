"""Tests of pruning samples against least squares in NumPy and by hand."""

import numpy as np
import pytest

from ppn_tf.models.layers.deform_conv import DeformableConv2D, deformable_convolutions
from ppn_tf.models.ppu import ppu
from ppn_tf.models.pruning import leave_out, prune, second_moments

import tensorflow as tf


def residual(samples, target):
  """Returns the squared error of the best linear map from samples to a target, and that map."""
  weights = np.linalg.lstsq(samples, target, rcond=None)[0]
  return ((samples @ weights - target) ** 2).sum(), weights


def test_each_pruned_sample_has_the_smallest_least_squares_error():
  rng = np.random.default_rng(0)
  samples = rng.normal(size=(400, 8)) @ rng.normal(size=(8, 8))
  weights = rng.normal(size=(8, 3)) * rng.uniform(0.1, 1, (8, 1))
  target = samples @ weights
  left = list(range(8))
  while len(left) > 3:
    errors = {j: residual(samples[:, [k for k in left if k != j]], target)[0] for j in left}
    left.remove(min(errors, key=errors.get))
  error, expected = residual(samples[:, left], target)
  pruned, change = leave_out(samples.T @ samples, weights, 3)
  assert np.flatnonzero(pruned.any(axis=1)).tolist() == left
  np.testing.assert_allclose(pruned[left], expected, rtol=0.01, atol=0.01)
  assert change == pytest.approx(np.sqrt(error / (target**2).sum()), rel=0.01)


def test_equal_samples_are_merged():
  """Uses x, x and y, which is orthogonal to x: 2x + 3x + 1y is 5x + 1y."""
  samples = np.array([[1.0, 1, 0], [2, 2, 0], [0, 0, 1]])
  pruned, change = leave_out(samples.T @ samples, np.array([[2.0], [3], [1]]), 2)
  assert sorted(pruned[:2, 0]) == pytest.approx([0, 5], abs=1e-3)
  assert pruned[2, 0] == pytest.approx(1)
  assert change < 0.01


def test_samples_without_weight_are_pruned_first():
  moments = np.diag([1.0, 100, 1])
  pruned, change = leave_out(moments, np.array([[1.0], [0], [2]]), 2)
  np.testing.assert_allclose(pruned, [[1], [0], [2]], rtol=1e-3)
  assert change == 0


def trained_unit(seed=0, **arguments):
  """Returns a unit whose taps read up to several cells away."""
  unit = ppu((9, 8), 3, num_blocks=1, **arguments)
  rng = np.random.default_rng(seed)
  for variable in unit.weights:
    value = rng.normal(0, 0.3, variable.shape)
    variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
  return unit


def heatmaps(batch=4):
  maps = np.random.default_rng(1).random((2, batch, 9, 8, 3)).astype(np.float32)
  return maps[0], maps[1]


def test_samples_without_offsets_are_shifted_maps():
  unit = ppu((9, 8), 3, num_blocks=1, dilations=(1, 3))
  previous, preliminary = heatmaps()
  padded = np.pad(previous, ((0, 0), (3, 3), (3, 3), (0, 0)))
  samples = np.concatenate(
    [
      padded[:, 3 + dy : 12 + dy, 3 + dx : 11 + dx]
      for rate in (1, 3)
      for dy in (-rate, 0, rate)
      for dx in (-rate, 0, rate)
    ],
    axis=-1,
  ).reshape(-1, 2 * 9 * 3)
  moments = second_moments(unit, [(previous[:3], preliminary[:3]), (previous[3:], preliminary[3:])])
  np.testing.assert_allclose(moments, samples.T @ samples, rtol=1e-4)


@pytest.mark.parametrize("arguments", [{"dilations": (1, 3)}, {"dilations": (2,)}])
@pytest.mark.parametrize("offset_steps", [0, 4])
def test_pruned_unit_changes_by_the_returned_amount(arguments, offset_steps):
  unit, maps = trained_unit(offset_steps=offset_steps, **arguments), heatmaps()
  original = unit(list(maps)).numpy()
  change = prune(unit, [maps], 14)
  warps = deformable_convolutions(unit)
  kernels = np.concatenate([warp.kernel.numpy().reshape(-1, 3) for warp in warps])
  assert np.count_nonzero(kernels.any(axis=1)) == 14
  difference = unit(list(maps)).numpy() - original
  measured = np.sqrt((difference**2).sum() / (original**2).sum())
  assert 0.01 < measured < 0.8 and measured == pytest.approx(change, rel=0.02)


def test_too_many_samples_and_no_maps_are_refused():
  with pytest.raises(ValueError, match="has 27 samples. Received: 28"):
    prune(trained_unit(dilations=(1,)), [heatmaps()], 28)
  with pytest.raises(ValueError, match="Received: none"):
    prune(trained_unit(dilations=(1,)), [], 5)


def test_pruned_weights_have_no_gradient_and_others_are_unchanged():
  rng = np.random.default_rng(0)
  maps = tf.constant(rng.random((2, 6, 5, 3)), tf.float32)
  offsets = tf.constant(rng.normal(0, 1, (2, 6, 5, 54)), tf.float32)
  kernel = rng.normal(size=(9, 3, 3))
  out = rng.random((9, 3)) < 0.5
  kernel[out] = 0.0
  gradients = []
  for pruned in (False, True):
    layer = DeformableConv2D(3, pruned=pruned)
    layer.build([maps.shape, offsets.shape])
    layer.kernel.assign(kernel)
    with tf.GradientTape() as tape:
      outputs = layer([maps, offsets], training=True)
      loss = tf.reduce_sum(outputs**2)
    gradients.append(tape.gradient(loss, layer.kernel).numpy())
  free, masked = gradients
  assert np.abs(free[out]).max() > 0.1
  assert not masked[out].any()
  np.testing.assert_allclose(masked[~out], free[~out], rtol=1e-5)
