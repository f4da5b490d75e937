"""Tests of backbone weights with folded batch norms."""

import pathlib

import numpy as np
import pytest

from ppn_tf.models.pose_net import BACKBONES, pose_net
from ppn_tf.models.weight_files import load_backbone, write_backbone
from ppn_tf.runtime.errors import InputError
from tests.random_weights import randomize

import tensorflow as tf

BACKBONE_FILES = pathlib.Path(__file__).parents[3] / "shared" / "data" / "backbones"


@pytest.fixture(name="network")
def fixture_network():
  """Returns a 3x3 and a depthwise convolution, named as in tf.keras.applications, and a head."""
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


def test_batch_norm_only_adds_the_bias(network, arrays, tmp_path):
  np.savez(tmp_path / "weights.npz", **arrays)
  head = [value.copy() for value in network.get_layer("heatmaps").get_weights()]
  loaded = load_backbone(network, tmp_path / "weights.npz")
  names = ["Conv1", "bn_Conv1", "block_depthwise", "block_depthwise_BN"]
  assert [layer.name for layer in loaded] == names
  for original, value in zip(head, network.get_layer("heatmaps").get_weights()):
    np.testing.assert_array_equal(value, original)

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
    ({"Conv1/kernel": None}, "holds block_depthwise but not Conv1 before it"),
    ({"Conv2/kernel": np.zeros((3, 3, 4, 4))}, "holds Conv2, which the network lacks"),
    ({"Conv1/kernel": None, "block_depthwise/kernel": None}, "holds no layer of the network"),
  ],
)
def test_mismatched_file_is_refused_in_one_line(network, arrays, tmp_path, change, message):
  arrays = {name: value for name, value in {**arrays, **change}.items() if value is not None}
  path = tmp_path / "weights.npz"
  np.savez(path, **arrays)
  with pytest.raises(InputError, match=message) as error:
    load_backbone(network, path)
  assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"no zip file", "array"])
def test_unreadable_file_is_refused_in_one_line(network, tmp_path, content):
  path = tmp_path / "weights.npz"
  if content == "array":
    with open(path, "wb") as file:
      np.save(file, np.zeros(3))
  elif content is not None:
    path.write_bytes(content)
  with pytest.raises(InputError, match="not readable as .npz") as error:
    load_backbone(network, path)
  assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("num_joints", [2, 3])
def test_last_layer_is_loaded_for_the_same_number_of_joints(network, arrays, tmp_path, num_joints):
  last = {
    "heatmaps/kernel": np.full((1, 1, 4, num_joints), 0.25),
    "heatmaps/bias": np.full(num_joints, 0.5),
  }
  np.savez(tmp_path / "weights.npz", **arrays, **last)
  original = network.get_layer("heatmaps").get_weights()
  loaded = load_backbone(network, tmp_path / "weights.npz")
  assert (loaded[-1].name == "heatmaps") == (num_joints == 2)
  expected = list(last.values()) if num_joints == 2 else original
  for value, target in zip(network.get_layer("heatmaps").get_weights(), expected):
    np.testing.assert_array_equal(value, target)


def test_folding_by_hand(tmp_path):
  """Folds a 1x1 kernel k to k * g and the bias to b - m * g, with g = gamma / sqrt(var + 1)."""
  frames = tf.keras.Input((1, 1, 1))
  values = tf.keras.layers.Conv2D(2, 1, use_bias=False, name="a")(frames)
  values = tf.keras.layers.BatchNormalization(epsilon=1.0, name="of_a")(values)
  # Each of two input channels has two output channels, in the order 00, 01, 10, 11.
  values = tf.keras.layers.DepthwiseConv2D(1, depth_multiplier=2, use_bias=False, name="b")(values)
  values = tf.keras.layers.BatchNormalization(epsilon=1.0, name="of_b")(values)
  values = tf.keras.layers.Conv2DTranspose(3, 1, use_bias=False, name="c")(values)
  values = tf.keras.layers.BatchNormalization(epsilon=1.0, name="of_c")(values)
  network = tf.keras.Model(frames, tf.keras.layers.Conv2D(1, 1, name="heatmaps")(values))
  network.get_layer("a").set_weights([np.reshape([2.0, 3.0], (1, 1, 1, 2))])
  network.get_layer("of_a").set_weights(np.array([[4, 9], [1, 0], [1, 2], [3, 8]], float))
  network.get_layer("b").set_weights([np.reshape([1.0, 2.0, 3.0, 4.0], (1, 1, 2, 2))])
  network.get_layer("of_b").set_weights(
    np.array([[1, 2, 3, 4], [0, 0, 0, 5], [0, 0, 0, 7], [3, 3, 3, 3]], float)
  )
  network.get_layer("c").set_weights([np.arange(12.0).reshape(1, 1, 3, 4)])
  network.get_layer("of_c").set_weights(np.array([[1, 10, 100], [0] * 3, [0] * 3, [0] * 3], float))
  network.get_layer("heatmaps").set_weights([np.ones((1, 1, 3, 1)), np.array([6.0])])
  write_backbone(network, tmp_path / "weights.npz")
  expected = {
    "a/kernel": [[[[4, 9]]]],  # scales 4 / 2 and 9 / 3
    "a/bias": [1 - 2, 0 - 6],
    "b/kernel": [[[[0.5, 2], [4.5, 8]]]],  # scales 1 / 2, 2 / 2, 3 / 2, 4 / 2
    "b/bias": [0, 0, 0, 5 - 14],
    "c/kernel": [[[[0, 1, 2, 3], [40, 50, 60, 70], [800, 900, 1000, 1100]]]],
    "c/bias": [0, 0, 0],
    "heatmaps/kernel": [[[[1], [1], [1]]]],
    "heatmaps/bias": [6],
  }
  with np.load(tmp_path / "weights.npz") as written:
    assert set(written.files) == set(expected)
    for name, value in expected.items():
      np.testing.assert_allclose(written[name], value, rtol=1e-6, err_msg=name)


# The smallest network of each kind; tests of the others are slow.
QUICK = ("mobilenet_v2_0.35", "mobilenet_v2_fpn", "movenet", "resnet18")


@pytest.mark.parametrize(
  "backbone",
  [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in sorted(BACKBONES)
  ],
)
def test_written_network_is_read_back(backbone, tmp_path):
  network = pose_net(backbone, (64, 64), 13, "deconv")
  observed = [network.get_layer("heatmaps").output, network.layers[-2].output]
  observe = tf.keras.Model(network.input, observed)
  frames = np.random.default_rng(2).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
  randomize(network)
  expected = [values.numpy() for values in observe(frames)]
  write_backbone(network, tmp_path / "weights.npz")
  randomize(network, seed=1)
  load_backbone(network, tmp_path / "weights.npz")
  for values, written in zip(observe(frames), expected):
    assert written.std() > 0.01
    np.testing.assert_allclose(values, written, atol=1e-4 * np.abs(written).max())


def test_half_precision_halves_the_file(network, tmp_path):
  randomize(network)
  write_backbone(network, tmp_path / "single.npz")
  write_backbone(network, tmp_path / "half.npz", dtype="float16")
  with np.load(tmp_path / "single.npz") as single, np.load(tmp_path / "half.npz") as half:
    for name in single.files:
      assert half[name].dtype == np.float16
      np.testing.assert_allclose(half[name], single[name], rtol=2**-10)


def test_different_depth_is_refused(tmp_path):
  """ResNet-34 has all layers of ResNet-18, with the same shapes, and more blocks."""
  networks = [tf.keras.Model(*BACKBONES[name]((64, 64))) for name in ("resnet18", "resnet34")]
  for source, target in (networks, networks[::-1]):
    write_backbone(source, tmp_path / "weights.npz")
    with pytest.raises(InputError, match="holds v2_stack_"):
      load_backbone(target, tmp_path / "weights.npz")


@pytest.mark.parametrize("name", ["imagenet_dequant", "movenet-lightning"])
def test_published_backbones_are_loaded_into_mobilenet(name):
  path = BACKBONE_FILES / f"mobilenetv2_a1.0_{name}.npz"
  if not path.exists():
    pytest.skip(f"{path} does not exist")
  network = pose_net("mobilenet_v2", (64, 64), 13)
  # The first convolution, two in block 0, three in each of 16 blocks; a batch norm after each.
  assert len(load_backbone(network, path)) == 2 * (1 + 2 + 3 * 16)
