"""Tests of PCK against two frames computed by hand."""

import numpy as np
import pytest

from ppn_tf.keypoints import pck
from ppn_tf.keypoints.skeletons import PENN_ACTION
from tests.three_joints import THREE

# The torso is (10, 10)-(13, 14) in frame 0, 5 pixels, and twice as long in frame 1.
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


def test_joint_on_the_threshold_is_correct():
  # 0.2 * 5 = 1 and 0.2 * 10 = 2 pixels.
  right = pck.correct(PREDICTED, LABELS, np.array([5.0, 10.0]))
  np.testing.assert_array_equal(right, [[True, False, False], [True, False, False]])
  # 0.4 * 5 = 2 and 0.4 * 10 = 4 pixels.
  right = pck.correct(PREDICTED, LABELS, np.array([5.0, 10.0]), alpha=0.4)
  np.testing.assert_array_equal(right, [[True, True, False], [True, True, False]])


def test_nan_prediction_is_wrong():
  assert not pck.correct(np.full((1, 1, 2), np.nan), np.zeros((1, 1, 2)), np.array([9.0])).any()


@pytest.mark.parametrize("length", [0.0, -3.0, np.nan, np.inf])
def test_unusable_length_makes_every_joint_wrong(length):
  """Counts even a joint on its label as wrong, at any threshold."""
  labels = np.array([[[5.0, 5.0], [1.0, 2.0]]] * 2)
  lengths = np.array([length, 1.0])
  np.testing.assert_array_equal(pck.usable(lengths), [False, True])
  right = pck.correct(labels, labels, lengths, alpha=1e9)
  np.testing.assert_array_equal(right, [[False, False], [True, True]])
  assert pck.mean_pck(right, np.ones((2, 2), bool)) == 50.0


def test_lengths_of_inverted_and_empty_boxes():
  boxes = np.array([[5, 5, 5, 5], [9, 9, 2, 3], [9, 1, 2, 3], [np.nan, 0, 1, 1]], np.float64)
  np.testing.assert_array_equal(pck.body_lengths(boxes)[:3], [0, -6, 2])
  np.testing.assert_array_equal(pck.usable(pck.body_lengths(boxes)), [False, False, True, False])


@pytest.mark.parametrize("bad", [[np.nan, 0], [0, np.nan], [np.inf, 0], [0, -np.inf]])
def test_distances_in_reference_lengths(bad):
  predicted = np.array([[[3, 4], bad], [[0, 0], [6, 8]]], np.float32)
  distances = pck.distances(predicted, np.zeros((2, 2, 2)), np.array([10.0, 4.0]))
  np.testing.assert_array_equal(distances, [[0.5, np.inf], [0.0, 2.5]])


def test_decimal_thresholds_are_exact():
  """Accepts 29 of 100 pixels at 0.29, although 0.29 * 100 is below 29 in binary."""
  alphas = pck.ALPHAS
  for length in (3, 7, 15, 49, 100):
    for step, alpha in enumerate(alphas):
      if length * step % 100 == 0:
        predicted = np.array([[[length * step // 100, 0.0]]])
        assert pck.correct(predicted, np.zeros((1, 1, 2)), np.array([float(length)]), alpha).all()


def test_clean_frames_show_both_ends_of_the_torso():
  visible = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0]], bool)
  np.testing.assert_array_equal(pck.torso_seen(visible, THREE), [True, False, False, False])


def test_curve_and_its_area():
  assert len(pck.ALPHAS) == 51 and pck.ALPHAS[[1, 20, 50]].tolist() == [0.01, 0.2, 0.5]
  alphas = np.array([0.0, 0.1, 0.3])
  distances = np.array([0.0, 0.05, 0.1, 0.2, np.inf, 0.01])
  visible = np.array([True] * 5 + [False])
  values = pck.curve(distances, visible, alphas)
  np.testing.assert_allclose(values, [20, 60, 80])
  # (20 + 60) / 2 over a width of 0.1, (60 + 80) / 2 over 0.2.
  assert pck.area(values, alphas) == pytest.approx((40 * 0.1 + 70 * 0.2) / 0.3)
  nothing = pck.curve(distances, ~np.ones(6, bool), alphas)
  assert np.isnan(nothing).all() and nothing.shape == (3,) and np.isnan(pck.area(nothing, alphas))


def test_summary_counts_only_visible_joints():
  right = np.array([[True, False, True], [True, True, False]])
  table = pck.summarise(right, VISIBLE, THREE)
  # Visible: head twice, right both times; shoulder twice, right once; hip once, wrong.
  assert table["micro"] == pytest.approx(100 * 3 / 5)
  assert table["groups"] == pytest.approx({"Head": 100.0, "Torso": 100 / 3})
  assert table["group_mean"] == pytest.approx((100 + 100 / 3) / 2)
  assert table["joint_mean"] == pytest.approx((100 + 50 + 0) / 3)
  assert table["joints"] == {"head": 100.0, "left_shoulder": 50.0, "right_hip": 0.0}
  assert table["num_joints"] == 5


def test_means_exclude_groups_without_visible_joints():
  visible = np.array([[True, False, False]])
  table = pck.summarise(np.array([[True, False, False]]), visible, THREE)
  assert np.isnan(table["groups"]["Torso"])
  assert table["micro"] == table["group_mean"] == table["joint_mean"] == 100.0
  nothing = pck.summarise(np.array([[True, True, True]]), np.zeros((1, 3), bool), THREE)
  assert np.isnan([nothing["micro"], nothing["group_mean"], nothing["joint_mean"]]).all()
