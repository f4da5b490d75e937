"""Tests of the worked example in docs/evaluation.md against the code."""

import pathlib

import numpy as np
import pytest

from ppn_tf.clips.labels import ClipLabels
from ppn_tf.evaluation.scores import METRICS, score
from ppn_tf.keypoints import pck
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import Skeleton

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "evaluation.md"
JOINTS = ("head", "left_shoulder", "right_hip", "right_knee")
FOUR = Skeleton(
  name="four",
  joint_names=JOINTS,
  flip_pairs=(),
  limbs=(),
  torso=(1, 2),
  groups=(("Head", (0,)), ("Sho", (1,)), ("Leg", (2, 3))),
)
COLUMNS = dict(zip(METRICS, ("PCK-body", "PCK-torso", "PCK-torso clean")))


def cells(line):
  return [cell.strip(" `") for cell in line.strip().strip("|").split("|")]


def table(first, second):
  """Returns the rows of the table whose header begins with these columns, as dictionaries."""
  lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
  (start,) = (n for n, line in enumerate(lines)
              if line.startswith("|") and cells(line)[:2] == [first, second])  # fmt: skip
  rows = []
  for line in lines[start + 2 :]:
    if not line.startswith("|"):
      return [dict(zip(cells(lines[start]), row)) for row in rows]
    rows.append(cells(line))
  raise AssertionError("the document ends within a table")


def numbers(text):
  return [float(number) for number in text.split(",")]


def rounds_to(value, text):
  """Returns whether a value rounds to the text, or is missing for a dash."""
  if text == "–":
    return np.isnan(value)
  digits = len(text.partition(".")[2])
  return value == pytest.approx(float(text), abs=0.5 * 10**-digits + 1e-9)


def make_clip(keypoints, visibility, boxes, predicted):
  labels = ClipLabels(
    "example", "", np.float32(keypoints), visibility, np.float32(boxes), (200, 200)
  )
  scores = np.ones(visibility.shape, np.float32)
  return labels, ClipPredictions("example", JOINTS, np.float32(predicted), scores)


@pytest.fixture(name="joints", scope="module")
def fixture_joints():
  rows = table("frame", "joint")
  assert [(row["frame"], row["joint"]) for row in rows] == [
    (frame, joint) for frame in "01" for joint in JOINTS
  ]
  return rows


@pytest.fixture(name="pair", scope="module")
def fixture_pair(joints):
  places = {name: np.reshape([numbers(row[name]) for row in joints], (2, 4, 2))
            for name in ("label", "predicted")}  # fmt: skip
  visibility = np.reshape([row["visible"] == "yes" for row in joints], (2, 4))
  boxes = [numbers(row["box"]) for row in table("frame", "box")]
  return make_clip(places["label"], visibility, boxes, places["predicted"])


def test_reference_lengths(pair):
  labels, _ = pair
  rows = table("frame", "box")
  body = pck.body_lengths(labels.boxes)
  torso = pck.torso_lengths(labels.keypoints, FOUR)
  assert body.tolist() == [float(row["longer side"]) for row in rows]
  assert torso.tolist() == [float(row["torso"]) for row in rows]


def test_every_joint(pair, joints):
  labels, predictions = pair
  pixels = np.linalg.norm(predictions.keypoints - labels.keypoints, axis=-1).reshape(-1)
  by = {
    "in sides": pck.body_lengths(labels.boxes),
    "in torsos": pck.torso_lengths(labels.keypoints, FOUR),
  }
  distances = {
    name: pck.distances(predictions.keypoints, labels.keypoints, lengths).reshape(-1)
    for name, lengths in by.items()
  }
  clean = np.repeat(pck.torso_seen(labels.visibility, FOUR), len(JOINTS))
  verdicts = 0
  for k, row in enumerate(joints):
    if row["visible"] == "no":
      assert {row[name] for name in ("pixels", *by, "body", "torso", "clean")} == {"–"}
      continue
    assert pixels[k] == float(row["pixels"])
    for name in by:
      assert distances[name][k] == float(row[name])
    expected = ["wrong", "right"]
    assert row["body"] == expected[int(distances["in sides"][k] <= 0.2)]
    torso = expected[int(distances["in torsos"][k] <= 0.2)]
    assert (row["torso"], row["clean"]) == (torso, torso if clean[k] else "–")
    verdicts += 1
  assert verdicts == 7


def test_summary_and_curve(pair):
  scores = score([pair], FOUR, 0.2)
  for row in table("at 0.2", "PCK-body"):
    quantity = row["at 0.2"]
    for metric, column in COLUMNS.items():
      summary = scores[metric]
      if quantity == "right of counted":
        right, counted = row[column].split(" of ")
        assert summary["num_joints"] == int(counted)
        assert summary["micro"] == pytest.approx(100 * int(right) / int(counted))
        continue
      places = {f"frame {n}": v for n, v in enumerate(scores["per_frame_index"][metric])}
      known = {
        **summary,
        **summary["groups"],
        **summary["joints"],
        **places,
        "area": scores["area"][metric],
      }
      assert rounds_to(known[quantity], row[column]), (quantity, metric)
  for row in table("alpha", "PCK-body"):
    step = scores["curve"]["alphas"].index(float(row["alpha"]))
    for metric, column in COLUMNS.items():
      assert rounds_to(scores["curve"][metric][step], row[column]), (row["alpha"], metric)


def test_windows_of_one_frame_have_one_index(pair):
  scores = score([pair], FOUR, 0.2, num_frames=1)
  assert scores["per_frame_index"]["num_frames"] == [2]
  assert scores["per_frame_index"]["pck_torso"] == [scores["pck_torso"]["micro"]]


def test_jitter():
  rows = {row["place"]: row for row in table("place", "frame 0")}
  tracks = {
    name: np.tile([[numbers(row[f"frame {t}"])] for t in range(3)], (1, len(JOINTS), 1))
    for name, row in rows.items()
  }
  # The document has no values for the other joints.
  visibility = np.zeros((3, len(JOINTS)), bool)
  visibility[:, 0] = True
  tracks["predicted"][:, 1:] = np.nan
  clip = make_clip(tracks["labelled"], visibility, [[0, 0, 9, 9]] * 3, tracks["predicted"])
  jitter = score([clip], FOUR)["jitter"]
  expected = {name: float(row["jitter"]) for name, row in rows.items()}
  assert "The ratio is 2:" in DOCUMENT.read_text(encoding="utf-8")
  assert jitter == pytest.approx({**expected, "ratio": 2.0})
