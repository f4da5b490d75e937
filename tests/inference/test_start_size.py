"""Tests of exported networks whose `start` takes larger frames, and of their descriptions."""

import json
import re
import zipfile

import numpy as np
import pytest

from ppn_tf.inference.load import load_pose_model
from ppn_tf.inference.tflite.metadata import add_description, describe_start
from ppn_tf.keypoints.skeletons import PENN_ACTION, to_dict
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.tracker import Tracker

import tensorflow as tf

CELLS = (1, 4, 6, 13)


class LargeStart(tf.Module):
  """Averages blocks of 6 x 6 pixels in `start`, and of 4 x 4 in `step`."""

  def look(self, frame, block):
    blocks = tf.nn.avg_pool2d(tf.reduce_mean(frame, -1, keepdims=True), block, block, "VALID")
    return tf.tile(blocks / 255.0, [1, 1, 1, CELLS[3]])

  @tf.function
  def start(self, frame):
    return {"heatmaps": self.look(frame, 6)}

  @tf.function
  def step(self, frame, previous):
    maps = self.look(frame, 4)
    return {"heatmaps": 0.5 * maps + 0.5 * previous, "preliminary": maps}


def save(folder, start_size=(24, 36)):
  network = LargeStart()
  specs = {
    "start": tf.TensorSpec([1, *start_size, 3], tf.float32, "frame"),
    "step": tf.TensorSpec([1, 16, 24, 3], tf.float32, "frame"),
  }
  previous = tf.TensorSpec(CELLS, tf.float32, "previous")
  signatures = {
    "start": network.start.get_concrete_function(specs["start"]),
    "step": network.step.get_concrete_function(specs["step"], previous),
  }
  tf.saved_model.save(network, str(folder / "saved"), signatures=signatures)
  content = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved")).convert()
  (folder / "model.tflite").write_bytes(content)
  return folder


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory):
  return save(tmp_path_factory.mktemp("models"))


@pytest.fixture(name="path")
def fixture_path(folder, tmp_path):
  path = tmp_path / "model.tflite"
  path.write_bytes((folder / "model.tflite").read_bytes())
  return path


def describe(**changes):
  frame = {"size": [16, 24], "box_margin": 1.25, "steady_crops": True}
  return {"frame": frame, "skeleton": to_dict(PENN_ACTION), **changes}


@pytest.mark.parametrize("name", ["model.tflite", "saved"])
def test_sizes_are_those_of_the_signatures(folder, name):
  model = load_pose_model(folder / name)
  assert (model.image_size, model.stride) == ((16, 24), 4)
  assert (model.start_size, model.start_stride) == ((24, 36), 6)
  frame = np.random.default_rng(0).uniform(0, 255, (24, 36, 3)).astype(np.float32)
  expected = frame.reshape(4, 6, 6, 6, 3).mean(axis=(1, 3, 4)) / 255
  np.testing.assert_allclose(model.start(frame)[..., 0], expected, atol=1e-5)


def test_description_has_the_margin_of_start_and_the_score(path):
  start = describe_start((24, 36), 1.75, (16, 24), 1.25)
  add_description(path, describe(**start, readout="present", restart_score=0.4))
  model = load_pose_model(path)
  assert (model.margin, model.start_margin, model.restart_score) == (1.25, 1.75, 0.4)
  nothing = np.zeros((16, 24, 3), np.float32), np.zeros(CELLS[1:], np.float32)
  assert model.final_and_preliminary(*nothing)[1] is not None
  settings = Tracker.from_preset(path).settings
  assert (settings.margin, settings.look_margin, settings.restart_score) == (1.25, 1.75, 0.4)
  assert settings.steady_crops


def test_older_description(path):
  add_description(path, describe())
  model = load_pose_model(path)
  assert (model.margin, model.start_margin, model.restart_score) == (1.25, None, None)
  nothing = np.zeros((16, 24, 3), np.float32), np.zeros(CELLS[1:], np.float32)
  assert model.final_and_preliminary(*nothing)[1] is not None
  assert Tracker.from_preset(path).settings.look_margin == 1.25


def test_preliminary_heatmaps_are_read_only_if_the_description_says_so(path):
  add_description(path, describe(readout="answer"))
  nothing = np.zeros((16, 24, 3), np.float32), np.zeros(CELLS[1:], np.float32)
  assert load_pose_model(path).final_and_preliminary(*nothing)[1] is None


def test_start_is_described_only_if_it_differs():
  assert describe_start((16, 24), 1.25, [16, 24], 1.25) == {}
  for size, margin in (((24, 36), 1.25), ((16, 24), 1.5)):
    frame = {"size": list(size), "box_margin": margin}
    assert describe_start(size, margin, (16, 24), 1.25) == {"start": {"frame": frame}}


@pytest.mark.parametrize(
  "change",
  [
    {"readout": "guess"},
    {"restart_score": "high"},
    {"restart_score": 40},
    {"start": []},
    {"start": {"frame": {"size": [24, 36]}}},
    {"start": {"frame": {"box_margin": 0}}},
  ],
)
def test_damaged_descriptions_are_refused(path, change):
  add_description(path, describe(**change))
  with pytest.raises(InputError, match=f"{re.escape(str(path))}: its description is damaged"):
    load_pose_model(path)


def test_frames_of_start_must_fit_the_cells(tmp_path):
  save(tmp_path, (25, 36))
  with pytest.raises(InputError, match=r"'start' takes frames of \(25, 36\)"):
    load_pose_model(tmp_path / "model.tflite")


def test_equal_descriptions_are_equal_bytes(path, tmp_path):
  content = path.read_bytes()
  files = []
  for name in ("a.tflite", "b.tflite"):
    files.append(tmp_path / name)
    files[-1].write_bytes(content)
    add_description(files[-1], describe())
  assert files[0].read_bytes() == files[1].read_bytes()
  with zipfile.ZipFile(files[0]) as archive:
    assert json.loads(archive.read("ppn_tf.json")) == describe()
    assert archive.infolist()[0].compress_type == zipfile.ZIP_DEFLATED
