"""Tests of the Pose Propagation Unit against Eqs. 2-5 and its cost in the paper."""

import re

import numpy as np
import pytest

from ppn_tf.models.ppu import DILATIONS, ppu
from tests import references

import tensorflow as tf


@pytest.mark.parametrize("width", [None, 6])
def test_new_unit_copies_the_previous_heatmaps(width):
  unit = ppu((10, 8), 4, width=width, num_blocks=2)
  rng = np.random.default_rng(0)
  previous, preliminary = rng.random((2, 3, 10, 8, 4)).astype(np.float32)
  assert unit.output_shape == (None, 10, 8, 4)
  for training in (False, True):
    np.testing.assert_array_equal(unit([previous, preliminary], training=training), previous)


@pytest.mark.parametrize(("reduction", "factor"), [("mean", 0.5), ("sum", 1.5)])
def test_initial_gain_and_reduction_scale_the_copy(reduction, factor):
  unit = ppu((6, 5), 2, None, 1, (1, 2, 3), reduction, initial_gain=0.5)
  previous, preliminary = np.random.default_rng(2).random((2, 1, 6, 5, 2)).astype(np.float32)
  np.testing.assert_allclose(unit([previous, preliminary]), factor * previous, rtol=1e-6)


def test_single_dilation_requires_no_reduction():
  unit = ppu((6, 5), 2, None, 1, (3,))
  previous, preliminary = np.random.default_rng(3).random((2, 1, 6, 5, 2)).astype(np.float32)
  np.testing.assert_array_equal(unit([previous, preliminary]), previous)


def test_pooled_unit_copies_averaged_heatmaps():
  unit = ppu((8, 12), 3, num_blocks=1, dilations=(1, 2), pooling=2)
  previous, preliminary = np.random.default_rng(4).random((2, 1, 8, 12, 3)).astype(np.float32)
  assert unit.output_shape == (None, 8, 12, 3)
  averaged = previous.reshape(1, 4, 2, 6, 2, 3).mean(axis=(2, 4))
  output = unit([previous, preliminary]).numpy()
  np.testing.assert_allclose(output, tf.image.resize(averaged, (8, 12)), atol=1e-6)


def test_pooled_unit_has_the_weights_of_a_unit_on_smaller_heatmaps():
  small, pooled = (
    ppu((size, size), 3, num_blocks=1, dilations=(1, 2), pooling=pooling)
    for size, pooling in ((4, 1), (8, 2))
  )
  rng = np.random.default_rng(5)
  for variable in small.weights:
    variable.assign(rng.normal(0, 0.3, variable.shape) ** 2)
  pooled.set_weights(small.get_weights())
  maps = rng.random((2, 1, 4, 4, 3)).astype(np.float32)
  expected = tf.image.resize(small(list(maps)), (8, 8))
  fine = [np.kron(values, np.ones((1, 2, 2, 1), np.float32)) for values in maps]
  np.testing.assert_allclose(pooled(fine), expected, atol=1e-5)
  assert np.abs(expected - tf.image.resize(maps[0], (8, 8))).max() > 0.1


@pytest.mark.parametrize(
  ("arguments", "received"),
  [
    ({"reduction": "max"}, "'max'"),
    ({"dilations": ()}, "()"),
    ({"dilations": (0,)}, "(0,)"),
    ({"dilations": (1, 2), "samples": 37}, "37"),  # 2 rates, 9 taps and 2 joints have 36
    ({"pooling": 2}, "2"),  # the heatmaps have 6 x 5 cells
    ({"pooling": 0}, "0"),
  ],
)
def test_errors_name_the_received_value(arguments, received):
  with pytest.raises(ValueError, match=re.escape(f"Received: {received}")):
    ppu((6, 5), 2, **arguments)


def compute_by_equations(weights, previous, preliminary, rates, num_joints):
  """Computes the output of a unit with one block of width K from its weights by name."""

  def conv_bn(values, number):
    values = references.convolution(values, weights[f"phi_1_conv{number}/kernel:0"])
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    return references.batch_norm(values, *(weights[f"phi_1_bn{number}/{name}:0"] for name in names))

  difference = preliminary - previous  # Eq. 2
  features = conv_bn(np.maximum(conv_bn(difference, 1), 0), 2)
  features = np.maximum(features + difference, 0)
  offsets = [  # Eq. 3
    references.convolution(features, weights[f"offsets_{rate}/kernel:0"], rate).reshape(
      *previous.shape[:2], 2, 9, num_joints
    )
    for rate in rates
  ]
  return np.mean(  # Eqs. 4 and 5, with a mean for the sum
    [
      references.deformable_convolution(previous, offset, weights[f"warp_{rate}/kernel:0"], rate)
      for offset, rate in zip(offsets, rates)
    ],
    axis=0,
  )


def test_equations_2_to_5():
  rng = np.random.default_rng(1)
  rates, num_joints = (1, 3), 2
  unit = ppu((6, 5), num_joints, num_blocks=1, dilations=rates)
  for variable in unit.weights:
    value = rng.normal(0, 0.3, variable.shape)
    variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
  previous, preliminary = rng.normal(size=(2, 6, 5, num_joints))
  weights = {variable.name: variable.numpy().astype(np.float64) for variable in unit.weights}
  expected = compute_by_equations(weights, previous, preliminary, rates, num_joints)
  output = unit([np.float32(previous[None]), np.float32(preliminary[None])], training=False)
  np.testing.assert_allclose(output[0], expected, atol=5e-5)
  # The warp moves heatmaps, so the offsets are not all zero.
  assert np.abs(expected - previous).max() > 0.1


def test_cost_of_the_default_unit():
  unit = ppu((64, 64), 13)
  assert DILATIONS == (3, 6, 12, 18, 24)
  # A block has two 3x3 convolutions 13 -> 13, each with a batch norm of 4 values per channel.
  convolution = 3 * 3 * 13 * 13
  blocks, norms = 17 * 2 * convolution, 17 * 2 * 4 * 13
  # Five branches map 13 channels to (dy, dx) of 9 taps for each of 13 joints.
  offsets = 5 * 3 * 3 * 13 * (2 * 9 * 13)
  # Five deformable 3x3 kernels are 13 -> 13.
  deformable = 5 * convolution
  assert unit.count_params() == blocks + norms + offsets + deformable == 197_977
  # Each weight outside batch norms is used once per cell: the paper's 0.80 GMACs, which are
  # 3.87 - 3.07 and 1.39 - 0.59 in its Table 2.
  assert round((blocks + offsets + deformable) * 64 * 64 / 1e9, 2) == 0.80


def test_wider_blocks_start_with_a_projection():
  unit = ppu((8, 8), 13, width=128, num_blocks=2)
  assert unit.get_layer("phi_1_shortcut_conv").filters == 128
  assert unit.get_layer("phi_2_conv2").filters == 128
  assert not [layer for layer in unit.layers if layer.name.startswith("phi_2_shortcut")]


def test_unit_is_flat():
  layers = ppu((8, 8), 3, num_blocks=1).layers
  assert not [
    layer for layer in layers if isinstance(layer, (tf.keras.Model, tf.keras.layers.Lambda))
  ]
  assert not [layer for layer in layers if "OpLambda" in type(layer).__name__]
