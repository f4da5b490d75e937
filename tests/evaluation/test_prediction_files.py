"""Tests of folders of predictions: writing, resuming, reading, and errors."""

import json
import re

import numpy as np
import pytest

from ppn_tf.evaluation.prediction_files import ABOUT, PredictionFolder, gather, read_predictions
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.runtime.errors import InputError

MADE = {"dataset": "penn", "num_frames": 5, "scales": (0.8, 1.0)}


def make_predictions(clip, num_frames=3, names=("head", "hip")):
  rng = np.random.default_rng(num_frames)
  keypoints = rng.uniform(-5, 200, (num_frames, len(names), 2)).astype(np.float32)
  scores = rng.random((num_frames, len(names))).astype(np.float32)
  return ClipPredictions(clip, tuple(names), keypoints, scores)


def test_written_predictions_are_read_back(tmp_path):
  folder = PredictionFolder(tmp_path / "new" / "there", MADE)
  written = [
    make_predictions(name, n + 1) for n, name in enumerate(["0004", "a/b c%.mp4#7", "ä.b"])
  ]
  written[0].keypoints[0, 1] = np.nan
  for predictions in written:
    folder.write(predictions)
  assert {predictions.clip for predictions in folder.read()} == {
    predictions.clip for predictions in written
  }
  about, clips = read_predictions(folder.path)
  assert about == {"dataset": "penn", "num_frames": 5, "scales": [0.8, 1.0]}
  assert set(clips) == {predictions.clip for predictions in written}
  for predictions in written:
    read = clips[predictions.clip]
    assert (read.clip, read.joint_names) == (predictions.clip, predictions.joint_names)
    assert read.keypoints.dtype == read.scores.dtype == np.float32
    np.testing.assert_array_equal(read.keypoints, predictions.keypoints)
    np.testing.assert_array_equal(read.scores, predictions.scores)
  names = {file.name for file in folder.path.iterdir()}
  assert names == {ABOUT, "0004.npz", "a%2Fb%20c%25.mp4%237.npz", "%C3%A4.b.npz"}


def test_resuming(tmp_path):
  PredictionFolder(tmp_path, MADE).write(make_predictions("a"))
  loaded = PredictionFolder(tmp_path, dict(MADE, scales=[0.8, 1.0]))
  (existing,) = loaded.read()
  np.testing.assert_array_equal(existing.keypoints, make_predictions("a").keypoints)
  loaded.write(make_predictions("b"))
  loaded.write(make_predictions("a", 7))  # replaced
  assert len(read_predictions(tmp_path)[1]["a"].keypoints) == 7


def test_missing_predictions_are_made_and_kept(tmp_path):
  folder, done_clips = PredictionFolder(tmp_path, MADE), []
  folder.write(make_predictions("a", 4))

  def predict(done):
    done_clips.append(set(done))
    yield from (make_predictions(name) for name in "abc" if name not in done)

  clips = gather(predict, 3, folder)
  assert {clip: len(predictions.keypoints) for clip, predictions in clips.items()} == {
    "a": 4,
    "b": 3,
    "c": 3,
  }
  assert set(read_predictions(tmp_path)[1]) == set("abc")
  assert set(gather(predict, 3)) == set("abc")
  assert done_clips == [{"a"}, set()]


def test_leftovers_of_a_killed_process_are_ignored(tmp_path):
  (tmp_path / f".{ABOUT}.x1y2").mkdir()
  assert PredictionFolder(tmp_path, MADE).read() == []
  (tmp_path / ".a.npz.x1y2").mkdir()
  assert PredictionFolder(tmp_path, MADE).read() == []


@pytest.mark.parametrize(
  ("settings", "message"),
  [
    ({**MADE, "num_frames": 10}, "num_frames=5, not 10"),
    ({**MADE, "flip": True}, "flip=None, not True"),
    ({"dataset": "penn", "num_frames": 5}, r"scales=\[0.8, 1.0\], not None"),
  ],
)
def test_predictions_of_other_settings_are_not_mixed(tmp_path, settings, message):
  PredictionFolder(tmp_path, MADE)
  with pytest.raises(InputError, match=message):
    PredictionFolder(tmp_path, settings)


def test_unrelated_folder(tmp_path):
  (tmp_path / "thesis.tex").write_text("x")
  with pytest.raises(InputError, match="holds no predictions.json"):
    PredictionFolder(tmp_path, MADE)
  with pytest.raises(InputError, match="thesis.tex: exists and holds no"):
    PredictionFolder(tmp_path / "thesis.tex", MADE)


def test_failed_write_keeps_the_existing_file(tmp_path):
  folder = PredictionFolder(tmp_path, MADE)
  folder.write(make_predictions("a"))
  bad = ClipPredictions("a", ("x",), np.array([["no number"]]), np.ones((1, 1)))
  with pytest.raises(ValueError, match="no number"):
    folder.write(bad)
  assert len(read_predictions(tmp_path)[1]["a"].keypoints) == 3
  assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith(".")]


def write_file(folder, name, content):
  if isinstance(content, dict) and name.endswith(".npz"):
    np.savez(folder / name, **content)
  elif isinstance(content, bytes):
    (folder / name).write_bytes(content)
  else:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))


def test_third_party_json(tmp_path):
  names = ["head", "hip"]
  frames = [[[1, 2, 0.5], [3, 4.5]], None, [None, [5, None, 0.25]], [[1e60, 2], [0, 1]]]
  write_file(tmp_path, "walk%2F1.json", {"joint_names": names, "keypoints": frames})
  write_file(tmp_path, "x.json", {"clip": "sit", "keypoints": [[[1, 2]] * 17]})
  write_file(tmp_path, "empty.json", {"keypoints": []})
  about, clips = read_predictions(tmp_path)
  assert about == {} and sorted(clips) == ["empty", "sit", "walk/1"]
  walk, nan = clips["walk/1"], np.nan
  assert walk.joint_names == ("head", "hip")
  expected = [[[1, 2], [3, 4.5]], [[nan] * 2] * 2, [[nan] * 2] * 2, [[nan] * 2, [0, 1]]]
  np.testing.assert_array_equal(walk.keypoints, np.float32(expected))
  np.testing.assert_array_equal(walk.scores, np.float32([[0.5, 1], [0, 0], [0, 0.25], [1, 1]]))
  sit = clips["sit"]
  assert sit.joint_names[:3] == ("nose", "left_eye", "right_eye")
  assert sit.joint_names[-1] == "right_ankle" and (sit.scores == 1).all()
  assert clips["empty"].keypoints.shape == (0, 17, 2)


def test_third_party_npz(tmp_path):
  write_file(tmp_path, "a.npz", {"keypoints": np.arange(68).reshape(2, 17, 2)})
  write_file(tmp_path, "readme.txt", "not a clip")
  (tmp_path / "b.npz").mkdir()
  _, clips = read_predictions(tmp_path)
  assert list(clips) == ["a"] and clips["a"].keypoints.dtype == np.float32
  assert clips["a"].scores.shape == (2, 17) and clips["a"].scores.min() == 1


GOOD = np.zeros((2, 3, 2))
NAMES = np.array(["a", "b", "c"])


@pytest.mark.parametrize(
  ("name", "content", "message"),
  [
    ("a.npz", {"joints": GOOD}, "lacks the array keypoints. Received arrays: joints"),
    ("a.npz", {"keypoints": GOOD[0]}, "keypoints have shape 3 x 2; expected frames x joints x 2"),
    ("a.npz", {"keypoints": np.zeros((2, 17, 3))}, "keypoints have shape 2 x 17 x 3"),
    ("a.npz", {"keypoints": np.array(5.0)}, r"keypoints have shape \(\)"),
    ("a.npz", {"keypoints": np.array([["x"]])}, "keypoints have type <U1"),
    ("a.npz", {"keypoints": GOOD}, "has 3 joints and no joint_names"),
    ("a.npz", {"keypoints": GOOD, "joint_names": NAMES[:2]}, "2 joint_names, .* for 3 joints"),
    ("a.npz", {"keypoints": GOOD, "joint_names": NAMES[[0, 1, 1]]}, "2 of them different"),
    ("a.npz", {"keypoints": GOOD, "joint_names": np.arange(3)}, "must be a list of strings"),
    (
      "a.npz",
      {"keypoints": GOOD, "joint_names": NAMES, "scores": GOOD},
      "scores have shape 2 x 3 x 2",
    ),
    ("a.npz", {"keypoints": GOOD, "joint_names": NAMES, "clip": 4}, "clip must be a string"),
    ("a.npz", {"keypoints": np.array([None, {}])}, "not readable as .npz without pickles"),
    ("a.npz", b"", "not readable as .npz"),
    ("a.npz", b"PK\x03\x04 and so on", "not readable as .npz"),
    ("a.npz", b"\x93NUMPY", "not readable as .npz"),
    ("a.json", "", "not readable as JSON"),
    ("a.json", "{", "not readable as JSON"),
    ("a.json", b"\xff\xfe{}", "not readable as JSON"),
    ("a.json", "[" * 100_000, "not readable as JSON"),
    ("a.json", [1], "expected a JSON object, received a list"),
    ("a.json", {"joints": []}, 'lacks "keypoints"'),
    ("a.json", {"keypoints": {"0": []}}, 'lacks "keypoints"'),
    ("a.json", {"keypoints": [[[1, 2]] * 17, [[1, 2]] * 16]}, "frame 1: .* 17 joints, got 16"),
    ("a.json", {"keypoints": [7]}, "frame 0: expected a list of 17 joints, got 7"),
    ("a.json", {"keypoints": [[[1]]]}, r"frame 0: a joint is \[1\]; expected \[x, y\]"),
    ("a.json", {"keypoints": [[[1, 2, 3, 4]]]}, r"a joint is \[1, 2, 3, 4\]"),
    ("a.json", {"keypoints": [[["1", 2]]]}, r'a joint is \["1", 2\]'),
    ("a.json", {"keypoints": [[[True, 2]]]}, r"a joint is \[true, 2\]"),
    ("a.json", {"keypoints": [[[10**400, 2]]]}, r"a joint is \[1000"),
    ("a.json", {"keypoints": [[{"x": 1}]]}, "a joint is"),
    ("a.json", {"keypoints": [[[1, 2]]], "joint_names": "head"}, "must be a list of strings"),
    ("a.json", {"keypoints": [[[1, 2]]], "joint_names": [5]}, "must be a list of strings"),
    ("a.json", {"keypoints": [[[1, 2]]], "clip": 4, "joint_names": ["h"]}, "clip must be a string"),
    (ABOUT, [1], "expected a JSON object, received a list"),
    (ABOUT, "{", "not readable as JSON"),
  ],
)
def test_invalid_files_are_refused(tmp_path, name, content, message):
  write_file(tmp_path, "good.json", {"keypoints": [[[1, 2]] * 17]})
  write_file(tmp_path, name, content)
  with pytest.raises(InputError, match=message) as error:
    read_predictions(tmp_path)
  assert str(error.value).startswith(str(tmp_path / name)) and "\n" not in str(error.value)


def test_two_files_for_one_clip(tmp_path):
  write_file(tmp_path, "a.json", {"clip": "b", "keypoints": [None]})
  write_file(tmp_path, "b.npz", {"keypoints": np.zeros((1, 17, 2))})
  with pytest.raises(InputError, match="b.npz: clip b is also in a.json"):
    read_predictions(tmp_path)


def test_folders_without_predictions(tmp_path):
  with pytest.raises(InputError, match="no such folder"):
    read_predictions(tmp_path / "nowhere")
  PredictionFolder(tmp_path, MADE)
  with pytest.raises(InputError, match="holds no predictions"):
    read_predictions(tmp_path)
  with pytest.raises(InputError, match=re.escape(f"{tmp_path / ABOUT}: no such folder")):
    read_predictions(tmp_path / ABOUT)
