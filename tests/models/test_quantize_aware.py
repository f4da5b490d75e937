"""Tests of rounding in training against 8-bit values in NumPy, and of the rounded results."""

import numpy as np
import pytest

from ppn_tf.models import quantize_aware as qa
from ppn_tf.models.layers.upsample import deconv
from ppn_tf.models.pose_net import pose_net
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.ppu import ppu

import tensorflow as tf

_layers = tf.keras.layers


def small_network() -> tf.keras.Model:
  """Returns a network with each kind of kernel once, each followed by another op."""
  frames = tf.keras.Input((8, 8, 3), name="frame")
  values = _layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(frames)
  values = _layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv")(values)
  values = _layers.ReLU(name="relu")(_layers.BatchNormalization(name="bn")(values))
  depthwise = _layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(values)
  depthwise = _layers.BatchNormalization(name="depthwise_bn")(depthwise)
  values = _layers.Add(name="add")([values, depthwise])
  values = deconv(values, 5, "deconv")
  return tf.keras.Model(frames, _layers.Conv2D(2, 1, 2, name="heatmaps")(values))


@pytest.fixture(name="pair", scope="module")
def fixture_pair():
  """Returns a float network, its quantization-aware version, and the clips of its ranges."""
  tf.keras.utils.set_random_seed(0)
  network = small_network()
  rng = np.random.default_rng(0)
  for variable in network.weights:
    value = rng.normal(0, 0.5, variable.shape)
    variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
  trained = Framewise(network)
  model = qa.quantize_aware(trained)
  clips = rng.integers(0, 256, (2, 3, 8, 8, 3)).astype(np.float32)
  qa.start_from(model, trained, [clips[:1], clips[1:]])
  return trained, model, clips


def round_kernel(kernel, axes):
  """Rounds to steps from -127 to 127, where the largest weight of a channel is 127 steps."""
  step = np.abs(kernel).max(axis=axes, keepdims=True) / 127
  return np.round(kernel / step) * step


def assert_rounded(actual, exact, low, high):
  """Checks for whole steps of 256 over the range, and errors of at most half a step."""
  step = (max(high, 0.0) - min(low, 0.0)) / 255
  np.testing.assert_allclose(actual, exact, atol=0.501 * step)
  steps = np.asarray(actual) / step
  assert np.abs(steps - np.round(steps)).max() < 0.01
  assert np.abs(actual - exact).max() > 0.2 * step


def get_outputs(network, names, frames):
  values = tf.keras.Model(network.input, [network.get_layer(name).output for name in names])(frames)
  return dict(zip(names, (value.numpy() for value in values)))


def test_kernels_and_stored_results_are_rounded(pair):
  rounds = {
    layer.name: {*qa.weights_by_name(layer)} & {"kernel_min", "depthwise_kernel_min", "output_min"}
    for layer in pair[1].body_net.layers
  }
  assert {name: weights for name, weights in rounds.items() if weights} == {
    "scale": {"output_min"},
    "conv": {"kernel_min"},
    "relu": {"output_min"},
    "depthwise": {"depthwise_kernel_min"},
    "depthwise_bn": {"output_min"},
    "add": {"output_min"},
    "deconv_conv": {"kernel_min"},
    "deconv_relu": {"output_min"},
  }
  assert qa.is_rounding(pair[1].body_net) and not qa.is_rounding(pair[0].body_net)


def test_results_of_rounded_kernels_are_rounded(pair):
  trained, model, clips = pair
  frames = clips.reshape(-1, 8, 8, 3)
  names = ["scale", "relu", "depthwise_bn", "add", "deconv_relu"]
  exact = get_outputs(trained.body_net, names, frames)
  rounded = get_outputs(model.body_net, names, frames)
  source = trained.body_net.get_layer
  spans = {name: (value.min(), value.max()) for name, value in exact.items()}

  assert_rounded(rounded["scale"], exact["scale"], *spans["scale"])

  kernel = round_kernel(source("conv").kernel.numpy(), (0, 1, 2))
  values = tf.nn.conv2d(rounded["scale"], kernel, 1, "SAME")
  values = tf.nn.relu(source("bn")(values)).numpy()
  assert_rounded(rounded["relu"], np.minimum(values, spans["relu"][1]), *spans["relu"])

  kernel = round_kernel(source("depthwise").depthwise_kernel.numpy(), (0, 1, 3))
  values = tf.nn.depthwise_conv2d(rounded["relu"], kernel, [1, 1, 1, 1], "SAME")
  values = np.clip(source("depthwise_bn")(values), *spans["depthwise_bn"])
  assert_rounded(rounded["depthwise_bn"], values, *spans["depthwise_bn"])

  values = np.clip(rounded["relu"] + rounded["depthwise_bn"], *spans["add"])
  assert_rounded(rounded["add"], values, *spans["add"])

  kernel = round_kernel(source("deconv_conv").kernel.numpy(), None)
  values = tf.nn.conv2d_transpose(rounded["add"], kernel, [6, 16, 16, 5], 2, "SAME")
  values = tf.nn.relu(source("deconv_bn")(values)).numpy()
  assert_rounded(
    rounded["deconv_relu"], np.minimum(values, spans["deconv_relu"][1]), *spans["deconv_relu"]
  )


def test_gradients_ignore_rounding(pair):
  trained, model, clips = pair
  gradients = []
  for network in (trained, model):
    weight = network.body_net.get_layer("heatmaps").kernel
    kernel = qa.weights_by_name(network.body_net.get_layer("conv"))["kernel"]
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean(network.body_net(clips[0]) ** 2)
    gradients.append(tape.gradient(loss, [kernel, weight]))
  for exact, rounded in zip(*gradients):
    np.testing.assert_allclose(rounded, exact, atol=0.1 * np.abs(exact).max())
    assert np.abs(rounded - exact).max() > 0


def test_training_moves_ranges_slowly_and_freezes_batch_norms(pair):
  trained, _, clips = pair
  model = qa.quantize_aware(trained)
  qa.start_from(model, trained, [clips])
  relu, bn = (model.body_net.get_layer(name) for name in ("relu", "bn"))
  initial = float(qa.weights_by_name(relu)["output_max"])
  names = [variable.name for variable in model.trainable_variables]
  assert not [name for name in names if "bn" in name]
  assert len(names) == 3 + 2  # three kernels; kernel and bias of the last convolution
  statistics = [variable.numpy() for variable in bn.weights]
  model.body_net(0.5 * clips[0], training=True)
  updated = float(qa.weights_by_name(relu)["output_max"])
  observed = get_outputs(model.body_net, ["relu"], 0.5 * clips[0])["relu"].max()
  # tfmot's moving average has a momentum of 0.999.
  assert updated == pytest.approx(0.999 * initial + 0.001 * observed, rel=1e-4)
  for value, variable in zip(statistics, bn.weights):
    np.testing.assert_array_equal(value, variable)


@pytest.mark.parametrize(
  "backbone", [pytest.param("mobilenet_v2_0.35", marks=pytest.mark.slow), "resnet18"]
)
def test_whole_networks_keep_their_layers_and_weights(backbone):
  size = (64, 64)
  networks = [pose_net(backbone, size, 3, name=name) for name in ("head_net", "body_net")]
  trained = PPN(*networks, ppu((16, 16), 3, num_blocks=1, dilations=(1, 2)), skip_connection=False)
  model = qa.quantize_aware(trained)
  assert not model.skip_connection
  qa.start_from(model, trained, [tf.random.uniform((1, 2, *size, 3), 0, 255)])
  for quantized, source in zip(model.networks, trained.networks):
    assert [layer.name for layer in quantized.layers] == [layer.name for layer in source.layers]
    for layer in source.layers:
      weights = qa.weights_by_name(quantized.get_layer(layer.name))
      for name, weight in qa.weights_by_name(layer).items():
        np.testing.assert_array_equal(weights[name], weight)
    # Every convolution except the last one is rounded.
    for layer in quantized.layers:
      assert not isinstance(layer, (_layers.Conv2D, _layers.DepthwiseConv2D)) or (
        layer.name == "heatmaps"
      )
  offsets = model.ppu.get_layer("offsets_2")
  assert qa.get_ranges(offsets).kernel[0].shape == (54,)
  assert not [n for n in qa.weights_by_name(model.ppu.get_layer("warp_2")) if n.endswith("_min")]


def test_ranges_require_clips(pair):
  with pytest.raises(ValueError, match="Received: none"):
    qa.start_from(pair[1], pair[0], [])
