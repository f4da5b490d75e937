"""Tests of MoveNet's weights: the feature pyramid reproduces MoveNet's own graphs."""

import pathlib

import numpy as np
import pytest

from ppn_tf.models.backbones.movenet import read_movenet
from ppn_tf.models.pose_net import pose_net
from ppn_tf.runtime.errors import InputError
from ppn_tf.training.initial_weights import load_weights

import tensorflow as tf

MODELS = pathlib.Path(__file__).parents[4] / "shared" / "data" / "models"
# Input of the 1x1 convolution that gives MoveNet's heatmaps, and the heatmaps: name, channels.
FEATURES = ("kpt_heatmap_0/separable_conv2d_4/BiasAdd", 96)
HEATMAPS = ("StatefulPartitionedCall/Sigmoid", 17)


@pytest.fixture(name="movenet", scope="module")
def fixture_movenet():
  return find_movenet("lightning")


def find_movenet(name: str) -> pathlib.Path:
  path = MODELS / f"movenet-{name}.tflite"
  if not path.exists():
    pytest.skip(f"{path} does not exist")
  return path


def run_movenet(path, image: np.ndarray) -> tf.lite.Interpreter:
  """Returns the interpreter after it ran MoveNet on an image [1, H, W, 3] int32."""
  interpreter = tf.lite.Interpreter(str(path), experimental_preserve_all_tensors=True)
  interpreter.allocate_tensors()
  interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
  interpreter.invoke()
  return interpreter


def get_movenet_tensor(path, image: np.ndarray, result) -> np.ndarray:
  """Returns an intermediate tensor of MoveNet's file, computed by TensorFlow Lite."""
  interpreter = run_movenet(path, image)
  indices = [
    tensor["index"]
    for tensor in interpreter.get_tensor_details()
    if tensor["name"].endswith(result[0]) or f"{result[0]}/" in tensor["name"]
    if tuple(tensor["shape"]) == (1, image.shape[1] // 4, image.shape[2] // 4, result[1])
  ]
  return interpreter.get_tensor(indices[0])


@pytest.mark.parametrize(
  ("name", "backbone", "side", "num_joints", "result", "expected_unset"),
  [
    ("lightning", "mobilenet_v2_fpn", 192, 13, FEATURES, {"heatmaps", "scaled_heatmaps"}),
    ("lightning", "mobilenet_v2_fpn", 192, 17, HEATMAPS, {"scaled_heatmaps"}),
    ("thunder", "mobilenet_v2_1.75_fpn", 256, 17, HEATMAPS, {"scaled_heatmaps"}),
  ],
)
def test_pyramid_computes_the_tensors_of_movenet(
  name, backbone, side, num_joints, result, expected_unset
):
  """Compares heatmaps for COCO joints, and features for other joints."""
  movenet = find_movenet(name)
  network = pose_net(backbone, (side, side), num_joints)
  loaded = load_weights(network, "head", backbone, str(movenet))
  unset = {layer.name for layer in network.layers if layer.weights} - {x.name for x in loaded}
  assert unset == expected_unset
  image = np.random.default_rng(0).integers(0, 256, (1, side, side, 3)).astype(np.int32)
  computed = network.output
  if result == FEATURES:
    computed = network.get_layer("heatmaps").input
  actual = tf.keras.Model(network.input, computed)(image.astype(np.float32))
  expected = get_movenet_tensor(movenet, image, result)
  assert np.ptp(expected) > 0.05
  np.testing.assert_allclose(actual, expected, atol=1e-3)


@pytest.mark.parametrize(
  ("name", "backbone", "side"), [("lightning", "movenet", 192), ("thunder", "movenet_thunder", 256)]
)
def test_selected_person_equals_that_of_movenet(name, backbone, side):
  """Compares joints on pictures of several people on paddle boards, to 1.5 cells."""
  frames = sorted((MODELS.parent / "bonn").rglob("*.jpg"))
  if not frames:
    pytest.skip("shared/data/bonn has no frames")
  movenet = find_movenet(name)
  network = pose_net(backbone, (side, side), 17)
  loaded = load_weights(network, "body", backbone, str(movenet))
  unset = {layer.name for layer in network.layers if layer.weights} - {x.name for x in loaded}
  assert unset == {"scaled_heatmaps"}
  for left in (0, 210, 420):
    picture = tf.io.decode_jpeg(frames[0].read_bytes())[:, left : left + 540]
    crop = np.round(tf.image.resize(picture, (side, side)))[None]
    interpreter = run_movenet(movenet, crop.astype(np.int32))
    joints = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0, 0]
    maps = network(crop.astype(np.float32))[0].numpy()
    shape = maps.shape[:2]
    peaks = np.stack(np.unravel_index(maps.reshape(-1, 17).argmax(axis=0), shape), axis=-1)
    confident = joints[:, 2] > 0.3
    assert confident.sum() >= 8
    distances = np.abs(peaks + 0.5 - shape * joints[:, :2]).max(axis=-1)
    assert distances[confident].max() < 1.5


def test_network_without_the_pyramid_loads_mobilenet(movenet):
  network = pose_net("mobilenet_v2", (64, 64), 13)
  loaded = load_weights(network, "body", "mobilenet_v2", str(movenet))
  # The first convolution, two in block 0, three in each of 16 blocks; a batch norm after each.
  assert len(loaded) == 2 * (1 + 2 + 3 * 16)


def test_networks_of_other_widths_are_refused(movenet):
  for backbone in ("mobilenet_v2_0.35", "resnet18"):
    with pytest.raises(
      InputError, match="movenet-lightning.tflite: .* starts movenet.* mobilenet_v2_fpn"
    ):
      load_weights(pose_net(backbone, (64, 64), 13), "body", backbone, str(movenet))


def test_other_width_is_refused(movenet):
  """MoveNet Thunder is 1.75 times as wide as Lightning."""
  network = pose_net("mobilenet_v2_fpn", (64, 64), 13)
  with pytest.raises(InputError, match="Conv1/kernel is .3, 3, 3, 56. but the network's is"):
    load_weights(network, "head", "mobilenet_v2_fpn", str(find_movenet("thunder")))


def test_other_files_are_refused(tmp_path):
  with pytest.raises(InputError, match="absent.tflite: no such file"):
    read_movenet(tmp_path / "absent.tflite")
  (tmp_path / "broken.tflite").write_bytes(b"TFL3 and no more")
  with pytest.raises(InputError, match="broken.tflite: not a TensorFlow Lite model"):
    read_movenet(tmp_path / "broken.tflite")
  frames = tf.keras.Input((8, 8, 3), 1)
  network = tf.keras.Model(frames, tf.keras.layers.Conv2D(2, 3)(frames))
  unrelated = tmp_path / "other.tflite"
  unrelated.write_bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())
  with pytest.raises(InputError, match="other.tflite: not a MoveNet."):
    read_movenet(unrelated)


def test_int8_weights_are_refused(movenet, monkeypatch):
  """An 8-bit MoveNet has the same layers, but its kernels require their quantization steps."""
  real = tf.lite.Interpreter.get_tensor

  def get_tensor(self, index, subgraph=0):
    return real(self, index, subgraph).astype(np.int8)

  monkeypatch.setattr(tf.lite.Interpreter, "get_tensor", get_tensor)
  with pytest.raises(InputError, match="holds int8 weights"):
    read_movenet(movenet)
