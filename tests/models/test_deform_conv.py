"""The deformable convolution against its definition, a plain convolution, and differences."""

import numpy as np
import pytest

from ppn_tf.models.deform_conv import DeformableConv2D
from tests import references

import tensorflow as tf


def layer_inputs(rng, shape, kernel_size, rates, spread=2.0):
  """A map [B, h, w, K] and per rate offsets [B, h, w, 2, taps, K], clear of whole numbers.

  At whole numbers bilinear interpolation has a kink, and differences say nothing there.
  """
  inputs = rng.normal(size=shape).astype(np.float32)
  offsets = []
  for _ in rates:
    values = rng.normal(0, spread, (*shape[:3], 2, kernel_size**2, shape[3]))
    fraction = np.clip(values - np.floor(values), 0.1, 0.9)
    offsets.append((np.floor(values) + fraction).astype(np.float32))
  return inputs, offsets


def call(layer, inputs, offsets):
  flat = [tf.reshape(one, [*one.shape[:3], -1]) for one in offsets]
  return layer([tf.convert_to_tensor(inputs), *flat])


def random_layer(rng, channels, filters, kernel_size, rates, scale=1.0):
  layer = DeformableConv2D(filters, kernel_size, rates, scale, kernel_initializer="zeros")
  kernel = rng.normal(size=(len(rates), kernel_size**2, channels, filters)).astype(np.float32)
  layer.build([tf.TensorShape([None, 5, 6, channels])])
  layer.kernel.assign(kernel)
  return layer, kernel


@pytest.mark.parametrize(
  ("kernel_size", "rates"), [(3, (1,)), (3, (2, 3)), (1, (1, 4))], ids=["3x3", "two", "1x1"]
)
def test_definition(kernel_size, rates):
  rng = np.random.default_rng(0)
  layer, kernel = random_layer(rng, 3, 2, kernel_size, rates, scale=0.5)
  inputs, offsets = layer_inputs(rng, (2, 5, 6, 3), kernel_size, rates)
  output = call(layer, inputs, offsets)
  for b in range(2):
    expected = references.deformable_sum(
      inputs[b], [one[b] for one in offsets], kernel, rates, scale=0.5
    )
    np.testing.assert_allclose(output[b], expected, atol=2e-5)


@pytest.mark.parametrize("rates", [(1,), (2,), (1, 3)])
def test_without_offsets_it_is_a_dilated_convolution(rates):
  rng = np.random.default_rng(1)
  layer, kernel = random_layer(rng, 4, 3, 3, rates)
  inputs = rng.normal(size=(2, 9, 7, 4)).astype(np.float32)
  offsets = [np.zeros((2, 9, 7, 2, 9, 4), np.float32) for _ in rates]
  expected = sum(
    tf.nn.conv2d(inputs, kernel[d].reshape(3, 3, 4, 3), 1, "SAME", dilations=rate)
    for d, rate in enumerate(rates)
  )
  np.testing.assert_allclose(call(layer, inputs, offsets), expected, atol=2e-5)


def test_new_layer_copies_its_map():
  inputs = np.random.default_rng(2).normal(size=(1, 6, 5, 3)).astype(np.float32)
  offsets = [np.zeros((1, 6, 5, 2, 9, 3), np.float32)] * 2
  layer = DeformableConv2D(3, 3, (2, 5), scale=0.5)
  np.testing.assert_allclose(call(layer, inputs, offsets), inputs, atol=1e-6)


def test_whole_offsets_shift_each_channel_by_its_own():
  inputs = np.random.default_rng(3).normal(size=(1, 6, 6, 2)).astype(np.float32)
  offsets = np.zeros((1, 6, 6, 2, 1, 2), np.float32)
  offsets[..., 0, 0, 0] = 2  # channel 0 reads two rows below,
  offsets[..., 1, 0, 1] = -1  # channel 1 one column to the left
  output = call(DeformableConv2D(2, 1), inputs, [offsets]).numpy()
  expected = np.zeros_like(inputs)
  expected[:, :4, :, 0] = inputs[:, 2:, :, 0]
  expected[:, :, 1:, 1] = inputs[:, :, :-1, 1]
  np.testing.assert_allclose(output, expected, atol=1e-6)


@pytest.mark.parametrize("far", [7.0, -7.0, 1e6, -1e30])
def test_far_outside_is_zero_and_has_no_gradient(far):
  inputs = tf.ones([1, 5, 6, 2])
  offsets = tf.Variable(tf.fill([1, 5, 6, 2 * 9 * 2], far))
  with tf.GradientTape() as tape:
    tape.watch(inputs)
    output = DeformableConv2D(2, 3)([inputs, offsets])
  gradients = tape.gradient(output, [inputs, offsets])
  for value in (output, *gradients):
    np.testing.assert_array_equal(value, np.zeros(value.shape))


def test_gradients_are_the_definitions_differences():
  rng = np.random.default_rng(4)
  rates = (1, 2)
  layer, kernel = random_layer(rng, 2, 2, 3, rates)
  inputs, offsets = layer_inputs(rng, (1, 3, 4, 2), 3, rates, spread=1.0)
  upstream = rng.normal(size=(3, 4, 2))
  variables = [tf.Variable(value) for value in (inputs, *offsets)]
  with tf.GradientTape() as tape:
    output = call(layer, variables[0], variables[1:])
    loss = tf.reduce_sum(output[0] * upstream.astype(np.float32))
  variables.append(layer.kernel)
  gradients = [tf.convert_to_tensor(g).numpy() for g in tape.gradient(loss, variables)]
  values = [np.float64(inputs), *np.float64(offsets), np.float64(kernel)]

  def difference(which, index, step=1e-3):
    """The definition's slope; exact, as it is linear in each single value here."""
    sides = []
    for sign in (1, -1):
      moved = [value.copy() for value in values]
      moved[which][index] += sign * step
      result = references.deformable_sum(moved[0][0], [moved[1][0], moved[2][0]], moved[3], rates)
      sides.append((result * upstream).sum())
    return (sides[0] - sides[1]) / (2 * step)

  for which, gradient in enumerate(gradients):
    assert gradient.shape == values[which].shape
    flat = rng.choice(gradient.size, size=min(gradient.size, 12), replace=False)
    for index in zip(*np.unravel_index(flat, gradient.shape)):
      assert gradient[index] == pytest.approx(difference(which, index), abs=2e-4)


def test_config_round_trip():
  layer = DeformableConv2D(3, 3, (2, 5), scale=0.5, kernel_initializer="zeros", name="warp")
  copy = DeformableConv2D.from_config(layer.get_config())
  assert copy.get_config() == layer.get_config()
  assert (copy.filters, copy.kernel_size, copy.dilations, copy.scale) == (3, 3, (2, 5), 0.5)


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    ({"filters": 2, "kernel_size": 2}, "kernel_size must be odd. Received: 2"),
    ({"filters": 2, "dilations": (0,)}, "Received: .0,"),
    ({"filters": 3}, "Received: filters=3, channels=2"),
  ],
)
def test_errors(arguments, message):
  with pytest.raises(ValueError, match=message):
    DeformableConv2D(**arguments).build([tf.TensorShape([None, 4, 4, 2])])
