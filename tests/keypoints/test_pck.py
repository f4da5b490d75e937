"""PCK against two frames worked out by hand."""

import numpy as np
import pytest

from ppn_tf.keypoints import pck
from ppn_tf.keypoints.skeletons import PENN_ACTION, Skeleton

THREE = Skeleton(
  name="three",
  joint_names=("head", "left_shoulder", "right_hip"),
  flip_pairs=(),
  limbs=(),
  torso=(1, 2),
  groups=(("Head", (0,)), ("Torso", (1, 2))),
)
# The torso is (10, 10)-(13, 14), 5 pixels, in frame 0 and twice that in frame 1.
LABELS = np.array([[[5, 5], [10, 10], [13, 14]], [[5, 5], [20, 20], [26, 28]]], np.float64)
BOXES = np.array([[0, 0, 20, 30], [5, 5, 45, 15]], np.float64)
# Distances: 1, 2 and 3 pixels in frame 0; 2, 4 and 9 in frame 1.
PREDICTED = LABELS + np.array([[[1, 0], [0, 2], [0, -3]], [[-2, 0], [0, 4], [9, 0]]])
VISIBLE = np.array([[True, True, False], [True, True, True]])


def test_reference_lengths():
  np.testing.assert_allclose(pck.body_lengths(BOXES), [30, 40])
  np.testing.assert_allclose(pck.torso_lengths(LABELS, THREE), [5, 10])


def test_torso_of_penn_action_runs_from_left_shoulder_to_right_hip():
  keypoints = np.zeros((13, 2))
  keypoints[PENN_ACTION.joint_names.index("left_shoulder")] = [30, 0]
  keypoints[PENN_ACTION.joint_names.index("right_hip")] = [0, 40]
  assert pck.torso_lengths(keypoints, PENN_ACTION) == 50


def test_a_joint_on_the_threshold_is_right():
  # 0.2 * 5 = 1 and 0.2 * 10 = 2 pixels.
  right = pck.correct(PREDICTED, LABELS, np.array([5.0, 10.0]))
  np.testing.assert_array_equal(right, [[True, False, False], [True, False, False]])
  # 0.4 * 5 = 2 and 0.4 * 10 = 4 pixels.
  right = pck.correct(PREDICTED, LABELS, np.array([5.0, 10.0]), alpha=0.4)
  np.testing.assert_array_equal(right, [[True, True, False], [True, True, False]])


def test_a_prediction_that_is_no_number_is_wrong():
  assert not pck.correct(np.full((1, 1, 2), np.nan), np.zeros((1, 1, 2)), np.array([9.0])).any()


def test_summary_counts_visible_joints_alone():
  right = np.array([[True, False, True], [True, True, False]])
  table = pck.summarise(right, VISIBLE, THREE)
  # Visible: head twice, right both times; shoulder twice, right once; hip once, wrong.
  assert table["micro"] == pytest.approx(100 * 3 / 5)
  assert table["groups"] == pytest.approx({"Head": 100.0, "Torso": 100 / 3})
  assert table["group_mean"] == pytest.approx((100 + 100 / 3) / 2)
  assert table["joint_mean"] == pytest.approx((100 + 50 + 0) / 3)


def test_a_group_that_is_never_visible_is_left_out_of_the_means():
  visible = np.array([[True, False, False]])
  table = pck.summarise(np.array([[True, False, False]]), visible, THREE)
  assert np.isnan(table["groups"]["Torso"])
  assert table["micro"] == table["group_mean"] == table["joint_mean"] == 100.0
  nothing = pck.summarise(np.array([[True, True, True]]), np.zeros((1, 3), bool), THREE)
  assert np.isnan([nothing["micro"], nothing["group_mean"], nothing["joint_mean"]]).all()
