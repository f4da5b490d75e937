"""Tests of predictions for recorded clips by .tflite files of this project."""

import numpy as np
import pytest

from ppn_tf.clips import pipeline, records
from ppn_tf.evaluation.evaluator import Evaluator
from ppn_tf.evaluation.exported_networks import ExportedNetwork, load_network
from ppn_tf.evaluation.third_party import ThirdPartyNetwork
from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.recurrence import Recurrence
from ppn_tf.inference.tflite import convert as tflite_convert
from ppn_tf.inference.tflite.metadata import add_description
from ppn_tf.keypoints.joint_maps import COCO_JOINTS
from ppn_tf.keypoints.skeletons import PENN_ACTION, to_dict
from ppn_tf.models.ppn import PPN
from ppn_tf.models.ppu import ppu
from ppn_tf.runtime.errors import InputError
from tests.evaluation.test_third_party import convert
from tests.inference.tflite.test_convert import CELLS, JOINTS, SIZE, network

import tensorflow as tf


def exported(folder, description=True, steady_crops=False, margin=1.25, start_margin=None):
  """Exports a network that reads the red channel; a step averages it with the previous maps.

  All COCO joints are at the same position, and cells are pixels.
  """
  size, joints = 32, len(COCO_JOINTS)
  frame = tf.TensorSpec([1, size, size, 3], tf.float32, "frame")
  previous = tf.TensorSpec([1, size, size, joints], tf.float32, "previous")

  def read_red(frame):
    return tf.tile(frame[..., :1], [1, 1, 1, joints]) / 255.0

  class Network(tf.Module):
    @tf.function(input_signature=[frame])
    def start(self, frame):
      return {"heatmaps": read_red(frame)}

    @tf.function(input_signature=[frame, previous])
    def step(self, frame, previous):
      return {"heatmaps": 0.5 * read_red(frame) + 0.5 * previous}

  network = Network()
  functions = {"start": network.start, "step": network.step}
  signatures = {name: function.get_concrete_function() for name, function in functions.items()}
  tf.saved_model.save(network, str(folder / "saved"), signatures=signatures)
  path = folder / "ours.tflite"
  path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved")).convert())
  if description:
    skeleton = {"name": "coco", "joint_names": COCO_JOINTS, "flip_pairs": [], "limbs": [],
                "torso": [5, 12], "groups": []}  # fmt: skip
    frame = {"box_margin": margin, "steady_crops": steady_crops}
    start = {"start": {"frame": {"box_margin": start_margin}}} if start_margin else {}
    add_description(path, {"skeleton": skeleton, "frame": frame, **start})
  return path


def read_crops(dataset, clip, margin):
  """Returns the red channel [T, 32, 32] of the crops of a test clip, and their affines."""
  builder = records.open_records(dataset)
  windows = pipeline.evaluation_windows(
    builder, "test", num_frames=7, image_size=(32, 32), box_margin=margin
  )
  (window,) = [window for window in windows if window["clip"].numpy().decode() == clip]
  valid = window["valid"].numpy()
  affines = window["affines"][0].numpy()[valid]
  return window["frames"][0].numpy()[valid][..., 0] / 255.0, affines


def test_heatmaps_are_refreshed_every_third_frame(tiny_dataset, tmp_path):
  """Repeats the recurrence in NumPy; HeadNet's crops show what those of the steps show."""
  network = ExportedNetwork(exported(tmp_path, margin=1.25), refresh_every=3)
  builder = records.open_records(tiny_dataset)
  predictions = {result.clip: result for result in network.predict(builder, "test")}["0004"]
  red, affines = read_crops(tiny_dataset, "0004", 1.25)
  maps = red[0]
  for frame, picture in enumerate(red):
    if frame in (3, 6):
      maps = (maps + picture) / 2
    maps = 0.5 * picture + 0.5 * maps
    assert predictions.scores[frame] == pytest.approx(maps.max(), abs=1e-4), frame
  assert len(affines) == 7


@pytest.mark.parametrize(
  ("num_frames", "begins", "margin"), [(0, [0], 1.0), (3, [0, 3, 6], 1.25), (7, [0], 1.25)]
)
def test_recurrence(tiny_dataset, tmp_path, num_frames, begins, margin):
  """Repeats the recurrence in NumPy, in crops with the margin that the file states.

  The first frame of a clip or window passes twice.
  """
  network = load_network(exported(tmp_path, margin=margin))
  assert network.recurrent and network.joint_names == COCO_JOINTS
  builder = records.open_records(tiny_dataset)
  results = network.predict(builder, "test", num_frames=num_frames)
  clips = {result.clip: result for result in results}
  predictions = clips["0004"]
  assert sorted(clips) == ["0004", "0005"] and predictions.joint_names == COCO_JOINTS
  red, affines = read_crops(tiny_dataset, "0004", margin)
  maps = red[0]
  for frame, picture in enumerate(red):
    maps = 0.5 * picture + 0.5 * (picture if frame in begins else maps)
    np.testing.assert_allclose(predictions.scores[frame], maps.max(), atol=1e-5)
    # DARK moves a joint from the highest cell by at most one cell along each axis.
    row, column = np.unravel_index(maps.argmax(), maps.shape)
    places = predictions.keypoints[frame] @ affines[frame, :, :2].T + affines[frame, :, 2]
    assert (np.abs(places - [column, row]) <= 1.0 + 1e-3).all()


@pytest.mark.parametrize("num_frames", [0, 3])
def test_larger_crops_start_the_recurrence(tiny_dataset, tmp_path, num_frames):
  """Starts windows with crops of twice the margin of the following ones."""
  path = exported(tmp_path, margin=1.25, start_margin=2.5)
  builder = records.open_records(tiny_dataset)
  results = load_network(path).predict(builder, "test", num_frames=num_frames)
  (predictions,) = [result for result in results if result.clip == "0004"]
  (small, affines), (large, starts) = (
    read_crops(tiny_dataset, "0004", margin) for margin in (1.25, 2.5)
  )
  recurrence = Recurrence(TFLitePoseModel(path))
  for frame, red in enumerate(small):
    crop, start = (np.tile(255 * channel[..., None], 3) for channel in (red, large[frame]))
    if frame % (num_frames or len(small)) == 0:
      recurrence.start(start, starts[frame], affines[frame])
    keypoints, _ = recurrence.step(crop, affines[frame])
    np.testing.assert_allclose(predictions.keypoints[frame], keypoints, atol=1e-3)


def test_steady_crops_of_a_file(tmp_path):
  """Checks that heatmaps follow an even motion of the crop, but not a jump."""
  network = load_network(exported(tmp_path, steady_crops=True))
  place = np.zeros((32, 32, 3), np.float32)
  place[16, 10] = 255.0
  empty = np.zeros_like(place)

  def column(*centers):
    """Returns the final position of the red in crops of frame pixels."""
    for frame, x in enumerate(centers):
      affine = np.array([[1, 0, 15.5 - x], [0, 1, 0]], np.float32)
      keypoints = network(empty if frame else place, affine, frame == 0)
    return keypoints[0, 0]

  # The first crop passes twice, so the mean speed starts at 0. After ten pixels to the right, the
  # red has followed by four pixels and lags by six. In the next frame it catches up by about 2.4.
  assert column(50) == pytest.approx(10, abs=0.1)
  assert column(50, 60) == pytest.approx(10 - 6, abs=0.1)
  assert column(50, 60, 60) == pytest.approx(10 - 6 + 2.4, abs=0.6)
  fixed = load_network(exported(tmp_path))
  fixed(place, np.eye(2, 3, dtype=np.float32), True)
  moved = fixed(empty, np.float32([[1, 0, -6], [0, 1, 0]]), False)
  assert moved[0, 0] == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("num_frames", [0, 3])
def test_export_equals_evaluation(tiny_dataset, tmp_path, num_frames):
  """Compares an exported PPN with its evaluation."""
  tf.keras.utils.set_random_seed(0)
  unit = ppu(CELLS, JOINTS, num_blocks=1, dilations=(1, 3), initial_gain=0.5)
  model = PPN(network("head_net"), network("body_net"), unit)
  path = tmp_path / "ppn.tflite"
  path.write_bytes(tflite_convert.to_tflite(model))
  add_description(path, {"skeleton": to_dict(PENN_ACTION), "frame": {"box_margin": 1.25}})
  builder = records.open_records(tiny_dataset)
  evaluator = Evaluator(model, PENN_ACTION, decoder="dark", whole_clip=not num_frames)
  windows = pipeline.evaluation_windows(
    builder, "test", num_frames=num_frames or 4, image_size=SIZE, box_margin=1.1
  )
  expected = {result.clip: result for result in evaluator(windows)}
  results = list(load_network(path).predict(builder, "test", margin=1.1, num_frames=num_frames))
  assert len(results) == len(expected) == 2
  for result in results:
    assert result.joint_names == PENN_ACTION.joint_names
    np.testing.assert_allclose(result.keypoints, expected[result.clip].keypoints, atol=0.05)
    np.testing.assert_allclose(result.scores, expected[result.clip].scores, atol=1e-3)


def test_file_without_a_description(tmp_path):
  file = exported(tmp_path, description=False)
  with pytest.raises(InputError, match="ours.tflite: does not say which joints it has"):
    load_network(file)


def test_third_party_networks_are_recognized_by_their_shapes(tmp_path):
  answer = tf.zeros([1, 1, 17, 3])
  file = convert(tmp_path, lambda image: answer + 0 * image[0, 0, 0, 0], 1, 32, 32, 3)
  network = load_network(file)
  assert isinstance(network, ThirdPartyNetwork) and not network.recurrent


@pytest.mark.parametrize("content", [None, "no network"])
def test_invalid_network(tmp_path, content):
  path = tmp_path / "a.tflite"
  if content:
    path.write_text(content)
  with pytest.raises(InputError, match="a.tflite: (no such file|not a TensorFlow Lite model)"):
    load_network(path)
