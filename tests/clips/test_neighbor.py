"""Tests of ppn_tf.clips.neighbor, which adds a second person next to a clip's person."""

import numpy as np

from ppn_tf.clips.neighbor import add_neighbor

import tensorflow as tf

NUM_FRAMES, HEIGHT, WIDTH = 3, 8, 100
LEFT, RIGHT = 40, 59


def person() -> np.ndarray:
  """Returns black frames with a bar in columns 40..59, left blue and right red, that brightens."""
  frames = np.zeros((NUM_FRAMES, HEIGHT, WIDTH, 3), np.float32)
  for number in range(NUM_FRAMES):
    frames[number, :, LEFT:50, 2] = 100 + 50 * number
    frames[number, :, 50 : RIGHT + 1, 0] = 100 + 50 * number
  return frames


def joints() -> np.ndarray:
  keypoints = np.full((NUM_FRAMES, 4, 2), 4.0, np.float32)
  keypoints[:, :, 0] = [LEFT, 50, RIGHT, 97]
  return keypoints


VISIBLE = np.tile([True, True, True, False], (NUM_FRAMES, 1))


def make_frames(seed, probability=1.0, visibility=VISIBLE):
  arguments = (tf.constant(person()), tf.constant(joints()), tf.constant(visibility))
  return add_neighbor(*arguments, tf.constant([5, seed]), probability).numpy()


def test_person_is_unchanged_and_the_neighbor_is_on_one_side():
  drawn_sides, colours, orders = set(), set(), set()
  for seed in range(40):
    frames = make_frames(seed)
    np.testing.assert_array_equal(frames[:, :, LEFT - 4 : RIGHT + 5], person()[:, :, 36:64])
    sides = {"left": frames[:, :, : LEFT - 4], "right": frames[:, :, RIGHT + 5 :]}
    occupied = {side for side, part in sides.items() if part.any()}
    assert len(occupied) == 1
    side = occupied.pop()
    # Up to half of the bar may be hidden.
    columns = np.flatnonzero(sides[side].any(axis=(0, 1, 3)))
    assert 9 <= len(columns) <= 20 and columns.tolist() == list(range(columns[0], columns[-1] + 1))
    if len(columns) == 20 and sides[side][0, 0, columns].max(axis=-1).min() == 100:
      blue_first = sides[side][0, 0, columns[0], 2] > 0
      colours.add(bool(blue_first))
    brightest = sides[side].max(axis=(1, 2, 3))
    orders.add(bool(brightest[0] < brightest[-1]))
    drawn_sides.add(side)
  assert drawn_sides == {"left", "right"} and colours == orders == {True, False}


def test_probability_of_a_neighbor():
  added = [not np.array_equal(make_frames(seed, 0.3), person()) for seed in range(100)]
  # 14 is three standard deviations of 100 draws with probability 0.3.
  assert abs(sum(added) - 30) <= 14
  assert not any(np.any(make_frames(seed, 0.0) != person()) for seed in range(5))


def test_no_neighbor_without_visible_joints_or_space():
  everywhere = joints()
  everywhere[:, 0, 0], everywhere[:, 2, 0] = 2, 98
  for seed in range(20):
    np.testing.assert_array_equal(make_frames(seed, visibility=np.zeros_like(VISIBLE)), person())
    frames = add_neighbor(person(), everywhere, tf.constant(VISIBLE), tf.constant([5, seed]), 1.0)
    np.testing.assert_array_equal(frames, person())


def test_equal_seeds_give_equal_frames():
  np.testing.assert_array_equal(make_frames(3), make_frames(3))
  assert np.any(make_frames(3) != make_frames(4))
