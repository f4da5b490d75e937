"""Tests of the table of joint angles, read back by the standard library."""

import csv
import io

import numpy as np
import pytest

from ppn_tf.keypoints.poses import Person, Pose
from ppn_tf.keypoints.skeletons import COCO, Skeleton
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.output.angle_table import AngleTable
from ppn_tf.tracking.output.tables import Recording
from ppn_tf.tracking.video.frame import Frame
from tests.keypoints.test_angles import RIGHT_ANGLES

IMAGE = np.zeros((240, 320, 3), np.uint8)


def write_table(frames, skeleton=COCO):
  file = io.StringIO()
  table = AngleTable(file, Recording("clip.mp4", 25.0, 320, 240, skeleton, 0.2, True))
  for index, people in enumerate(frames):
    table.add(index, Frame(IMAGE, index / 25, number=5 + 2 * index), people)
  table.finish()
  return list(csv.DictReader(io.StringIO(file.getvalue())))


def make_person(track_id=1, found=True, **scores):
  keypoints = np.array([RIGHT_ANGLES.get(name, (0, 0)) for name in COCO.joint_names], np.float32)
  values = np.array([scores.get(name, 0.9) for name in COCO.joint_names], np.float32)
  box = (0.0, 0.0, 9.0, 9.0)
  return Person(track_id, Pose(keypoints, values, COCO.joint_names, box, found=found))


def test_rows():
  rows = write_table([[make_person(1), make_person(2, left_wrist=0.1)], [make_person(2, False)]])
  assert [(row["index"], row["frame"], row["track_id"], row["found"]) for row in rows] == [
    ("0", "5", "1", "1"),
    ("0", "5", "2", "1"),
    ("1", "7", "2", "0"),
  ]
  assert [float(rows[0][f"{side}_elbow"]) for side in ("right", "left")] == [90, 90]
  assert (float(rows[0]["left_hip"]), float(rows[0]["trunk"])) == (180, 0)
  assert (rows[1]["left_elbow"], rows[1]["left_elbow_score"]) == ("", "0.1")
  assert rows[1]["right_elbow_score"] == "0.9"
  assert {rows[2][name] for name in ("trunk", "left_knee", "right_hip")} == {""}
  assert float(rows[2]["time"]) == 0.04
  assert not any("ankle" in name for name in rows[0])  # COCO has no toes


def test_joints_without_angles_are_refused():
  skeleton = Skeleton("mouse", ("snout", "tail"), (), (), (0, 1), ())
  with pytest.raises(InputError, match="joints allow no angle.*Received: snout, tail"):
    write_table([], skeleton)
