"""Tests of ppn_tf.inference.pose_model: a network in all formats."""

import numpy as np
import pytest

from ppn_tf.inference.load import load_pose_model
from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.tensorflow_models import KerasPoseModel, SavedModelPoseModel
from ppn_tf.runtime import interpreter
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

FRAME, HEATMAPS = (1, 16, 24, 3), (1, 4, 6, 13)


class TinyNetwork(tf.Module):
  """Network that averages 4 x 4 blocks; a step mixes them with the previous heatmaps."""

  image_size, heatmap_size, num_joints = FRAME[1:3], HEATMAPS[1:3], 13

  def __init__(self):
    super().__init__()
    self.gains = tf.Variable(np.arange(1, 14, dtype=np.float32) / 255.0)

  def start(self, frames):
    blocks = tf.nn.avg_pool2d(tf.reduce_mean(frames, -1, keepdims=True), 4, 4, "VALID")
    return blocks * self.gains

  def step(self, frames, previous):
    return 0.5 * self.start(frames) + 0.5 * previous

  @tf.function(autograph=False)
  def serve_start(self, frame):
    return {"heatmaps": self.start(frame)}

  @tf.function(autograph=False)
  def serve_step(self, frame, previous):
    return {"heatmaps": self.step(frame, previous)}


def expected(frame, previous=None):
  """Computes the heatmaps of TinyNetwork in NumPy."""
  blocks = frame.reshape(4, 4, 6, 4, 3).mean(axis=(1, 3, 4))
  heatmaps = blocks[..., None] * np.arange(1, 14) / 255
  return heatmaps if previous is None else 0.5 * heatmaps + 0.5 * previous


def save(network, path, batch=1, names=("start", "step")):
  frame = tf.TensorSpec([batch, *FRAME[1:]], tf.float32, "frame")
  previous = tf.TensorSpec([batch, *HEATMAPS[1:]], tf.float32, "previous")
  functions = (
    network.serve_start.get_concrete_function(frame),
    network.serve_step.get_concrete_function(frame, previous),
  )
  tf.saved_model.save(network, str(path), signatures=dict(zip(names, functions)))
  return path


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory):
  """Writes the tiny network as model.tflite, int8.tflite, saved/ and open/ (any batch size)."""
  folder = tmp_path_factory.mktemp("models")
  network = TinyNetwork()
  save(network, folder / "saved")
  save(network, folder / "open", batch=None)
  save(network, folder / "other", names=("begin", "step"))

  def samples(*names):
    generator = np.random.default_rng(1)
    for _ in range(8):
      values = {
        "frame": generator.uniform(0, 255, FRAME).astype(np.float32),
        "previous": generator.uniform(0, 13, HEATMAPS).astype(np.float32),
      }
      yield {name: values[name] for name in names}

  for name, source, quantize in (
    ("model", "saved", False),
    ("other", "other", False),
    ("int8", "saved", True),
  ):
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / source))
    if quantize:

      def representative():
        for sample in samples("frame"):
          yield "start", sample
        for sample in samples("frame", "previous"):
          yield "step", sample

      converter.optimizations = [tf.lite.Optimize.DEFAULT]
      converter.representative_dataset = representative
      converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
      converter.inference_input_type = converter.inference_output_type = tf.int8
    (folder / f"{name}.tflite").write_bytes(converter.convert())
  return folder


def load(folder, name):
  return KerasPoseModel(TinyNetwork()) if name == "keras" else load_pose_model(folder / name)


@pytest.mark.parametrize("name", ["model.tflite", "saved", "open", "keras"])
def test_start_and_step(folder, name):
  model = load(folder, name)
  assert (model.image_size, model.heatmap_size) == ((16, 24), (4, 6))
  assert (model.num_joints, model.stride) == (13, 4)
  generator = np.random.default_rng(0)
  frames = generator.uniform(0, 255, (4, *FRAME[1:])).astype(np.float32)
  heatmaps, reference = model.start(frames[0]), expected(frames[0])
  for frame in frames:
    assert isinstance(heatmaps, np.ndarray)
    assert (heatmaps.shape, heatmaps.dtype) == ((4, 6, 13), np.float32)
    np.testing.assert_allclose(heatmaps, reference, atol=1e-4)
    heatmaps, reference = model.step(frame, heatmaps), expected(frame, reference)


@pytest.mark.parametrize("name", ["model.tflite", "saved", "keras"])
def test_outputs_are_not_overwritten_by_the_next_call(folder, name):
  model = load(folder, name)
  first = model.start(np.full(FRAME[1:], 100, np.float32))
  copy = first.copy()
  model.start(np.full(FRAME[1:], 200, np.float32))
  assert np.array_equal(first, copy)


def test_integer_inputs_and_outputs(folder):
  model = load_pose_model(folder / "int8.tflite")
  frame = np.random.default_rng(0).uniform(0, 255, FRAME[1:]).astype(np.float32)
  start = model.start(frame)
  assert start.dtype == np.float32
  np.testing.assert_allclose(start, expected(frame), atol=0.15)
  np.testing.assert_allclose(model.step(frame, start), expected(frame, expected(frame)), atol=0.3)


def test_tensorflow_interpreter_is_the_fallback(folder, monkeypatch):
  monkeypatch.setattr(interpreter.importlib.util, "find_spec", lambda name: None)
  model = TFLitePoseModel(folder / "model.tflite", num_threads=1)
  assert type(model._interpreter).__module__.startswith("tensorflow.lite")
  frame = np.full(FRAME[1:], 51, np.float32)
  np.testing.assert_allclose(model.start(frame), expected(frame), atol=1e-4)


@pytest.mark.parametrize("name", ["other", "other.tflite"])
def test_model_without_the_signatures(folder, name):
  with pytest.raises(InputError, match=r"other.*no signature 'start'.*begin"):
    load_pose_model(folder / name)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\0" * 4096, b"\x1c\0\0\0TFL3" * 50])
def test_invalid_file_is_refused(tmp_path, content):
  path = tmp_path / "a.tflite"
  path.write_bytes(content)
  with pytest.raises(InputError, match="a.tflite: not a TensorFlow Lite model") as caught:
    load_pose_model(path)
  assert "\n" not in str(caught.value)


def test_truncated_model(folder, tmp_path):
  data = (folder / "model.tflite").read_bytes()
  path = tmp_path / "a.tflite"
  path.write_bytes(data[: len(data) // 2])
  with pytest.raises(InputError, match="a.tflite"):
    load_pose_model(path)


def test_invalid_folder_is_refused(tmp_path):
  with pytest.raises(InputError, match="not a SavedModel"):
    load_pose_model(tmp_path)
  with pytest.raises(InputError, match="not a SavedModel"):
    SavedModelPoseModel(tmp_path / "gone")


def test_missing_file(tmp_path):
  with pytest.raises(InputError, match="gone.tflite: no such model"):
    load_pose_model(tmp_path / "gone.tflite")
