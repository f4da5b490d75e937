"""Backbone weights with folded batch norms."""

import pathlib

import numpy as np
import pytest

from ppn_tf.errors import InputError
from ppn_tf.models.pose_net import pose_net
from ppn_tf.models.pretrained import load_backbone

import tensorflow as tf

BACKBONE_FILES = pathlib.Path(__file__).parents[3] / "shared" / "data" / "backbones"


@pytest.fixture(name="network")
def fixture_network():
  """A 3x3 and a depthwise convolution, named as in tf.keras.applications, and a head."""
  frames = tf.keras.Input((8, 8, 3))
  values = tf.keras.layers.Conv2D(4, 3, use_bias=False, name="Conv1")(frames)
  values = tf.keras.layers.BatchNormalization(epsilon=0.01, name="bn_Conv1")(values)
  values = tf.keras.layers.DepthwiseConv2D(3, use_bias=False, name="block_depthwise")(values)
  values = tf.keras.layers.BatchNormalization(name="block_depthwise_BN")(values)
  return tf.keras.Model(frames, tf.keras.layers.Conv2D(2, 1, name="heatmaps")(values))


@pytest.fixture(name="arrays")
def fixture_arrays():
  rng = np.random.default_rng(0)
  return {
    "Conv1/kernel": rng.normal(size=(3, 3, 3, 4)),
    "Conv1/bias": rng.normal(size=4),
    "block_depthwise/kernel": rng.normal(size=(3, 3, 4, 1)),
    "block_depthwise/bias": rng.normal(size=4),
    "classifier/kernel": rng.normal(size=(4, 10)),
    "classifier/bias": rng.normal(size=10),
  }


def test_batch_norm_adds_the_bias_and_nothing_else(network, arrays, tmp_path):
  np.savez(tmp_path / "weights.npz", **arrays)
  head = [value.copy() for value in network.get_layer("heatmaps").get_weights()]
  assert load_backbone(network, tmp_path / "weights.npz") == 2
  for before, after in zip(head, network.get_layer("heatmaps").get_weights()):
    np.testing.assert_array_equal(after, before)

  frames = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype(np.float32)
  weights = {name: value.astype(np.float32) for name, value in arrays.items()}
  expected = tf.nn.conv2d(frames, weights["Conv1/kernel"], 1, "VALID") + weights["Conv1/bias"]
  expected = tf.nn.depthwise_conv2d(
    expected, weights["block_depthwise/kernel"], [1, 1, 1, 1], "VALID"
  )
  expected += weights["block_depthwise/bias"]
  inner = tf.keras.Model(network.input, network.get_layer("block_depthwise_BN").output)
  np.testing.assert_allclose(inner(frames, training=False), expected, atol=1e-4)


@pytest.mark.parametrize(
  ("change", "message"),
  [
    ({"Conv1/kernel": np.zeros((3, 3, 3, 5))}, "Conv1/kernel is .3, 3, 3, 5. but"),
    ({"Conv1/bias": np.zeros(5)}, "Conv1/bias is .5,. but"),
    ({"Conv1/bias": None}, "Conv1/bias is missing"),
    ({"Conv1/kernel": None, "block_depthwise/kernel": None}, "no layer of it is in"),
  ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(
  network, arrays, tmp_path, change, message
):
  arrays = {name: value for name, value in {**arrays, **change}.items() if value is not None}
  path = tmp_path / "weights.npz"
  np.savez(path, **arrays)
  with pytest.raises(InputError, match=message) as error:
    load_backbone(network, path)
  assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"no zip file", "array"])
def test_what_is_no_weights_file_is_refused_in_one_line(network, tmp_path, content):
  path = tmp_path / "weights.npz"
  if content == "array":
    with open(path, "wb") as file:
      np.save(file, np.zeros(3))
  elif content is not None:
    path.write_bytes(content)
  with pytest.raises(InputError, match="not a readable .npz") as error:
    load_backbone(network, path)
  assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["imagenet_dequant", "movenet-lightning"])
def test_published_backbones_fill_mobilenet(name):
  path = BACKBONE_FILES / f"mobilenetv2_a1.0_{name}.npz"
  if not path.exists():
    pytest.skip(f"{path} is not there")
  network = pose_net("mobilenet_v2", (64, 64), 13)
  # The first convolution, two in block 0, three in each of 16 blocks.
  assert load_backbone(network, path) == 1 + 2 + 3 * 16
