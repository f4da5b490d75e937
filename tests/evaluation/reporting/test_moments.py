"""Tests of ppn_tf.evaluation.reporting.moments: moments chosen by the labels."""

import numpy as np
import pytest

from ppn_tf.evaluation.reporting.moments import choose_moment, spread
from ppn_tf.keypoints.skeletons import PENN_ACTION


@pytest.mark.parametrize(
  ("available", "wanted", "expected"),
  [(10, 3, [1, 5, 8]), (3, 3, [0, 1, 2]), (2, 5, [0, 1]), (0, 3, []), (1068, 1, [534])],
)
def test_spread(available, wanted, expected):
  assert spread(available, wanted) == expected


def clip(length):
  boxes = np.tile(np.array([0.0, 0, 100, 50], np.float32), (length, 1))
  return np.zeros((length, 13, 2), np.float32), np.ones((length, 13), bool), boxes


def test_temporarily_hidden_joint():
  keypoints, visibility, boxes = clip(20)
  keypoints[:, 5, 0] = 9 * np.arange(20)  # a fast wrist
  visibility[11:13, 10] = False
  visibility[:, 12] = False  # never visible
  moment = choose_moment(keypoints, visibility, boxes, PENN_ACTION)
  assert (moment.joint, moment.length) == (10, 5)
  assert moment.first < 11 and moment.first + 5 > 13
  assert moment.reason == "the left knee, hidden in 2 of the 5 frames"
  assert 1 <= moment.interest <= 2


def test_hidden_joint_with_the_largest_motion():
  keypoints, visibility, boxes = clip(12)
  visibility[3, 4] = visibility[8, 9] = False
  keypoints[8:, 9, 1] = 40
  assert choose_moment(keypoints, visibility, boxes, PENN_ACTION).joint == 9


def test_fastest_wrist():
  keypoints, visibility, boxes = clip(20)
  keypoints[8:13, 6, 0] = [0, 10, 20, 30, 40]
  keypoints[13:, 6, 0] = 40
  keypoints[:, 12, 0] = 30 * np.arange(20)  # a faster ankle
  moment = choose_moment(keypoints, visibility, boxes, PENN_ACTION)
  assert (moment.joint, moment.first) == (6, 8)
  assert moment.reason == "the left wrist, where it moves fastest"
  assert moment.interest == pytest.approx(0.4)  # 40 pixels in a box of 100


@pytest.mark.parametrize("length", [1, 3])
def test_short_clips(length):
  moment = choose_moment(*clip(length), PENN_ACTION)
  assert (moment.first, moment.length) == (0, length)


def test_nothing_visible():
  keypoints, visibility, boxes = clip(9)
  moment = choose_moment(keypoints, ~visibility, 0 * boxes, PENN_ACTION)
  assert moment.interest < 0 and moment.joint in (5, 6)
