"""Tests of ppn_tf.tracking.output.overlay by the pixels that change."""

import dataclasses

import numpy as np
import pytest

from ppn_tf.keypoints.poses import Person, Pose
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.tracking.output.overlay import TRAIL_SECONDS, OverlayPainter
from tests.tracking.discs import joints

GREY = np.full((240, 320, 3), 90, np.uint8)


def person(x, track_id=1, score=0.9, **changes):
  pose = Pose(
    joints((x, 140, 20)).astype(np.float32),
    np.full(13, score, np.float32),
    PENN_ACTION.joint_names,
    (x - 50, 50, x + 50, 230),
  )
  return Person(track_id, dataclasses.replace(pose, **changes))


def find_changes(picture):
  return np.abs(picture.astype(int) - 90).max(axis=-1) > 12


def paint_frames(people_by_frame, seconds=0.04, **arguments):
  painter = OverlayPainter(PENN_ACTION, **arguments)
  return [painter.paint(GREY, people, seconds * t) for t, people in enumerate(people_by_frame)]


def test_skeleton_and_confidence_bar():
  (picture,) = paint_frames([[person(160)]])
  assert (GREY == 90).all()
  mask = find_changes(picture)
  for x, y in joints((160, 140, 20)).astype(int):
    assert mask[y, x]
  # The bar is above the head, at y = 60, and as long as the score.
  above = picture[:55].astype(int)
  green = (above[..., 1] > above[..., 0] + 40) & (above[..., 1] > above[..., 2] + 40)
  assert green.sum() > 20
  assert not mask[:, :60].any()


def test_bar_grows_with_confidence():
  lengths = []
  for score in (0.3, 0.6, 0.9):
    (picture,) = paint_frames([[person(160, score=score)]])
    row = picture[:55].astype(int)
    coloured = np.ptp(row, axis=-1) > 60
    lengths.append(np.flatnonzero(coloured.any(axis=0)).size)
  assert lengths[0] == pytest.approx(lengths[2] / 3, abs=2)
  assert lengths[1] == pytest.approx(2 * lengths[2] / 3, abs=2)


def test_people_who_are_not_found_are_not_drawn():
  (picture,) = paint_frames([[person(160, score=0.1, found=False)]])
  np.testing.assert_array_equal(picture, GREY)
  (picture,) = paint_frames([[]])
  np.testing.assert_array_equal(picture, GREY)


def test_trails_fade_and_end():
  still = paint_frames([[person(200)]])[0]
  moved = paint_frames([[person(100 + 5 * t)] for t in range(21)])[-1]
  trail = find_changes(moved) & ~find_changes(still)
  ankle = int(joints((200, 140, 20))[11][1])
  row = np.flatnonzero(trail[ankle - 1 : ankle + 2].any(axis=0))
  assert row.min() < 120  # 17 frames of 0.04 s are shorter than a trail
  strength = np.abs(moved.astype(int) - 90).max(axis=-1)[ankle - 1 : ankle + 2].max(axis=0)
  assert 5 < strength[95:105].max() < strength[150:160].max()
  frames = int(TRAIL_SECONDS / 0.04) + 2
  rested = paint_frames([[person(100 + 5 * min(t, 20))] for t in range(21 + frames)])[-1]
  np.testing.assert_array_equal(rested, still)


@pytest.mark.parametrize("how", ["jump", "restart", "lost"])
def test_trails_skip_long_moves(how):
  start, end = person(60), person(250, restarted=how == "restart")
  between = [[person(60, found=False)]] if how == "lost" else []
  pictures = paint_frames([[start], *between, [end]])
  assert not find_changes(pictures[-1])[:, 120:200].any()


def test_each_person_has_a_number_and_a_trail():
  first = paint_frames([[person(80), person(240, 2)]], show_ids=True)[0]
  second = paint_frames([[person(80), person(240, 3)]], show_ids=True)[0]
  assert find_changes(first)[140, 80 - 12] == find_changes(second)[140, 80 - 12]
  assert not np.array_equal(first[:60], second[:60])  # the number
  np.testing.assert_array_equal(first[70:], second[70:])
  swapped = paint_frames(
    [[person(80), person(240, 2)], [person(240, 2), person(80)]], show_ids=True
  )
  assert not find_changes(swapped[-1])[150:, 130:190].any()


@pytest.mark.parametrize("size", [(1, 1), (9, 200), (200, 9), (2160, 3840)])
def test_frame_sizes(size):
  painter = OverlayPainter(PENN_ACTION)
  frame = np.zeros((*size, 3), np.uint8)
  for t in range(3):
    assert painter.paint(frame, [person(4 + t)], t / 25).shape == frame.shape


def test_overlay_is_drawn_in_place_on_writable_images():
  (expected,) = paint_frames([[person(160)]])
  image, fixed = GREY.copy(), GREY.copy()
  fixed.flags.writeable = False
  pictures = [
    OverlayPainter(PENN_ACTION).paint(frame, [person(160)], 0.0, in_place=True)
    for frame in (image, fixed)
  ]
  assert pictures[0] is image and (fixed == 90).all()
  for picture in pictures:
    np.testing.assert_array_equal(picture, expected)


def test_extreme_coordinates():
  first = person(160)
  first.pose.keypoints[3] = np.nan
  first.pose.keypoints[5] = (1e9, -1e9)
  for picture in paint_frames([[first], [first]]):
    assert find_changes(picture).any()
