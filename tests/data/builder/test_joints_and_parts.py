"""Tests of joint checks, boxes from joints, and held-out clips."""

import numpy as np

from data.builder import joint_boxes
from data.builder.held_out import held_out
from data.builder.joint_checks import clean_joints

HEIGHT, WIDTH = 30, 40


def test_joints_outside_or_nan_are_invisible():
  keypoints = np.full((2, 15, 2), 9.0)
  keypoints[0, 0] = np.nan
  keypoints[0, 1] = [-0.6, 3]  # the frame's pixels end half a pixel beyond their centres
  keypoints[0, 2] = [-0.5, 3]
  keypoints[1, 3] = [WIDTH - 0.5, 3]
  keypoints[1, 4] = [WIDTH - 0.6, 3]
  labelled = np.ones((2, 15), bool)
  labelled[1, 9] = False
  keypoints[1, 9] = np.nan  # not labelled
  cleaned, visibility, repairs = clean_joints(keypoints, labelled, (HEIGHT, WIDTH))
  assert np.argwhere(~visibility).tolist() == [[0, 0], [0, 1], [1, 3], [1, 9]]
  assert cleaned[0, 0].tolist() == [0, 0] and np.isfinite(cleaned).all()
  assert [(repair.kind, repair.count) for repair in repairs] == [
    ("joints_not_a_number", 1),
    ("joints_outside", 2),
  ]


def test_boxes_of_joints_are_clipped_or_copied_from_the_nearest_frame():
  keypoints = np.zeros((4, 3, 2))
  keypoints[0] = [[10, 10], [20, 30], [15, 12]]  # 10 x 20 around (15, 20), enlarged to 12 x 24
  keypoints[3] = [[0, 1], [39, 2], [5, 1]]
  visibility = np.array([[1, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]], bool)
  boxes = joint_boxes.remake_boxes(
    np.tile([1.0, 2, 3, 4], (4, 1)), np.array([1, 1, 1, 0], bool), keypoints, visibility, (50, 40)
  )
  np.testing.assert_allclose(boxes[:2], [[9, 8, 21, 32]] * 2, atol=1e-5)
  np.testing.assert_allclose(boxes[2:], [[1, 2, 3, 4]] * 2)
  boxes = joint_boxes.remake_boxes(
    np.zeros((4, 4)), np.ones(4, bool), keypoints, visibility, (50, 40)
  )
  np.testing.assert_allclose(boxes[3], [0, 0.9, 39, 2.1], atol=1e-5)


def test_boxes_without_area_are_degenerate():
  boxes = np.array([[0, 0, 1, 1], [0, 0, 0, 1], [0, 5, 1, 4], [0, 0, np.nan, 1]])
  assert joint_boxes.find_degenerate(boxes).tolist() == [False, True, True, True]


def test_held_out_names_depend_only_on_the_names():
  names = [f"clip_{number}" for number in range(50)]
  chosen = held_out(names, 0.2)
  assert len(chosen) == 10 and chosen == held_out(reversed(names), 0.2)
  assert held_out(names[:2], 0.01) < set(names[:2]) and len(held_out(names[:2], 0.99)) == 1
  assert held_out(names, 0.0) == set() and held_out(names, 1.0) == set(names)
  # sha256("a") begins with ca, sha256("b") with 3e, sha256("c") with 2e.
  assert held_out("abc", 0.3) == {"c"}
