"""Tests of the deformable convolution: its definition, finite differences, and torchvision."""

import pathlib

import numpy as np
import pytest

from ppn_tf.models.layers import deform_resampler
from ppn_tf.models.layers.deform_conv import IMPLEMENTATIONS, DeformableConv2D, set_implementation
from tests import references

import tensorflow as tf

GOLDEN = pathlib.Path(__file__).with_name("torchvision_deform_conv2d.npz")
needs_addons = pytest.mark.skipif(
  not deform_resampler.available(), reason="TensorFlow Addons is not installed"
)
EACH = [
  pytest.param(name, marks=needs_addons if name == "resampler" else ())
  for name in sorted(IMPLEMENTATIONS)
]


@pytest.fixture(name="implementation", params=EACH)
def fixture_implementation(request):
  return request.param


def random_offsets(rng, shape, spread=2.0):
  """Returns normal offsets away from whole numbers.

  At whole numbers bilinear interpolation has a kink, and finite differences are meaningless.
  """
  values = rng.normal(0, spread, shape)
  fraction = np.clip(values - np.floor(values), 0.1, 0.9)
  return (np.floor(values) + fraction).astype(np.float32)


def call(layer, inputs, offsets):
  """Applies the layer to [B, h, w, C] maps and [B, h, w, 2, taps, G] offsets."""
  return layer([tf.convert_to_tensor(inputs), tf.reshape(offsets, [*offsets.shape[:3], -1])])


def make_layer(kernel, implementation, rate=1, groups=0):
  taps, _, filters = kernel.shape
  return DeformableConv2D(
    filters,
    int(taps**0.5),
    rate,
    groups,
    implementation,
    kernel_initializer=tf.keras.initializers.Constant(kernel),
  )


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(("kernel_size", "rate"), [(3, 1), (3, 3), (1, 1), (5, 2)])
def test_definition(implementation, kernel_size, rate, groups):
  rng = np.random.default_rng(0)
  taps = kernel_size**2
  inputs = rng.normal(size=(2, 5, 6, 4)).astype(np.float32)
  offsets = random_offsets(rng, (2, 5, 6, 2, taps, groups))
  kernel = rng.normal(size=(taps, 4, 2)).astype(np.float32)
  output = call(make_layer(kernel, implementation, rate, groups), inputs, offsets)
  for b in range(2):
    expected = references.deformable_convolution(inputs[b], offsets[b], kernel, rate)
    np.testing.assert_allclose(output[b], expected, atol=2e-5)


@pytest.mark.parametrize("rate", [1, 2])
def test_zero_offsets_give_a_dilated_convolution(implementation, rate):
  rng = np.random.default_rng(1)
  kernel = rng.normal(size=(9, 4, 3)).astype(np.float32)
  inputs = rng.normal(size=(2, 9, 7, 4)).astype(np.float32)
  expected = tf.nn.conv2d(inputs, kernel.reshape(3, 3, 4, 3), 1, "SAME", dilations=rate)
  offsets = np.zeros((2, 9, 7, 2, 9, 4), np.float32)
  output = call(make_layer(kernel, implementation, rate), inputs, offsets)
  np.testing.assert_allclose(output, expected, atol=2e-5)


def test_outputs_equal_torchvision(implementation):
  """Compares with arrays written by torchvision_golden.py."""
  golden = np.load(GOLDEN)
  for case in sorted({name.partition("/")[0] for name in golden.files}):
    inputs, offsets, kernel, expected = (
      golden[f"{case}/{name}"] for name in ("input", "offset", "weight", "output")
    )
    # torchvision uses [B, C, h, w], [F, C, k, k] and offsets [B, (group, tap, dy or dx), h, w].
    batch, channels, height, width = inputs.shape
    filters, _, size, _ = kernel.shape
    groups, rate = (int(golden[f"{case}/{name}"]) for name in ("groups", "dilation"))
    offsets = offsets.reshape(batch, groups, size**2, 2, height, width)
    output = call(
      make_layer(
        kernel.reshape(filters, channels, size**2).transpose(2, 1, 0), implementation, rate, groups
      ),
      inputs.transpose(0, 2, 3, 1),
      offsets.transpose(0, 4, 5, 3, 2, 1),
    )
    np.testing.assert_allclose(output, expected.transpose(0, 2, 3, 1), atol=1e-4)


def test_new_layer_copies_its_map_exactly(implementation):
  inputs = np.random.default_rng(2).normal(size=(1, 6, 5, 3)).astype(np.float32)
  offsets = np.zeros((1, 6, 5, 2, 9, 3), np.float32)
  layer = DeformableConv2D(3, dilation_rate=2, implementation=implementation)
  np.testing.assert_array_equal(call(layer, inputs, offsets), inputs)


def test_integer_offsets_shift_each_channel_separately(implementation):
  inputs = np.random.default_rng(3).normal(size=(1, 6, 6, 2)).astype(np.float32)
  offsets = np.zeros((1, 6, 6, 2, 1, 2), np.float32)
  offsets[..., 0, 0, 0] = 2  # channel 0 reads two rows below
  offsets[..., 1, 0, 1] = -1  # channel 1 reads one column to the left
  output = call(DeformableConv2D(2, 1, implementation=implementation), inputs, offsets).numpy()
  expected = np.zeros_like(inputs)
  expected[:, :4, :, 0] = inputs[:, 2:, :, 0]
  expected[:, :, 1:, 1] = inputs[:, :, :-1, 1]
  np.testing.assert_allclose(output, expected, atol=1e-6)


@pytest.mark.parametrize("far", [7.0, -7.0, 1e6, -1e30])
def test_samples_far_outside_are_zero_and_have_no_gradient(implementation, far):
  inputs = tf.ones([1, 5, 6, 2])
  offsets = tf.Variable(tf.fill([1, 5, 6, 2 * 9 * 2], far))
  with tf.GradientTape() as tape:
    tape.watch(inputs)
    output = DeformableConv2D(2, implementation=implementation)([inputs, offsets])
  gradients = tape.gradient(output, [inputs, offsets])
  for value in (output, *gradients):
    np.testing.assert_array_equal(value, np.zeros(value.shape))


@pytest.mark.parametrize("groups", [1, 2])
def test_gradients_equal_finite_differences(implementation, groups):
  rng = np.random.default_rng(4)
  values = [
    rng.normal(size=(2, 3, 4, 2)).astype(np.float32),
    random_offsets(rng, (2, 3, 4, 2, 9, groups), spread=1.0),
    rng.normal(size=(9, 2, 3)).astype(np.float32),
  ]
  upstream = rng.normal(size=(2, 3, 4, 3))
  layer = make_layer(values[2], implementation, 2, groups)
  variables = [tf.Variable(value) for value in values[:2]]
  with tf.GradientTape() as tape:
    output = call(layer, *variables)
    loss = tf.reduce_sum(output * upstream.astype(np.float32))
  gradients = tape.gradient(loss, [*variables, layer.kernel])

  def difference(which, index, step=1e-3):
    """Returns the slope of the definition, which is linear in each single value here."""
    sides = []
    for sign in (1, -1):
      moved = [np.float64(value) for value in values]
      moved[which][index] += sign * step
      results = [
        references.deformable_convolution(moved[0][b], moved[1][b], moved[2], 2) for b in range(2)
      ]
      sides.append((np.stack(results) * upstream).sum())
    return (sides[0] - sides[1]) / (2 * step)

  for which, gradient in enumerate(gradients):
    gradient = tf.convert_to_tensor(gradient).numpy()
    assert gradient.shape == values[which].shape
    flat = rng.choice(gradient.size, size=min(gradient.size, 16), replace=False)
    for index in zip(*np.unravel_index(flat, gradient.shape)):
      assert gradient[index] == pytest.approx(difference(which, index), abs=2e-4)


def test_implementations_have_the_same_gradients(implementation):
  """Compares at the size of a real heatmap, where finite differences take too long."""
  rng = np.random.default_rng(5)
  inputs = tf.constant(rng.normal(size=(2, 24, 20, 5)), tf.float32)
  offsets = tf.constant(rng.normal(0, 9, (2, 24, 20, 2 * 9 * 5)), tf.float32)
  upstream = tf.constant(rng.normal(size=(2, 24, 20, 4)), tf.float32)
  kernel = rng.normal(size=(9, 5, 4)).astype(np.float32)
  results = []
  for name in ("gather", implementation):
    layer = make_layer(kernel, name, rate=6)

    @tf.function(autograph=False)
    def run(layer=layer):
      with tf.GradientTape() as tape:
        tape.watch([inputs, offsets])
        output = layer([inputs, offsets])
      sources = [inputs, offsets, layer.kernel]
      return output, *tape.gradient(output, sources, output_gradients=upstream)

    layer.build([inputs.shape, offsets.shape])
    results.append(run())
  for value, expected in zip(results[1], results[0]):
    scale = float(tf.reduce_max(tf.abs(expected)))
    np.testing.assert_allclose(value / scale, expected / scale, atol=1e-5)


def test_gradients_are_bitwise_reproducible():
  """A resumed run must equal an uninterrupted run, regardless of threads."""
  rng = np.random.default_rng(6)
  inputs = tf.constant(rng.normal(size=(1, 48, 48, 13)), tf.float32)
  offsets = tf.constant(rng.normal(0, 5, (1, 48, 48, 2 * 9 * 13)), tf.float32)
  layer = make_layer(rng.normal(size=(9, 13, 13)).astype(np.float32), "fused", rate=3)
  layer.build([inputs.shape, offsets.shape])

  @tf.function(autograph=False)
  def gradient():
    with tf.GradientTape() as tape:
      tape.watch(inputs)
      loss = tf.reduce_sum(tf.square(layer([inputs, offsets])))
    return tape.gradient(loss, inputs)

  first = gradient()
  for _ in range(5):
    np.testing.assert_array_equal(gradient(), first)


def test_rounded_offsets_have_straight_through_gradients():
  rng = np.random.default_rng(7)
  maps = rng.normal(size=(1, 6, 5, 2)).astype(np.float32)
  offsets = random_offsets(rng, (1, 6, 5, 2, 9, 2))
  kernel = rng.normal(size=(9, 2, 3)).astype(np.float32)
  quarters = np.floor(offsets * 4 + 0.5) / 4
  assert np.abs(quarters - offsets).max() > 0.1
  expected = references.deformable_convolution(maps[0], quarters[0], kernel, 1)
  layer, exact = (
    DeformableConv2D(
      3, offset_steps=steps, kernel_initializer=tf.keras.initializers.Constant(kernel)
    )
    for steps in (4, 0)
  )
  np.testing.assert_allclose(call(layer, maps, offsets)[0], expected, atol=1e-5)
  gradients = []
  for conv, values in ((layer, offsets), (exact, quarters)):
    values = tf.constant(values)
    with tf.GradientTape() as tape:
      tape.watch(values)
      total = tf.reduce_sum(call(conv, maps, values) ** 2)
    gradients.append(tape.gradient(total, values))
  np.testing.assert_allclose(*gradients, atol=1e-4)


def test_auto_is_fused_only_in_training(monkeypatch):
  called = []
  for name, convolve in IMPLEMENTATIONS.items():

    def spy(*arguments, name=name, convolve=convolve):
      called.append(name)
      return convolve(*arguments)

    monkeypatch.setitem(IMPLEMENTATIONS, name, spy)
  inputs = [tf.keras.Input((4, 4, 1)), tf.keras.Input((4, 4, 18))]
  network = tf.keras.Model(inputs, DeformableConv2D(1)(inputs))
  values = [tf.zeros([1, 4, 4, 1]), tf.zeros([1, 4, 4, 18])]
  called.clear()
  network(values)
  network(values, training=True)
  set_implementation(network, "fused")
  network(values)
  assert called == ["gather", "fused", "fused"]


def test_config_round_trip():
  layer = DeformableConv2D(3, 5, 2, 1, "gather", "zeros", 0.5, name="warp")
  copy = DeformableConv2D.from_config(layer.get_config())
  assert copy.get_config() == layer.get_config()
  settings = (copy.filters, copy.kernel_size, copy.dilation_rate, copy.deformable_groups)
  assert settings == (3, 5, 2, 1)
  assert (copy.implementation, copy.identity_gain) == ("gather", 0.5)


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    ({"filters": 2, "kernel_size": 2}, "kernel_size must be odd. Received: 2"),
    ({"filters": 2, "dilation_rate": 0}, "1 or more. Received: 0"),
    ({"filters": 2, "implementation": "cuda"}, "Received: 'cuda'"),
    ({"filters": 3}, "Received: filters=3, channels=2"),
    ({"filters": 2, "deformable_groups": 3}, "Received: deformable_groups=3, channels=2"),
    ({"filters": 2, "deformable_groups": 1}, "must have 18 channels.* Received: 36"),
  ],
)
def test_errors(arguments, message):
  with pytest.raises(ValueError, match=message):
    layer = DeformableConv2D(**arguments)
    layer.build([tf.TensorShape([None, 4, 4, 2]), tf.TensorShape([None, 4, 4, 36])])


@pytest.mark.parametrize("axis", [0, 1])
def test_offset_that_is_nan_gives_nan(implementation, axis):
  inputs = np.ones((1, 5, 6, 2), np.float32)
  offsets = np.zeros((1, 5, 6, 2, 9, 2), np.float32)
  offsets[0, 2, 3, axis, 4, 1] = np.nan
  kernel = np.ones((9, 2, 1), np.float32)
  output = call(make_layer(kernel, implementation), inputs, offsets).numpy()[0, ..., 0]
  expected = np.zeros((5, 6), bool)
  expected[2, 3] = True
  np.testing.assert_array_equal(np.isnan(output), expected)
