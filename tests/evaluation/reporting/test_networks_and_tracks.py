"""Tests of ppn_tf.evaluation.reporting.latency and tracks on small generated files."""

import json

import numpy as np
import pytest

from ppn_tf.evaluation.reporting.latency import measure
from ppn_tf.evaluation.reporting.tracks import read_track
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.writer import write_video

import tensorflow as tf


class Toy(tf.Module):
  """Network with both signatures that averages 4x4 pixels."""

  @tf.function(input_signature=[tf.TensorSpec([1, 32, 64, 3], tf.float32, "frame")])
  def start(self, frame):
    return {"heatmaps": tf.nn.avg_pool2d(frame, 4, 4, "VALID")}

  @tf.function(
    input_signature=[
      tf.TensorSpec([1, 32, 64, 3], tf.float32, "frame"),
      tf.TensorSpec([1, 8, 16, 3], tf.float32, "previous"),
    ]
  )
  def step(self, frame, previous):
    return {"heatmaps": tf.nn.avg_pool2d(frame, 4, 4, "VALID") + previous}


def test_measure(tmp_path):
  toy = Toy()
  tf.saved_model.save(toy, str(tmp_path / "toy"), {"start": toy.start, "step": toy.step})
  converter = tf.lite.TFLiteConverter.from_saved_model(
    str(tmp_path / "toy"), signature_keys=["start", "step"]
  )
  file = tmp_path / "toy.tflite"
  file.write_bytes(converter.convert())
  network = measure(file)
  assert (network.name, network.image_size) == ("toy.tflite", (32, 64))
  assert network.num_bytes == file.stat().st_size
  assert 0 < network.start_ms < 1000 and 0 < network.step_ms < 1000


def test_measure_refuses_bad_files(tmp_path):
  with pytest.raises(InputError, match="no such file"):
    measure(tmp_path / "nothing.tflite")
  (tmp_path / "text.tflite").write_text("not a model")
  with pytest.raises(InputError, match="text.tflite: not a TensorFlow Lite model"):
    measure(tmp_path / "text.tflite")


def table(count, score=0.9):
  frame = {"keypoints": [[1, 2, score], [3, 4, 0.1]], "box": [0, 0, 1, 1]}
  header = {"video": "some/where/walk.mp4", "fps": 25.0, "width": 64, "height": 48}
  return {**header, "frames": [{**frame, "index": n, "time": n / 25} for n in range(count)]}


@pytest.fixture(name="files")
def fixture_files(tmp_path):
  """Writes a table and a video of twenty frames with increasing brightness."""
  video = tmp_path / "walk_pose.mp4"
  with write_video(video, 25.0) as writer:
    for n in range(20):
      writer.write(np.full((48, 64, 3), 12 * n, np.uint8), n / 25)
  tracked = tmp_path / "walk_pose.json"
  tracked.write_text(json.dumps(table(20)))
  return tracked, video


def test_track(files):
  tracked, video = files
  for value in (f"{tracked},{video}", f"{video}, {tracked}"):
    track = read_track(value)
    assert (track.picture.width, track.picture.height) == (4 * 64 + 3 * 4, 2 * 48 + 4)
    assert track.caption == (
      "walk.mp4: 20 frames of 64×48 at 25 per second. 50 % of the joints score 0.2 or more."
    )


def test_video_shorter_than_its_table(files):
  tracked, video = files
  tracked.write_text(json.dumps(table(40)))
  assert read_track(f"{tracked},{video}").picture.width == 4 * 64 + 3 * 4


@pytest.mark.parametrize("value", ["", "walk.json", "walk.mp4", "a.json,b.json", "a.mp4,b.mp4"])
def test_track_requires_two_files(value):
  with pytest.raises(InputError, match="expected NAME_pose.json,NAME_pose.mp4"):
    read_track(value)


@pytest.mark.parametrize(
  "content",
  [
    "",
    "[]",
    "3",
    '{"video": "a"}',
    '{"video": "a", "fps": 1, "width": 1, "height": 1, "frames": []}',
    '{"video": "a", "fps": 1, "width": 1, "height": 1, "frames": [{}]}',
  ],
)
def test_unrelated_table(files, content):
  files[0].write_text(content)
  with pytest.raises(InputError) as caught:
    read_track(f"{files[0]},{files[1]}")
  assert "walk_pose.json: lacks" in str(caught.value) and "\n" not in str(caught.value)


def test_missing_files(files, tmp_path):
  with pytest.raises(InputError, match="none.json: cannot be read"):
    read_track(f"{tmp_path}/none.json,{files[1]}")
  with pytest.raises(InputError, match="none.mp4"):
    read_track(f"{files[0]},{tmp_path}/none.mp4")
