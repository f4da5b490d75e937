"""Tests of degrees in the overlay."""

import numpy as np
import pytest

from ppn_tf.keypoints.poses import Person, Pose
from ppn_tf.keypoints.skeletons import COCO
from ppn_tf.tracking.output.angle_labels import AngleLabels
from ppn_tf.tracking.output.overlay import OverlayPainter
from tests.keypoints.test_angles import RIGHT_ANGLES


def make_pose(only=None, low=(), **places):
  places = {**RIGHT_ANGLES, **places}
  joints = np.array([places.get(name, (0, 0)) for name in COCO.joint_names], np.float32)
  visible = [name in places and (only is None or name in only) for name in COCO.joint_names]
  scores = np.where(visible, 0.9, 0.0).astype(np.float32)
  return Pose(2 * joints, scores, COCO.joint_names, (0.0, 0.0, 400.0, 560.0))


def draw(pose, size=(600, 480)):
  picture = np.full((*size, 3), 90, np.uint8)
  AngleLabels(COCO, 0.2).draw(picture, pose)
  return np.flatnonzero((picture != 90).any(axis=(0, 2))), (picture != 90).any(axis=2)


def test_numbers_are_beside_joints():
  leg = ("right_hip", "right_knee", "right_ankle")
  other = tuple(name.replace("right", "left") for name in leg)
  _, changed = draw(make_pose((*leg, *other)))
  rows, columns = np.nonzero(changed)
  # The right knee is at (40, 400), the left one at (240, 520).
  right, left = np.abs(rows - 400) < 20, np.abs(rows - 520) < 20
  assert (right | left).all() and right.any() and left.any()
  assert columns[right].max() < 40 and columns[left].min() > 240


@pytest.mark.parametrize(("x", "is_left"), [(100, False), (140, True)])
def test_sides_of_a_pair_follow_the_picture(x, is_left):
  joints = [f"{side}_{name}" for side in ("left", "right") for name in ("hip", "knee", "ankle")]
  pose = make_pose(joints, right_knee=(120, 230), left_knee=(x, 230), left_ankle=(x, 300))
  _, changed = draw(pose)
  columns = np.flatnonzero(changed[450:475].any(axis=0))
  assert columns.min() < min(2 * x, 240) and columns.max() > max(2 * x, 240)
  assert not np.isin(np.arange(2 * min(x, 120), 2 * max(x, 120)), columns).any()
  assert (x > 120) == is_left


def test_nothing_without_angles_or_far_outside():
  assert not draw(make_pose(("left_knee", "left_hip")))[0].size
  assert not draw(make_pose(("left_knee", "left_hip", "left_ankle"), left_knee=(1e7, 5)))[0].size
  draw(make_pose(), size=(2, 2))


@pytest.mark.parametrize("show_angles", [False, True])
def test_overlay_shows_angles_on_demand(show_angles):
  image = np.full((600, 480, 3), 90, np.uint8)
  people = [Person(1, make_pose())]
  plain = OverlayPainter(COCO).paint(image, people, 0.0)
  painted = OverlayPainter(COCO, show_angles=show_angles).paint(image, people, 0.0)
  assert (plain != painted).any() == show_angles
