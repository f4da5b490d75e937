"""Rounding in training against 8 bits worked out in NumPy, and which results it is of."""

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
  """Each kind of kernel once, and an op's result behind each."""
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
  """A float network, its rounding twin, and the clips that the ranges are from."""
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


def rounded_kernel(kernel, axes):
  """Integers from -127 to 127, the greatest weight of each channel being 127."""
  step = np.abs(kernel).max(axis=axes, keepdims=True) / 127
  return np.round(kernel / step) * step


def assert_rounded(found, exact, low, high):
  """Found is exact to half a step of 256 over the range, and a whole number of steps."""
  step = (max(high, 0.0) - min(low, 0.0)) / 255
  np.testing.assert_allclose(found, exact, atol=0.501 * step)
  steps = np.asarray(found) / step
  assert np.abs(steps - np.round(steps)).max() < 0.01
  assert np.abs(found - exact).max() > 0.2 * step


def results(network, names, frames):
  values = tf.keras.Model(network.input, [network.get_layer(name).output for name in names])(frames)
  return dict(zip(names, (value.numpy() for value in values)))


def test_what_is_rounded_is_what_ops_leave_in_memory(pair):
  rounds = {
    layer.name: {*qa.weights_by_name(layer)} & {"kernel_min", "depthwise_kernel_min", "output_min"}
    for layer in pair[1].body_net.layers
  }
  assert {name: found for name, found in rounds.items() if found} == {
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


def test_each_result_is_that_of_rounded_kernels_rounded(pair):
  trained, model, clips = pair
  frames = clips.reshape(-1, 8, 8, 3)
  names = ["scale", "relu", "depthwise_bn", "add", "deconv_relu"]
  exact = results(trained.body_net, names, frames)
  found = results(model.body_net, names, frames)
  source = trained.body_net.get_layer
  spans = {name: (value.min(), value.max()) for name, value in exact.items()}

  assert_rounded(found["scale"], exact["scale"], *spans["scale"])

  kernel = rounded_kernel(source("conv").kernel.numpy(), (0, 1, 2))
  values = tf.nn.conv2d(found["scale"], kernel, 1, "SAME")
  values = tf.nn.relu(source("bn")(values)).numpy()
  assert_rounded(found["relu"], np.minimum(values, spans["relu"][1]), *spans["relu"])

  kernel = rounded_kernel(source("depthwise").depthwise_kernel.numpy(), (0, 1, 3))
  values = tf.nn.depthwise_conv2d(found["relu"], kernel, [1, 1, 1, 1], "SAME")
  values = np.clip(source("depthwise_bn")(values), *spans["depthwise_bn"])
  assert_rounded(found["depthwise_bn"], values, *spans["depthwise_bn"])

  values = np.clip(found["relu"] + found["depthwise_bn"], *spans["add"])
  assert_rounded(found["add"], values, *spans["add"])

  kernel = rounded_kernel(source("deconv_conv").kernel.numpy(), None)
  values = tf.nn.conv2d_transpose(found["add"], kernel, [6, 16, 16, 5], 2, "SAME")
  values = tf.nn.relu(source("deconv_bn")(values)).numpy()
  assert_rounded(
    found["deconv_relu"], np.minimum(values, spans["deconv_relu"][1]), *spans["deconv_relu"]
  )


def test_gradients_pass_as_if_nothing_were_rounded(pair):
  trained, model, clips = pair
  gradients = []
  for one in (trained, model):
    weight = one.body_net.get_layer("heatmaps").kernel
    kernel = qa.weights_by_name(one.body_net.get_layer("conv"))["kernel"]
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean(one.body_net(clips[0]) ** 2)
    gradients.append(tape.gradient(loss, [kernel, weight]))
  for exact, found in zip(*gradients):
    np.testing.assert_allclose(found, exact, atol=0.1 * np.abs(exact).max())
    assert np.abs(found - exact).max() > 0


def test_training_moves_ranges_slowly_and_leaves_batch_norms(pair):
  trained, _, clips = pair
  model = qa.quantize_aware(trained)
  qa.start_from(model, trained, [clips])
  relu, bn = (model.body_net.get_layer(name) for name in ("relu", "bn"))
  before = float(qa.weights_by_name(relu)["output_max"])
  names = [variable.name for variable in model.trainable_variables]
  assert not [name for name in names if "bn" in name]
  assert len(names) == 3 + 2  # kernels; the last convolution's and its bias
  statistics = [variable.numpy() for variable in bn.weights]
  model.body_net(0.5 * clips[0], training=True)
  after = float(qa.weights_by_name(relu)["output_max"])
  seen = results(model.body_net, ["relu"], 0.5 * clips[0])["relu"].max()
  # tfmot's moving average has a momentum of 0.999.
  assert after == pytest.approx(0.999 * before + 0.001 * seen, rel=1e-4)
  for value, variable in zip(statistics, bn.weights):
    np.testing.assert_array_equal(value, variable)


@pytest.mark.parametrize("backbone", ["mobilenet_v2_0.35", "resnet18"])
def test_whole_networks_keep_their_layers_and_weights(backbone):
  size = (64, 64)
  networks = [pose_net(backbone, size, 3, name=name) for name in ("head_net", "body_net")]
  trained = PPN(*networks, ppu((16, 16), 3, num_blocks=1, dilations=(1, 2)), skip_connection=False)
  model = qa.quantize_aware(trained)
  assert not model.skip_connection
  qa.start_from(model, trained, [tf.random.uniform((1, 2, *size, 3), 0, 255)])
  for ours, theirs in zip(model.networks, trained.networks):
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    for layer in theirs.layers:
      found = qa.weights_by_name(ours.get_layer(layer.name))
      for name, weight in qa.weights_by_name(layer).items():
        np.testing.assert_array_equal(found[name], weight)
    # No convolution but the last is without rounding, nor has a batch norm behind one any.
    for layer in ours.layers:
      assert not isinstance(layer, (_layers.Conv2D, _layers.DepthwiseConv2D)) or (
        layer.name == "heatmaps"
      )
  offsets = model.ppu.get_layer("offsets_2")
  assert qa.get_ranges(offsets).kernel[0].shape == (54,)
  assert not [n for n in qa.weights_by_name(model.ppu.get_layer("warp_2")) if n.endswith("_min")]


def test_without_clips_there_are_no_ranges(pair):
  with pytest.raises(ValueError, match="Received: none"):
    qa.start_from(pair[1], pair[0], [])
