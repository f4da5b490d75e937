"""Tests of tables of joints, read back by the standard library."""

import csv
import io
import json

import numpy as np
import pytest

from ppn_tf.keypoints.poses import Person, Pose
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.tracking.output.tables import CsvTable, JsonLines, JsonTable, Recording
from ppn_tf.tracking.video.reader import Frame
from tests.tracking.discs import joints

NAMES = PENN_ACTION.joint_names
IMAGE = np.zeros((240, 320, 3), np.uint8)


def make_recording(several):
  return Recording("a/clip.mp4", 25.0, 320, 240, PENN_ACTION, 0.2, several)


def make_person(track_id=1, x=160.0, score=0.9, found=True):
  scores = np.full(13, score, np.float32)
  keypoints = joints((x, 140, 20)).astype(np.float32)
  return Person(track_id, Pose(keypoints, scores, NAMES, (1.0, 2.005, 3.5, 4.0), found=found))


def write_table(kind, frames, several=False):
  file = io.StringIO()
  table = kind(file, make_recording(several))
  for index, people in enumerate(frames):
    table.add(index, Frame(IMAGE, index / 30), people)
  table.end()
  return file.getvalue()


def test_json_of_one_person():
  table = json.loads(
    write_table(JsonTable, [[make_person()], [make_person(score=0.05, found=False)]])
  )
  assert list(table) == ["video", "fps", "width", "height", "joint_names", "frames"]
  assert (table["video"], table["fps"]) == ("a/clip.mp4", 25.0)
  assert (table["width"], table["height"]) == (320, 240)
  assert table["joint_names"] == list(NAMES)
  first, second = table["frames"]
  assert list(first) == ["index", "time", "keypoints", "box", "score", "found"]
  assert (first["index"], first["found"], first["score"]) == (0, True, 0.9)
  assert (second["index"], second["time"], second["found"]) == (1, 0.033333, False)
  np.testing.assert_allclose(np.array(first["keypoints"])[:, :2], joints((160, 140, 20)), atol=1e-3)
  np.testing.assert_allclose(np.array(first["keypoints"])[:, 2], 0.9)
  assert first["box"] == [1.0, 2.0, 3.5, 4.0] or first["box"] == [1.0, 2.01, 3.5, 4.0]


def test_json_of_several_people():
  frames = [[make_person(1), make_person(4, 60)], [], [make_person(4, 70)]]
  table = json.loads(write_table(JsonTable, frames, several=True))
  ids = [[person["track_id"] for person in row["people"]] for row in table["frames"]]
  assert ids == [[1, 4], [], [4]]
  assert table["frames"][2]["people"][0]["keypoints"][0] == pytest.approx([70, 60, 0.9], abs=1e-3)


def test_json_without_frames():
  assert json.loads(write_table(JsonTable, []))["frames"] == []


def test_json_lines_are_flushed_after_each_frame():
  file = io.StringIO()
  table = JsonLines(file, make_recording(False))
  for index in range(3):
    table.add(index, Frame(IMAGE, index / 10), [make_person()])
    lines = file.getvalue().splitlines()
    assert len(lines) == index + 1
    row = json.loads(lines[-1])
    assert (row["index"], row["time"]) == (index, index / 10)
    (person,) = row["people"]
    assert person["track_id"] == 1
    assert list(person["keypoints"]) == list(NAMES)
    assert person["keypoints"]["head"] == pytest.approx([160, 60, 0.9], abs=1e-3)


def test_csv():
  text = write_table(
    CsvTable, [[make_person(1), make_person(2, 60)], [], [make_person(2, 70, 0.1, False)]]
  )
  rows = list(csv.DictReader(io.StringIO(text)))
  assert [(row["index"], row["track_id"], row["found"]) for row in rows] == [
    ("0", "1", "1"),
    ("0", "2", "1"),
    ("2", "2", "0"),
  ]
  assert len(rows[0]) == 9 + 3 * 13
  assert float(rows[2]["head_x"]) == pytest.approx(70)
  assert float(rows[2]["left_ankle_y"]) == pytest.approx(220)
  assert float(rows[2]["score"]) == pytest.approx(0.1)
  assert "\r" not in text
