"""Tests of joint angles against right angles and the code of Pose2Sim."""

import numpy as np
import pytest

from ppn_tf.keypoints.angles import AngleMeter
from ppn_tf.keypoints.joint_maps import BLAZEPOSE_JOINTS, COCO_JOINTS, MPII_JOINTS
from ppn_tf.keypoints.skeletons import PENN_ACTION, SUB_JHMDB

LIMBS = ("shoulder", "elbow", "hip", "knee")
# A person who faces the camera: arms out with the forearms up, right thigh out, left knee bent.
RIGHT_ANGLES = {
  "right_shoulder": (80, 100), "left_shoulder": (120, 100),
  "right_elbow": (40, 100), "left_elbow": (160, 100),
  "right_wrist": (40, 60), "left_wrist": (160, 60),
  "right_hip": (80, 200), "left_hip": (120, 200),
  "right_knee": (20, 200), "left_knee": (120, 260),
  "right_ankle": (20, 260), "left_ankle": (180, 260),
}  # fmt: skip


def measure(places, names=COCO_JOINTS, min_score=0.2, **scores):
  """Returns degrees and scores by name, for joints at `places` with scores of 0.9 by default."""
  keypoints = np.array([places.get(name, (np.nan, np.nan)) for name in names], np.float32)
  values = np.array([scores.get(name, 0.9) for name in names], np.float32)
  meter = AngleMeter(names)
  angles = meter.measure(keypoints, values, min_score)
  rows = zip(meter.names, angles.degrees.tolist(), angles.scores.tolist())
  return {name: (degrees, score) for name, degrees, score in rows}


def test_right_angles():
  angles = {name: degrees for name, (degrees, _) in measure(RIGHT_ANGLES).items()}
  assert angles == pytest.approx(
    {
      "right_shoulder": 90,
      "left_shoulder": 90,
      "right_elbow": 90,
      "left_elbow": 90,
      "right_hip": 90,
      "left_hip": 180,
      "right_knee": 90,
      "left_knee": 90,
      "trunk": 0,
    },
    abs=1e-4,
  )


# Magnitudes of points_to_angles of Pose2Sim 0.10.49 for points a, b, c.
POSE2SIM = [
  ((136, 35), (214, 122), (343, 262), 179.21951500008345),
  ((266, 366), (86, 329), (48, 26), 108.76395851900656),
  ((343, 262), (136, 35), (86, 329), 52.01334164139304),
  ((211, 250), (266, 366), (214, 122), 13.336808365931724),
  ((48, 26), (211, 250), (343, 262), 131.23700817876409),
]


@pytest.mark.parametrize(("a", "b", "c", "degrees"), POSE2SIM)
@pytest.mark.parametrize("side", ["left", "right"])
def test_angles_of_pose2sim(a, b, c, degrees, side):
  places = {f"{side}_hip": a, f"{side}_knee": b, f"{side}_ankle": c}
  assert measure(places)[f"{side}_knee"][0] == pytest.approx(degrees, abs=1e-4)


# Angles of the line from (100, 140) with the horizontal by the same function.
@pytest.mark.parametrize(
  ("top", "horizontal"),
  [
    ((130, 40), -73.30075576600638),
    ((60, 30), -109.98310652189998),
    ((100, 20), -90.0),
    ((110, 200), 80.53767779197437),
  ],
)
def test_inclination(top, horizontal):
  offset = np.array([12.0, 3.0])
  places = {f"{s}_hip": np.array([100, 140]) + k * offset for s, k in (("left", 1), ("right", -1))}
  places.update(left_shoulder=top + offset, right_shoulder=top - offset)
  assert measure(places)["trunk"][0] == pytest.approx(90 + horizontal, abs=1e-4)


def test_mirror_image_swaps_the_sides():
  mirrored = {
    name.replace("left", "x").replace("right", "left").replace("x", "right"): (300 - x, y)
    for name, (x, y) in {**RIGHT_ANGLES, "left_shoulder": (133, 90)}.items()
  }
  angles, others = measure({**RIGHT_ANGLES, "left_shoulder": (133, 90)}), measure(mirrored)
  for name in LIMBS:
    assert angles[f"left_{name}"] == pytest.approx(others[f"right_{name}"], abs=1e-4)
  assert angles["trunk"][0] == pytest.approx(-others["trunk"][0], abs=1e-4)
  assert angles["trunk"][0] > 0


def test_scores_are_the_lowest_and_low_ones_have_no_angle():
  angles = measure(RIGHT_ANGLES, min_score=0.3, left_knee=0.4, right_wrist=0.1, right_hip=0.35)
  assert angles["left_knee"] == pytest.approx((90, 0.4), abs=1e-4)
  assert angles["left_hip"][1] == pytest.approx(0.4)
  assert np.isnan(angles["right_elbow"][0])
  assert angles["right_elbow"][1] == pytest.approx(0.1)
  assert angles["trunk"][1] == pytest.approx(0.35)
  assert angles["right_shoulder"] == pytest.approx((90, 0.35), abs=1e-4)


def test_missing_and_equal_joints_have_no_angle():
  angles = measure({**RIGHT_ANGLES, "left_ankle": (120, 260), "right_knee": (np.nan, 5)})
  for name in ("left_knee", "right_knee", "right_hip"):
    assert np.isnan(angles[name][0]), name
  together = {name: (50, 50) for name in RIGHT_ANGLES}
  assert all(np.isnan(degrees) for degrees, _ in measure(together).values())


def test_ankles_of_networks_with_toes():
  places = {"left_knee": (100, 100), "left_ankle": (100, 160), "left_foot_index": (130, 160)}
  assert measure(places, BLAZEPOSE_JOINTS)["left_ankle"][0] == pytest.approx(90, abs=1e-4)
  halpe = ("left_knee", "left_ankle", "left_big_toe")
  assert measure({**places, "left_big_toe": (70, 160)}, halpe)["left_ankle"][0] == pytest.approx(90)
  assert AngleMeter(halpe).names == ("left_ankle",)


@pytest.mark.parametrize(
  ("joints", "num_ankles"),
  [
    (COCO_JOINTS, 0),
    (PENN_ACTION.joint_names, 0),
    (SUB_JHMDB.joint_names, 0),
    (MPII_JOINTS, 0),
    (BLAZEPOSE_JOINTS, 2),
  ],
)
def test_angles_of_known_skeletons(joints, num_ankles):
  names = AngleMeter(joints).names
  assert len(names) == 9 + num_ankles
  assert names[-1] == "trunk"
  assert {f"{side}_{limb}" for side in ("left", "right") for limb in LIMBS} <= set(names)


def test_places_are_the_vertices():
  keypoints = np.array([RIGHT_ANGLES.get(name, (0, 0)) for name in COCO_JOINTS], np.float32)
  meter = AngleMeter(COCO_JOINTS)
  places = meter.measure(keypoints, np.ones(17), 0.2).places
  assert places[meter.names.index("left_knee")].tolist() == [120, 260]
  assert places[meter.names.index("trunk")].tolist() == [100, 150]


def test_animals_have_no_angle():
  meter = AngleMeter(("snout", "tail"))
  assert meter.names == ()
  assert meter.measure(np.ones((2, 2)), np.ones(2), 0.2).degrees.shape == (0,)
