"""Tests of the command ppn_tf.score on the tests' small data set."""

import dataclasses
import json

import numpy as np
import pytest

from ppn_tf import score
from ppn_tf.clips import records
from ppn_tf.clips.labels import read_labels
from ppn_tf.evaluation.exported_networks import load_network
from ppn_tf.evaluation.prediction_files import PredictionFolder, read_predictions
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError
from tests.command_calls import call_command
from tests.commands import run_command
from tests.evaluation.test_exported_networks import exported
from tests.evaluation.test_third_party import convert

import tensorflow as tf


@pytest.fixture(name="labels", scope="module")
def fixture_labels(tiny_dataset):
  return read_labels(records.open_records(tiny_dataset), "test")


@pytest.fixture(name="run_score")
def fixture_run_score(tiny_dataset, capsys):
  """Returns a function that calls the command and returns its stdout and stderr."""

  def run_score(*arguments):
    call_command(score, f"--dataset={tiny_dataset}", *arguments)
    return capsys.readouterr()

  return run_score


def shift_labels(labels, pixels, clip=None):
  """Returns a clip's labels, shifted to the right by some pixels, as predictions."""
  keypoints = labels.keypoints + np.float32([pixels, 0])
  names = PENN_ACTION.joint_names
  return ClipPredictions(clip or labels.clip, names, keypoints, np.ones(keypoints.shape[:2]))


def write(path, predictions, **about):
  folder = PredictionFolder(path, about)
  for clip in predictions:
    folder.write(clip)
  return path


def test_scores_of_two_systems(run_score, labels, tmp_path):
  """Torsos are about 44 pixels long and boxes 94 high, so 14 pixels are correct only by the box."""
  good = write(tmp_path / "good", [shift_labels(clip, 5) for clip in labels.values()], num_frames=3)
  half = [shift_labels(clip, 5 if name == "0004" else 14) for name, clip in labels.items()]
  half = write(tmp_path / "half", half)
  outputs = [f"--output_json={tmp_path / 'x.json'}", f"--output_table={tmp_path / 'x.html'}"]
  printed = run_score(f"--predictions=good={good}", f"--predictions=half={half}", *outputs)
  assert printed.err == ""
  lines = [line.split() for line in printed.out.splitlines()]
  assert lines[0] == ["Method", "Head", "Sho", "Elb", "Wri", "Hip", "Knee", "Ank", "Mean"]
  assert lines[11][:3] == ["Method", "Predicted", "Labeled"] and len(lines) == 14
  assert lines[2] == ["good"] + ["100.0"] * 8 == ["good", *lines[5][1:]]
  # Clip 0004 has 7 frames and 0005 has 4; in frame 1 of both, a wrist is hidden.
  wrists, joints = 13 / (13 + 7), 90 / (90 + 51)
  torso = [*[f"{700 / 11:.1f}"] * 3, f"{100 * wrists:.1f}", *[f"{700 / 11:.1f}"] * 3]
  assert lines[6] == ["half", *torso, f"{100 * joints:.1f}"]
  written = json.loads((tmp_path / "x.json").read_text())
  assert list(written) == ["good", "half"]
  assert written["half"]["pck_torso"]["micro"] == pytest.approx(100 * joints)
  assert written["good"]["conditions"] == {"num_frames": 3}
  assert (written["good"]["clips_left_out"], written["good"]["frames_left_out"]) == (0, 0)
  # Windows of 3 frames: indices 0, 1, 2 in clips of 7 and 4 frames.
  assert written["good"]["per_frame_index"]["num_frames"] == [5, 3, 3]
  assert written["half"]["per_frame_index"]["num_frames"] == [2, 2, 2, 2, 1, 1, 1]
  # A constant shift adds no jitter.
  assert written["half"]["jitter"]["ratio"] == pytest.approx(1, abs=1e-3)
  page = (tmp_path / "x.html").read_text()
  assert "<title>Percentage of correct keypoints</title>" in page and page.count("<table>") == 6


def test_alpha_and_markdown_output(run_score, labels, tmp_path):
  write(tmp_path / "a", [shift_labels(clip, 5) for clip in labels.values()], num_frames=3)
  output = tmp_path / "x.json"
  arguments = [f"--predictions=a={tmp_path / 'a'}", f"--output_json={output}"]
  run_score(*arguments, "--alpha=0.1", f"--output_table={tmp_path / 'x.md'}")
  scores = json.loads(output.read_text())["a"]
  assert scores["alpha"] == 0.1 and scores["pck_torso"]["micro"] == 0
  text = (tmp_path / "x.md").read_text()
  assert text.startswith(
    "# Percentage of correct keypoints\n\n- a: 2 clips, 11 frames; torso from left_shoulder to "
    "right_hip; num_frames 3."
  )
  assert "within 0.1 of the reference length" in text


def test_joints_are_matched_by_name(run_score, labels, tmp_path):
  reordered = []
  for clip in labels.values():
    predictions = shift_labels(clip, 5)
    names, keypoints = predictions.joint_names[::-1], predictions.keypoints[:, ::-1]
    reordered.append(dataclasses.replace(predictions, joint_names=names, keypoints=keypoints))
  write(tmp_path / "a", reordered)
  printed = run_score(f"--predictions=a={tmp_path / 'a'}")
  assert [line.split()[-1] for line in printed.out.splitlines()[2:7:2]] == ["100.0"] * 3


def test_missing_clips_are_refused_or_reported(run_score, labels, tmp_path):
  write(tmp_path / "a", [shift_labels(labels["0004"], 5)])
  argument = f"--predictions=a={tmp_path / 'a'}"
  with pytest.raises(
    InputError, match="a: predicts no joints for 1 of 2 clips: 0005. .*--allow_missing"
  ):
    run_score(argument)
  output = tmp_path / "x.json"
  printed = run_score(argument, "--allow_missing", f"--output_json={output}")
  (line,) = printed.err.splitlines()
  assert line.startswith("warning: 1 of 2 clips (4 frames) are not scored") and "0005" in line
  scores = json.loads(output.read_text())["a"]
  assert (scores["num_clips"], scores["num_frames"]) == (1, 7)
  assert (scores["clips_left_out"], scores["frames_left_out"]) == (1, 4)


def test_clips_outside_the_split_are_reported(run_score, labels, tmp_path):
  unknown_clips = [shift_labels(labels["0004"], 0, clip=f"walk{number}") for number in range(10)]
  write(tmp_path / "a", [*(shift_labels(clip, 5) for clip in labels.values()), *unknown_clips])
  (line,) = run_score(f"--predictions=a={tmp_path / 'a'}").err.splitlines()
  assert line.startswith("warning: a: 10 clips are not in the split")
  assert line.endswith("walk0, walk1, walk2, walk3, walk4, ...")
  write(tmp_path / "b", unknown_clips)
  with pytest.raises(InputError, match="no clip is predicted by every system"):
    run_score(f"--predictions=b={tmp_path / 'b'}", "--allow_missing")


def test_joints_without_finite_positions_are_reported(run_score, labels, tmp_path):
  predictions = [shift_labels(clip, 5) for clip in labels.values()]
  predictions[0].keypoints[:2, 5] = np.nan  # the wrist of frame 1 is hidden
  predictions[1].keypoints[0] = np.inf
  write(tmp_path / "a", predictions)
  printed = run_score(f"--predictions=a={tmp_path / 'a'}", f"--output_json={tmp_path / 'x.json'}")
  (line,) = printed.err.splitlines()
  assert line.startswith("warning: a: 14 visible joints have no finite place and count as wrong")
  assert line.endswith("in 2 clips: 0004 (1), 0005 (13)")
  scores = json.loads((tmp_path / "x.json").read_text())["a"]
  assert scores["not_predicted"] == 14
  assert scores["pck_body"]["micro"] == pytest.approx(100 * (141 - 14) / 141)


def test_predictions_of_wrong_length_are_refused(run_score, labels, tmp_path):
  predictions = [shift_labels(clip, 5) for clip in labels.values()]
  predictions[1] = dataclasses.replace(predictions[1], keypoints=predictions[1].keypoints[:3],
                                       scores=predictions[1].scores[:3])  # fmt: skip
  write(tmp_path / "a", predictions)
  with pytest.raises(
    InputError, match=r"a: predictions of clip 0005: expected 4 frames of 13 .*\(3, 13, 2\)"
  ):
    run_score(f"--predictions=a={tmp_path / 'a'}")


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    ([], "nothing to score. Give --predictions=NAME=FOLDER"),
    (["--predictions=x"], "--predictions=x: received no NAME=PATH"),
    (["--tflite==x.tflite"], "--tflite==x.tflite: received no NAME=PATH"),
    (["--predictions=a=x", "--tflite=a=y"], "a: is the name of two systems"),
    (["--predictions=a=/no/such/folder"], "/no/such/folder: no such folder"),
    (["--predictions=a=x", "--output_table=x.pdf"], "--output_table=x.pdf: end its name in .md or"),
    (["--predictions=a=x", "--eval_split=validation"], "no split 'validation'"),
    (["--predictions=a=x", "--dataset="], "--dataset is missing"),
    (["--predictions=a=x", "--torso=head"], "--torso=head: expected two of head, right_shoulder"),
    (["--tflite=a=/no/such.tflite"], "/no/such.tflite: no such file"),
    (["predictions=a=x"], "unexpected argument"),
  ],
)
def test_invalid_arguments_are_refused(run_score, arguments, message):
  with pytest.raises(InputError, match=message) as error:
    run_score(*arguments)
  assert "\n" not in str(error.value)


def test_invalid_num_frames_of_predictions_is_refused(run_score, labels, tmp_path):
  write(tmp_path / "a", [shift_labels(clip, 5) for clip in labels.values()], num_frames="five")
  with pytest.raises(InputError, match="a: predictions.json has num_frames='five'"):
    run_score(f"--predictions=a={tmp_path / 'a'}")


def test_joints_common_to_all_systems(run_score, labels, tmp_path):
  """Scores 9 of Penn Action's joints, without knees and ankles and without their groups."""
  complete = [shift_labels(clip, 5) for clip in labels.values()]
  half = [
    dataclasses.replace(clip, joint_names=clip.joint_names[:9], keypoints=clip.keypoints[:, :9],
                        scores=clip.scores[:, :9]) for clip in complete
  ]  # fmt: skip
  arguments = [f"--predictions={name}={tmp_path / name}" for name in ("ours", "half")]
  write(tmp_path / "ours", complete)
  write(tmp_path / "half", half)
  with pytest.raises(InputError, match="half: .*right_knee"):
    run_score(*arguments)
  lines = run_score(*arguments, "--joints=common").out.splitlines()
  assert lines[0].split() == ["Method", "Head", "Sho", "Elb", "Wri", "Hip", "Mean"]
  assert lines[2].split() == ["ours", *["100.0"] * 6] and lines[3].split()[0] == "half"


def test_third_party_network(run_score, labels, tmp_path):
  """Scores a network that predicts the center of the crop, which is the center of the box."""
  answer = tf.constant(np.tile(np.float32([0.5, 0.5, 0.9]), (1, 1, 17, 1)))
  file = convert(tmp_path, lambda image: answer + 0 * image[0, 0, 0, 0], 1, 32, 32, 3)
  output = tmp_path / "x.json"
  folder = tmp_path / "kept"
  run_score(f"--tflite=net={file}", f"--output_predictions={folder}", f"--output_json={output}")
  scores = json.loads(output.read_text())["net"]
  num_correct, num_visible = 0, 0
  for clip in labels.values():
    x1, y1, x2, y2 = clip.boxes.T.astype(np.float64)
    middle = np.stack([x1 + x2, y1 + y2], -1)[:, None] / 2
    distances = np.hypot(*np.moveaxis(clip.keypoints - middle, -1, 0))
    near = distances <= 0.2 * np.maximum(x2 - x1, y2 - y1)[:, None]
    num_correct += np.sum(near & clip.visibility)
    num_visible += np.sum(clip.visibility)
  accuracy = 100 * num_correct / num_visible
  assert 0 < num_correct < num_visible and scores["pck_body"]["micro"] == pytest.approx(accuracy)
  assert scores["conditions"]["box"] == "given"
  # The saved predictions have equal scores.
  run_score(f"--predictions=net={folder / 'net'}", f"--output_json={output}")
  rescored = json.loads(output.read_text())["net"]
  assert rescored == scores


@pytest.mark.parametrize("num_frames", [0, 3])
def test_exported_network_of_this_project(run_score, tmp_path, num_frames):
  """Expects predictions of whole clips by default, and of windows with --num_frames."""
  file, kept, output = exported(tmp_path), tmp_path / "kept", tmp_path / "x.json"
  arguments = [f"--num_frames={num_frames}"] if num_frames else []
  run_score(f"--tflite=ours={file}", f"--output_predictions={kept}", f"--output_json={output}",
       *arguments)  # fmt: skip
  about, predictions = read_predictions(kept / "ours")
  assert about["num_frames"] == num_frames
  expected = load_network(file).predict(
    records.open_records(about["dataset"]), "test", num_frames=num_frames
  )
  for clip in expected:
    np.testing.assert_allclose(predictions[clip.clip].keypoints, clip.keypoints, atol=1e-3)
  scores = json.loads(output.read_text())["ours"]
  # COCO's joints are mapped to Penn Action's 13.
  assert len(scores["pck_torso"]["joints"]) == 13 and scores.get("time") is None
  assert len(scores["per_frame_index"]["num_frames"]) == (num_frames or 7)


def test_times_of_networks_are_reported(run_score, labels, tmp_path):
  (tmp_path / "other").mkdir()
  answer = tf.constant(np.tile(np.float32([0.5, 0.5, 0.9]), (1, 1, 17, 1)))
  network = convert(tmp_path / "other", lambda image: answer + 0 * image[0, 0, 0, 0], 1, 32, 32, 3)
  write(tmp_path / "a", [shift_labels(clip, 5) for clip in labels.values()])
  printed = run_score(
    f"--tflite=ours={exported(tmp_path)}", f"--tflite=other={network}",
    f"--predictions=a={tmp_path / 'a'}", "--time_turns=3", f"--output_json={tmp_path / 'x.json'}",
    f"--output_table={tmp_path / 'x.md'}",
  )  # fmt: skip
  scores = json.loads((tmp_path / "x.json").read_text())
  assert scores["a"]["time"] is None
  for name in ("ours", "other"):
    time = scores[name]["time"]
    assert time["milliseconds"] > 0 and (time["turns"], time["threads"]) == (3, 1)
  last = [line.split() for line in printed.out.splitlines()[-3:]]
  assert last[0] == ["Method", "ms", "per", "frame"] and [row[0] for row in last[1:]] == [
    "ours", "other",
  ]  # fmt: skip
  assert "Median of 3 rounds" in (tmp_path / "x.md").read_text()


def test_torso_flag_sets_the_reference_length(run_score, labels, tmp_path):
  """Shifts all joints by 5 pixels, which exceeds 0.2 of an upper arm of 17 pixels."""
  write(tmp_path / "a", [shift_labels(clip, 5) for clip in labels.values()])
  arguments = [f"--predictions=a={tmp_path / 'a'}", f"--output_json={tmp_path / 'x.json'}"]
  run_score(*arguments, "--torso=right_shoulder,right_elbow")
  scores = json.loads((tmp_path / "x.json").read_text())["a"]
  assert (scores["pck_torso"]["micro"], scores["pck_body"]["micro"]) == (0, 100)
  assert scores["torso"] == ["right_shoulder", "right_elbow"]
  run_score(*arguments, "--torso=right_shoulder,left_hip")
  assert json.loads((tmp_path / "x.json").read_text())["a"]["pck_torso"]["micro"] == 100


def test_help_has_an_example_and_lists_flags():
  done = run_command("ppn_tf.score", "--help")
  assert "--predictions=ppn=runs/ppn/predictions" in done.stdout
  for flag in (
    "predictions",
    "tflite",
    "allow_missing",
    "output_table",
    "dataset",
    "alpha",
    "num_frames",
  ):
    assert f"--{flag}=" in done.stdout or f"--[no]{flag} " in done.stdout
