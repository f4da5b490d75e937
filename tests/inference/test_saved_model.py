"""Tests of exports, which run without the package and equal the network."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from ppn_tf.inference import saved_model
from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.tensorflow_models import KerasPoseModel, SavedModelPoseModel
from ppn_tf.inference.tflite import convert
from ppn_tf.keypoints.heatmaps import decode
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.ppu import ppu

import tensorflow as tf

SIZE, CELLS, JOINTS = (32, 48), (8, 12), 3


def network(name: str) -> tf.keras.Model:
  frames = tf.keras.Input((*SIZE, 3), name="frame")
  values = tf.keras.layers.Rescaling(1 / 127.5, offset=-1)(frames)
  values = tf.keras.layers.Conv2D(8, 5, 4, padding="same", activation="relu")(values)
  values = tf.keras.layers.BatchNormalization()(values)
  return tf.keras.Model(frames, tf.keras.layers.Conv2D(JOINTS, 1)(values), name=name)


@pytest.fixture(name="model", scope="module")
def fixture_model():
  """Returns a PPN whose unit has nonzero offsets."""
  tf.keras.utils.set_random_seed(0)
  unit = ppu(CELLS, JOINTS, num_blocks=1, dilations=(1, 3))
  rng = np.random.default_rng(0)
  for variable in unit.trainable_variables:
    variable.assign_add(rng.normal(0, 0.05, variable.shape))
  return PPN(network("head"), network("body"), unit)


@pytest.fixture(name="frames", scope="module")
def fixture_frames():
  return np.random.default_rng(1).uniform(0, 255, (10, *SIZE, 3)).astype(np.float32)


@pytest.fixture(name="folder", scope="module")
def fixture_folder(model, tmp_path_factory):
  folder = tmp_path_factory.mktemp("exports")
  saved_model.write_saved_model(model, folder / "saved")
  (folder / "network.tflite").write_bytes(convert.to_tflite(model))
  return folder


def test_tflite_follows_the_network_over_ten_frames(model, frames, folder):
  exported = TFLitePoseModel(folder / "network.tflite")
  assert (exported.image_size, exported.heatmap_size, exported.num_joints) == (SIZE, CELLS, JOINTS)
  assert saved_model.recurrent_difference(model, exported, frames) <= 1e-4


def test_difference_detects_a_lost_recurrence(model, frames, folder):
  """Compares with a client that drops the previous heatmaps."""
  exported = SavedModelPoseModel(folder / "saved")
  assert saved_model.recurrent_difference(model, exported, frames) <= 1e-4

  class Forgetful(SavedModelPoseModel):
    def step(self, frame, previous):
      return super().step(frame, 0 * previous)

  assert saved_model.recurrent_difference(model, Forgetful(folder / "saved"), frames) > 0.1


def test_tflite_has_only_builtin_ops(folder):
  ops = convert.count_ops((folder / "network.tflite").read_bytes())
  assert ops and not [name for name in ops if name.startswith("custom:")]
  assert ops["CONV_2D"] > 0 and not [name for name in ops if "FLEX" in name.upper()]


def test_tflite_signatures(folder):
  interpreter = tf.lite.Interpreter(str(folder / "network.tflite"))
  assert interpreter.get_signature_list() == {
    "start": {"inputs": ["frame"], "outputs": ["heatmaps"]},
    "step": {"inputs": ["frame", "previous"], "outputs": ["heatmaps"]},
  }


@pytest.mark.parametrize("form", ["saved", "tflite", "keras"])
def test_step_returns_preliminary_heatmaps_on_request(model, frames, tmp_path, form):
  if form == "saved":
    saved_model.write_saved_model(model, tmp_path / "saved", preliminary=True, tracks=False)
    exported = SavedModelPoseModel(tmp_path / "saved")
  elif form == "tflite":
    path = tmp_path / "network.tflite"
    path.write_bytes(convert.to_tflite(model, preliminary=True))
    exported = TFLitePoseModel(path)
  else:
    exported = KerasPoseModel(model, "present")
  previous = model.start(frames[:1])
  final, preliminary = exported.final_and_preliminary(frames[1], previous[0].numpy())
  np.testing.assert_allclose(preliminary, model.body_net(frames[1:2])[0], atol=1e-4)
  np.testing.assert_allclose(final, model.step(frames[1:2], previous)[0], atol=1e-3)
  assert np.abs(final - preliminary).max() > 0.01


def test_framewise_step_keeps_both_inputs(tmp_path):
  path = tmp_path / "network.tflite"
  path.write_bytes(convert.to_tflite(Framewise(network("body"))))
  signatures = tf.lite.Interpreter(str(path)).get_signature_list()
  assert signatures["step"]["inputs"] == ["frame", "previous"]


def test_custom_ops_are_counted(tmp_path):
  """Converts a Flex op to prove that the check above can fail."""

  @tf.function(input_signature=[tf.TensorSpec([1, 4, 4, 1], tf.float32)])
  def blob(values):
    return tf.raw_ops.ImageProjectiveTransformV3(
      images=values,
      transforms=tf.constant([[1.0, 0, 1, 0, 1, 0, 0, 0]]),
      output_shape=[4, 4],
      fill_value=0.0,
      interpolation="BILINEAR",
    )

  converter = tf.lite.TFLiteConverter.from_concrete_functions([blob.get_concrete_function()])
  converter.target_spec.supported_ops = [
    tf.lite.OpsSet.TFLITE_BUILTINS,
    tf.lite.OpsSet.SELECT_TF_OPS,
  ]
  ops = convert.count_ops(converter.convert())
  assert [name for name in ops if name.startswith("custom:")]


CLIENT = """
import sys
sys.modules["ppn_tf"] = None  # an import of it would raise
import numpy as np
import tensorflow as tf
loaded = tf.saved_model.load("saved")
frames = np.load("frames.npy")
state = loaded.signatures["start"](frame=tf.constant(frames[:1]))["heatmaps"]
states = [state]
for t in range(len(frames)):
  step = loaded.signatures["step"](frame=tf.constant(frames[t : t + 1]), previous=state)
  state = step["heatmaps"]
  states.append(state)
pair = loaded.signatures["start"](frame=tf.constant(frames[:2]))["heatmaps"]
assert pair.shape[0] == 2, pair.shape
np.save("states.npy", np.concatenate(states))
clips = np.stack([frames, frames[::-1]]).round().astype(np.uint8)
tracked = loaded.signatures["track"](frames=tf.constant(clips))
np.savez("tracked.npz", **{name: value.numpy() for name, value in tracked.items()})
"""


def test_saved_model_runs_without_the_package(model, frames, folder):
  np.save(folder / "frames.npy", frames)
  environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
  result = subprocess.run(
    [sys.executable, "-c", textwrap.dedent(CLIENT)],
    cwd=folder,
    env=environment,
    capture_output=True,
    text=True,
    timeout=120,
  )
  assert result.returncode == 0, result.stderr
  state = model.start(frames[:1])
  expected = [state]
  for frame in frames:
    state = model.step(frame[None], state)
    expected.append(state)
  np.testing.assert_allclose(np.load(folder / "states.npy"), np.concatenate(expected), atol=1e-4)


def test_track_equals_start_and_steps(model, frames, folder):
  """Reads the results of the process without the package, for a batch of two clips."""
  tracked = np.load(folder / "tracked.npz")
  assert tracked["keypoints"].shape == (2, len(frames), JOINTS, 2)
  for clip, keypoints, scores in zip(
    (frames.round(), frames.round()[::-1]), tracked["keypoints"], tracked["scores"]
  ):
    state = model.start(clip[:1])
    for frame, points, score in zip(clip, keypoints, scores):
      state = model.step(frame[None], state)
      expected = decode(state, 4)
      np.testing.assert_allclose(points, expected[0][0], atol=0.05)
      np.testing.assert_allclose(score, expected[1][0], atol=1e-4)
