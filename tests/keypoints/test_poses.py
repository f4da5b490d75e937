"""Tests of ppn_tf.keypoints.poses against similarities computed by hand."""

import dataclasses

import numpy as np
import pytest

from ppn_tf.keypoints.poses import OKS_SPREAD, Pose, similarity
from ppn_tf.keypoints.skeletons import PENN_ACTION
from tests.tracking.discs import joints


def pose(person, score=0.9):
  keypoints = joints(person).astype(np.float32)
  return Pose(keypoints, np.full(13, score, np.float32), PENN_ACTION.joint_names, (0, 0, 1, 1))


def test_equal_poses():
  assert similarity(pose((50, 60, 10)), pose((50, 60, 10)), 0.2) == pytest.approx(1.0)


def test_shift_by_hand():
  # The shape is 40 wide and 80 high: s^2 = 3200. All joints are 5 pixels apart.
  expected = np.exp(-25 / (2 * 3200 * OKS_SPREAD**2))
  assert similarity(pose((50, 60, 10)), pose((53, 64, 10)), 0.2) == pytest.approx(
    expected, rel=1e-5
  )


def test_people_next_to_each_other_differ():
  assert similarity(pose((50, 60, 10)), pose((80, 60, 10)), 0.2) < 0.2
  assert similarity(pose((50, 60, 10)), pose((95, 60, 10)), 0.2) < 0.1


def test_mirrored_pose():
  first = pose((50, 60, 10))
  second = dataclasses.replace(first, keypoints=first.keypoints[list(PENN_ACTION.flip_order)])
  assert similarity(first, second, 0.2) == pytest.approx(1.0)


def test_joints_below_min_score_do_not_count():
  first, second = pose((50, 60, 10)), pose((50, 60, 10))
  second.keypoints[5:] += 500
  second.scores[5:] = 0.1
  assert similarity(first, second, 0.2) > 0.99
  assert similarity(first, pose((50, 60, 10), score=0.1), 0.2) == 0.0


def test_confidence_is_the_mean_score():
  assert pose((50, 60, 10), 0.25).confidence == pytest.approx(0.25)
