"""Somebody else beside a clip's person."""

import numpy as np

from ppn_tf.clips.neighbor import add_neighbor

import tensorflow as tf

NUM_FRAMES, HEIGHT, WIDTH = 3, 8, 100
LEFT, RIGHT = 40, 59


def person() -> np.ndarray:
  """Black frames with a bar over columns 40..59: blue first, red last, brighter frame by frame."""
  frames = np.zeros((NUM_FRAMES, HEIGHT, WIDTH, 3), np.float32)
  for number in range(NUM_FRAMES):
    frames[number, :, LEFT:50, 2] = 100 + 50 * number
    frames[number, :, 50 : RIGHT + 1, 0] = 100 + 50 * number
  return frames


def joints() -> np.ndarray:
  keypoints = np.full((NUM_FRAMES, 4, 2), 4.0, np.float32)
  keypoints[:, :, 0] = [LEFT, 50, RIGHT, 97]
  return keypoints


SEEN = np.tile([True, True, True, False], (NUM_FRAMES, 1))


def neighbored(seed, probability=1.0, seen=SEEN):
  arguments = (tf.constant(person()), tf.constant(joints()), tf.constant(seen))
  return add_neighbor(*arguments, tf.constant([5, seed]), probability).numpy()


def test_the_person_stays_and_somebody_is_on_one_side():
  sides, colours, orders = set(), set(), set()
  for seed in range(40):
    found = neighbored(seed)
    np.testing.assert_array_equal(found[:, :, LEFT - 4 : RIGHT + 5], person()[:, :, 36:64])
    beside = {"left": found[:, :, : LEFT - 4], "right": found[:, :, RIGHT + 5 :]}
    there = {side for side, part in beside.items() if part.any()}
    assert len(there) == 1
    side = there.pop()
    # The bar, of which half may be hidden.
    columns = np.flatnonzero(beside[side].any(axis=(0, 1, 3)))
    assert 9 <= len(columns) <= 20 and columns.tolist() == list(range(columns[0], columns[-1] + 1))
    if len(columns) == 20 and beside[side][0, 0, columns].max(axis=-1).min() == 100:
      blue_first = beside[side][0, 0, columns[0], 2] > 0
      colours.add(bool(blue_first))
    brightest = beside[side].max(axis=(1, 2, 3))
    orders.add(bool(brightest[0] < brightest[-1]))
    sides.add(side)
  assert sides == {"left", "right"} and colours == orders == {True, False}


def test_how_often():
  there = [not np.array_equal(neighbored(seed, 0.3), person()) for seed in range(100)]
  # Three deviations of 100 draws of probability 0.3 are 14.
  assert abs(sum(there) - 30) <= 14
  assert not any(np.any(neighbored(seed, 0.0) != person()) for seed in range(5))


def test_nobody_where_no_joint_is_known_or_the_person_fills_the_crop():
  everywhere = joints()
  everywhere[:, 0, 0], everywhere[:, 2, 0] = 2, 98
  for seed in range(20):
    np.testing.assert_array_equal(neighbored(seed, seen=np.zeros_like(SEEN)), person())
    found = add_neighbor(person(), everywhere, tf.constant(SEEN), tf.constant([5, seed]), 1.0)
    np.testing.assert_array_equal(found, person())


def test_equal_seeds_change_alike():
  np.testing.assert_array_equal(neighbored(3), neighbored(3))
  assert np.any(neighbored(3) != neighbored(4))
