"""Tests of ppn_tf.evaluation.scores against manual counts and joint-by-joint definitions."""

import dataclasses
import json
import math

import numpy as np
import pytest

from ppn_tf.clips.labels import ClipLabels
from ppn_tf.evaluation.scores import METRICS, score, to_json
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import PENN_ACTION, SUB_JHMDB
from ppn_tf.runtime.errors import InputError
from tests.three_joints import THREE


def make_pair(clip, distances, visibility, action=""):
  """Returns labels and predictions with given errors, a torso of 50 pixels and a 100 x 80 box."""
  distances = np.array(distances, np.float32)
  keypoints = np.tile(np.float32([[0, 0], [30, 0], [0, 40]]), (len(distances), 1, 1))
  labels = ClipLabels(
    clip=clip,
    action=action,
    keypoints=keypoints,
    visibility=np.array(visibility, bool),
    boxes=np.tile(np.float32([0, 0, 100, 80]), (len(distances), 1)),
    image_size=(120, 160),
  )
  predicted = keypoints + np.stack([distances, 0 * distances], -1)
  return labels, ClipPredictions(clip, THREE.joint_names, predicted, np.ones_like(distances))


def test_manual_counts():
  # Correct within 10 pixels by the torso, and within 20 by the box.
  first = make_pair(
    "a", [[5, 15, 25], [9, 11, 5], [5, 5, 30]], [[1, 1, 1], [1, 1, 0], [0, 1, 1]], "run"
  )
  second = make_pair("b", [[15, 5, 5]], [[1, 0, 1]], "sit")
  table = score([first, second], THREE, num_frames=2)
  assert (table["num_clips"], table["num_frames"], table["alpha"]) == (2, 4, 0.2)
  # By the torso: clip a 1/3, 1/2, 1/2; clip b 1/2. By the box: a 2/3, 2/2, 1/2; b 2/2.
  assert table["pck_torso"]["micro"] == pytest.approx(100 * 4 / 9)
  assert table["pck_body"]["micro"] == pytest.approx(100 * 7 / 9)
  assert table["pck_torso"]["groups"] == pytest.approx({"Head": 200 / 3, "Torso": 200 / 6})
  assert table["pck_torso"]["num_joints"] == 9
  # Only frames 0 and 2 of clip a have a visible torso: 1/3 and 1/2.
  clean = table["pck_torso_clean"]
  assert clean["num_joints"] == 5
  assert clean["micro"] == pytest.approx(100 * 2 / 5)
  # Indices in windows of 2: frames 0 and 2 of a and 0 of b, then frame 1 of a.
  places = table["per_frame_index"]
  assert places["num_frames"] == [3, 1]
  assert places["pck_torso"] == pytest.approx([100 * 3 / 7, 50.0])
  assert places["pck_torso_clean"] == pytest.approx([40.0, math.nan], nan_ok=True)
  whole = score([first, second], THREE)["per_frame_index"]
  assert whole["pck_torso"] == pytest.approx([100 * 2 / 5, 50.0, 50.0])
  torso = {name: row["pck_torso"] for name, row in table["per_clip"].items()}
  assert torso == pytest.approx({"a": 100 * 3 / 7, "b": 50.0})
  assert table["per_action"]["run"] == pytest.approx(
    {"num_clips": 1, "num_frames": 3, "pck_body": 500 / 7, "pck_torso": 300 / 7,
     "pck_torso_clean": 40.0}
  )  # fmt: skip
  # Distances over the box: 5 15 25 9 11 5 30 15 5 of 100, where the curve jumps.
  curve = table["curve"]
  assert len(curve["alphas"]) == 51 and curve["alphas"][15] == 0.15
  assert [curve["pck_body"][i] for i in (4, 5, 8, 9, 11, 15, 24, 25, 30)] == pytest.approx(
    [100 * n / 9 for n in (0, 3, 3, 4, 5, 7, 7, 8, 9)]
  )
  # A joint correct from alpha = d on adds 0.5 - d of the width, and half the step before d.
  widths = [0.505 - d / 100 for d in (5, 15, 25, 9, 11, 5, 30, 15, 5)]
  assert table["area"]["pck_body"] == pytest.approx(100 * np.mean(widths) / 0.5)


def test_missing_joints_are_wrong():
  labels, predictions = make_pair("a", [[0, 0, 0]] * 3, [[1, 1, 1], [1, 1, 1], [0, 1, 1]])
  predictions.keypoints[0, 0] = np.nan
  predictions.keypoints[1, 1, 1] = np.inf
  predictions.keypoints[2, 0] = np.nan  # invisible
  table = score([(labels, predictions)], THREE)
  assert table["not_predicted"] == 2
  assert table["pck_body"]["micro"] == table["pck_torso"]["micro"] == 100 * 6 / 8
  # Only the hip is visible and predicted in three frames.
  assert table["jitter"]["predicted"] == table["jitter"]["labelled"] == 0


def test_frame_without_a_reference_length_is_wrong():
  labels, predictions = make_pair("a", [[0, 0, 0]] * 4, [[1, 1, 1]] * 4)
  labels.boxes[0] = [7, 7, 7, 7]
  labels.boxes[1] = [7, 7, 5, 6]
  labels.boxes[2] = np.nan
  labels.keypoints[3, 1] = predictions.keypoints[3, 1] = labels.keypoints[3, 2]
  predictions.keypoints[3, 2] = labels.keypoints[3, 2]
  table = score([(labels, predictions)], THREE)
  assert table["frames_without_length"] == {"pck_body": 3, "pck_torso": 1}
  assert table["pck_body"]["micro"] == 25.0 and table["pck_body"]["num_joints"] == 12
  assert table["pck_torso"]["micro"] == table["pck_torso_clean"]["micro"] == 75.0
  assert table["curve"]["pck_body"] == [25.0] * 51


def test_nothing_visible_is_null_in_json():
  table = score([make_pair("a", [[0, 0, 0]], [[0, 0, 0]])], THREE)
  read = json.loads(to_json(table))
  assert read["pck_body"]["micro"] is None and read["pck_torso"]["groups"]["Head"] is None
  assert read["area"]["pck_torso"] is None and read["per_clip"]["a"]["pck_body"] is None
  assert read["jitter"] == {"predicted": None, "labelled": None, "ratio": None}
  assert read["pck_body"]["num_joints"] == 0


def test_json_equals_the_scores():
  table = score([make_pair("a", [[5, 15, 25]] * 4, [[1, 1, 1]] * 4, "run")], THREE)
  table["jitter"]["ratio"] = 1.0  # NaN, because the labels do not move
  assert json.loads(to_json(table)) == table


def make_changed_pair(index, **values):
  """Returns a valid pair with changed values in its labels (0) or predictions (1)."""
  pair = list(make_pair("a", [[5, 5, 5]] * 2, [[1, 1, 1]] * 2))
  pair[index] = dataclasses.replace(pair[index], **values)
  return tuple(pair)


@pytest.mark.parametrize(
  ("pairs", "message"),
  [
    ([], "no clips to score"),
    ([make_changed_pair(1, clip="b")], "clip a are paired with predictions of b"),
    (
      [make_changed_pair(1, keypoints=np.zeros((3, 3, 2)))],
      r"clip a: expected 2 frames of 3 joints .*Received: \(3, 3, 2\)",
    ),
    (
      [make_changed_pair(1, keypoints=np.zeros((2, 4, 2)))],
      r"clip a: expected 2 frames of 3 joints .*Received: \(2, 4, 2\)",
    ),
    (
      [make_changed_pair(1, joint_names=("head", "hip", "knee"))],
      "clip a: .*head, left_shoulder, right_hip. Received: head, hip, knee",
    ),
    (
      [make_changed_pair(0, keypoints=np.full((2, 3, 2), np.nan))],
      "clip a: a visible joint of frame 0 has no coordinates",
    ),
  ],
)
def test_mismatched_pairs(pairs, message):
  with pytest.raises(InputError, match=message) as error:
    score(pairs, THREE)
  assert "\n" not in str(error.value)


def random_pairs(rng, skeleton, num_clips):
  """Yields clips with hidden joints, torsos of length 0, missing joints and inverted boxes."""
  count = skeleton.num_joints
  for number in range(num_clips):
    num_frames = int(rng.integers(1, 9))
    keypoints = rng.integers(0, 60, (num_frames, count, 2)).astype(np.float32)
    visibility = rng.random((num_frames, count)) < 0.8
    keypoints[~visibility] = 1
    keypoints[(~visibility) & (rng.random(visibility.shape) < 0.2)] = np.nan
    boxes = rng.integers(-20, 90, (num_frames, 4)).astype(np.float32)
    predicted = (keypoints + rng.integers(-12, 13, keypoints.shape)).astype(np.float32)
    predicted[rng.random(visibility.shape) < 0.05] = np.nan
    clip, action = f"clip{number}", str(rng.choice(["walk", "sit", ""]))
    yield (
      ClipLabels(clip, action, keypoints, visibility, boxes, (100, 100)),
      ClipPredictions(clip, skeleton.joint_names, predicted, np.zeros(visibility.shape)),
    )


def iterate_joints(pairs, skeleton, num_frames):
  """Yields the distances of each visible joint by the definitions, without arrays."""
  for labels, predictions in pairs:
    for t in range(len(labels.keypoints)):
      x1, y1, x2, y2 = map(float, labels.boxes[t])
      points = [tuple(map(float, point)) for point in labels.keypoints[t]]
      lengths = {"pck_body": max(x2 - x1, y2 - y1)}
      lengths["pck_torso"] = math.dist(points[skeleton.torso[0]], points[skeleton.torso[1]])
      if all(labels.visibility[t, end] for end in skeleton.torso):
        lengths["pck_torso_clean"] = lengths["pck_torso"]
      for k in range(skeleton.num_joints):
        if labels.visibility[t, k]:
          distance = math.dist(points[k], map(float, predictions.keypoints[t, k]))
          yield {
            "clip": labels.clip,
            "action": labels.action,
            "joint": skeleton.joint_names[k],
            "place": t % num_frames if num_frames else t,
            # Comparisons with NaN are false: a missing length or position is not correct.
            "distances": {m: distance / length if length > 0 else math.inf
                          for m, length in lengths.items()},
          }  # fmt: skip


def percent(rows, metric, alpha):
  rows = [row["distances"][metric] for row in rows if metric in row["distances"]]
  correct = [distance <= alpha for distance in rows]
  return 100 * sum(correct) / len(correct) if correct else math.nan


def mean(values):
  values = [value for value in values if not math.isnan(value)]
  return sum(values) / len(values) if values else math.nan


def assert_close(actual, expected):
  assert actual == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
  ("skeleton", "num_frames", "alpha"),
  [(THREE, 0, 0.2), (PENN_ACTION, 3, 0.2), (SUB_JHMDB, 5, 0.1), (PENN_ACTION, 1, 0.05)],
)
def test_against_the_definitions(skeleton, num_frames, alpha):
  rng = np.random.default_rng(num_frames)
  pairs = list(random_pairs(rng, skeleton, 12))
  table = score(pairs, skeleton, alpha, num_frames)
  rows = list(iterate_joints(pairs, skeleton, num_frames))
  assert table["num_frames"] == sum(len(labels.boxes) for labels, _ in pairs)

  def by(key, value):
    return [row for row in rows if row[key] == value]

  for metric in METRICS:
    summary = table[metric]
    assert summary["num_joints"] == sum(metric in row["distances"] for row in rows)
    assert_close(summary["micro"], percent(rows, metric, alpha))
    joints = {name: percent(by("joint", name), metric, alpha) for name in skeleton.joint_names}
    assert_close(summary["joints"], joints)
    assert_close(summary["joint_mean"], mean(joints.values()))
    groups = {}
    for name, ids in skeleton.groups:
      members = [skeleton.joint_names[k] for k in ids]
      groups[name] = percent([row for row in rows if row["joint"] in members], metric, alpha)
    assert_close(summary["groups"], groups)
    assert_close(summary["group_mean"], mean(groups.values()))
    curve = [percent(rows, metric, step / 100) for step in range(51)]
    assert_close(table["curve"][metric], curve)
    assert_close(table["area"][metric], sum(curve[1:-1]) / 50 + (curve[0] + curve[-1]) / 100)
    for clip, values in table["per_clip"].items():
      assert_close(values[metric], percent(by("clip", clip), metric, alpha))
    for action, values in table["per_action"].items():
      assert_close(values[metric], percent(by("action", action), metric, alpha))
    places = table["per_frame_index"][metric]
    assert_close(
      places, [percent(by("place", place), metric, alpha) for place in range(len(places))]
    )
  assert sum(table["per_frame_index"]["num_frames"]) == table["num_frames"]
  assert sum(values["num_frames"] for values in table["per_action"].values()) == table["num_frames"]
  assert [clip for clip in table["per_clip"]] == [labels.clip for labels, _ in pairs]


def test_jitter_against_the_definition():
  pairs = list(random_pairs(np.random.default_rng(7), PENN_ACTION, 10))
  bends = {"labelled": [], "predicted": []}
  for labels, predictions in pairs:
    tracks = {"labelled": labels.keypoints, "predicted": predictions.keypoints}
    for t in range(1, len(labels.keypoints) - 1):
      for k in range(PENN_ACTION.num_joints):
        around = (t - 1, t, t + 1)
        if all(labels.visibility[s, k] and not math.isnan(predictions.keypoints[s, k, 0])
               for s in around):  # fmt: skip
          for name, track in tracks.items():
            (x0, y0), (x1, y1), (x2, y2) = (map(float, track[s, k]) for s in around)
            bends[name].append(math.hypot(x2 - 2 * x1 + x0, y2 - 2 * y1 + y0))
  jitter = score(pairs, PENN_ACTION)["jitter"]
  assert len(bends["labelled"]) > 50
  predicted, labelled = (mean(bends[name]) for name in ("predicted", "labelled"))
  assert_close(jitter["predicted"], predicted)
  assert_close(jitter["labelled"], labelled)
  assert_close(jitter["ratio"], predicted / labelled)
