"""Tests of ppn_tf.tracking.motion on a body that moves evenly, worked out by hand."""

import numpy as np
import pytest

from ppn_tf.keypoints.poses import Pose
from ppn_tf.tracking.motion import Motion

# Joints 100 pixels high about (0, 0), and one without confidence far away.
BODY = np.array([(0, -50), (-20, 0), (20, 0), (0, 50), (900, 900)], np.float32)
SCORES = np.array([0.9, 0.9, 0.9, 0.9, 0.1], np.float32)
FRAME = np.zeros((480, 640, 3), np.uint8)


def pose(x, y, scale=1.0):
  keypoints = scale * BODY + np.float32([x, y])
  return Pose(keypoints, SCORES, tuple("abcde"), box=(0.0, 0.0, 1.0, 1.0))


def walk(speed, rate=30, seconds=2.0):
  """Returns the motion of a body that starts at (100, 200) with a speed in pixels/s."""
  motion = Motion(pose(100, 200), 0.2)
  for index in range(1, round(rate * seconds) + 1):
    motion.see(pose(100 + speed * index / rate, 200), 1 / rate)
  return motion


@pytest.mark.parametrize("rate", [5, 30, 120])
def test_motion_leads_on_at_the_last_speed(rate):
  motion = walk(60, rate)
  for _ in range(rate):
    motion.wait(1 / rate)
  assert motion.unseen_for == pytest.approx(1.0)
  assert motion.distance(pose(280, 200)) == pytest.approx(0.0, abs=1e-3)
  # Within a second, a person of 100 pixels gets 0.5 + 3.5 times as far away.
  assert motion.distance(pose(280, 400)) == pytest.approx(0.5, abs=1e-3)
  assert motion.distance(pose(280 + 401, 200)) > 1


def test_box_shows_the_place():
  motion = walk(20)
  np.testing.assert_allclose(motion.box(FRAME), [80, 140, 200, 260], atol=1e-2)
  motion.wait(0.5)
  np.testing.assert_allclose(motion.box(FRAME), [90, 140, 210, 260], atol=1e-2)


def test_box_stays_at_the_edge_of_the_frame():
  motion = walk(-100, seconds=0.9)
  motion.wait(1.0)
  box = motion.box(FRAME)
  assert (box[0] + box[2]) / 2 == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(("scale", "same"), [(0.5, True), (2.0, True), (0.3, False), (3.5, False)])
def test_somebody_of_another_size_is_somebody_else(scale, same):
  motion = walk(0)
  motion.wait(0.2)
  assert (motion.distance(pose(100, 200, scale)) < 1) == same


def test_crouch_keeps_the_height():
  motion = walk(0)
  for _ in range(6):
    motion.see(pose(100, 200, 0.3), 1 / 30)
  box = motion.box(FRAME)
  assert box[2] - box[0] > 120 * 0.9


def test_seen_again_resets_the_time():
  motion = walk(60)
  motion.wait(1.0)
  motion.see(pose(280, 200), 0.0)
  assert motion.unseen_for == 0
  motion.wait(0.5)
  assert motion.distance(pose(310, 200)) == pytest.approx(0.0, abs=1e-3)
