"""Several people, painted as discs: who is found, who keeps a number, who ends."""

import numpy as np
import pytest

from ppn_tf import PeopleTracker, Tracker
from ppn_tf.runtime.errors import InputError
from tests.tracking.discs import DiscEye, joints, paint


def follow(frames, max_people=3, eye=None, box=None, **arguments):
  tracker = PeopleTracker(Tracker.from_preset(eye or DiscEye()), max_people, **arguments)
  tracker.reset(box)
  return [tracker.update(frame) for frame in frames]


def numbers(people):
  return [one.track_id for one in people]


def distance(one, person):
  return np.abs(one.pose.keypoints - joints(person)).max()


def walk(num_frames):
  """Three people, of whom the first walks to the right."""
  return [[(70 + 2 * t, 100, 14), (250, 150, 18), (400, 180, 12)] for t in range(num_frames)]


def test_all_are_found_and_keep_their_numbers():
  people = walk(40)
  found = follow([paint(three) for three in people])
  ids = [sorted(numbers(frame)) for frame in found]
  assert ids == [[1, 2, 3]] * 40
  first = {one.track_id: k for one in found[0] for k in range(3) if distance(one, people[0][k]) < 4}
  assert sorted(first.values()) == [0, 1, 2]
  for frame, three in zip(found, people):
    for one in frame:
      assert one.pose.found
      assert distance(one, three[first[one.track_id]]) < 4


def test_no_more_than_were_asked_for():
  found = follow([paint(three) for three in walk(5)], max_people=2)
  assert [numbers(frame) for frame in found] == [[1, 2]] * 5


def test_one_person_costs_what_a_tracker_costs():
  frames = [paint(three) for three in walk(12)]
  alone, among = DiscEye(), DiscEye()
  expected = list(Tracker.from_preset(alone)(frames))
  found = follow(frames, 1, among)
  assert (among.starts, among.steps) == (alone.starts, alone.steps)
  for (one,), pose in zip(found, expected):
    assert one.track_id == 1
    np.testing.assert_array_equal(one.pose.keypoints, pose.keypoints)


def test_when_all_are_there_nobody_is_sought():
  eye = DiscEye()
  frames = [paint(three) for three in walk(60)]
  tracker = PeopleTracker(Tracker.from_preset(eye), 3, search_every=10)
  tracker.update(frames[0])
  starts, steps = eye.starts, eye.steps
  for frame in frames[1:]:
    tracker.update(frame)
  assert (eye.starts - starts, eye.steps - steps) == (0, 3 * 59)


def test_a_search_takes_few_looks_a_frame():
  eye = DiscEye()
  tracker = PeopleTracker(Tracker.from_preset(eye), 3, search_every=30, looks_per_frame=2)
  starts = []
  for frame in [paint([])] * 91:
    tracker.update(frame)
    starts.append(eye.starts)
  # The first frame is searched whole: 1 + 3 + 8 + 18 places; then they take 15 of 30 frames.
  assert starts[0] == 30
  each = np.diff(starts)
  assert each.tolist() == ([0] * 29 + [2]) + 2 * ([2] * 14 + [0] * 15 + [2])


def test_a_newcomer_gets_a_new_number():
  frames = [paint([(120, 150, 18)])] * 20 + [paint([(120, 150, 18), (380, 150, 18)])] * 40
  found = follow(frames, 2, search_every=15)
  assert [numbers(frame) for frame in found[:20]] == [[1]] * 20
  assert numbers(found[-1]) == [1, 2]
  assert distance(found[-1][1], (380, 150, 18)) < 4


def test_who_leaves_ends_and_is_someone_new_later():
  both = paint([(120, 150, 18), (380, 150, 18)])
  frames = [both] * 10 + [paint([(380, 150, 18)])] * 30 + [both] * 50
  found = follow(frames, 2, drop_after=8, search_every=20)
  left, stayed = (
    next(one for one in found[0] if distance(one, (x, 150, 18)) < 4) for x in (120, 380)
  )
  for frame in found[10:17]:  # not yet given up
    lost = next(one for one in frame if one.track_id == left.track_id)
    assert not lost.pose.found
    assert lost.pose.confidence < 0.15
  assert [numbers(frame) for frame in found[18:40]] == [[stayed.track_id]] * 22
  assert sorted(numbers(found[-1])) == [stayed.track_id, 3]


def test_two_tracks_on_one_person_become_one():
  # The second walks to the first and is hidden there: both trackers see the one disc left.
  frames = []
  for t in range(60):
    x = 300 - 4 * t
    frames.append(paint([(120, 150, 18)] + ([(x, 150, 18)] if x > 160 else [])))
  found = follow(frames, 2, search_every=1000)
  assert sorted(numbers(found[0])) == [1, 2]
  assert len(found[-1]) == 1
  assert distance(found[-1][0], (120, 150, 18)) < 4


def test_a_person_is_not_found_twice():
  frames = [paint([(250, 150, 30)])] * 50
  assert [numbers(frame) for frame in follow(frames, 4, search_every=10)] == [[1]] * 50


def test_after_a_cut_all_are_new_but_those_who_stand_where_they_stood():
  before = paint([(120, 150, 18), (380, 150, 18)], background=20)
  after = paint([(120, 150, 18), (250, 150, 12)], background=120)
  found = follow([before] * 5 + [after] * 5, 2)
  stayed = next(one.track_id for one in found[0] if distance(one, (120, 150, 18)) < 4)
  assert sorted(numbers(found[4])) == [1, 2]
  assert sorted(numbers(found[5])) == sorted([stayed, 3])
  assert all(one.pose.found for one in found[5])


def test_a_box_says_who_is_the_first():
  x, y, radius = 380, 150, 18
  box = [x - 2 * radius, y - 4 * radius, x + 2 * radius, y + 4 * radius]
  found = follow([paint([(120, 150, 18), (x, y, radius)])] * 3, 2, box=box)
  assert distance(found[0][0], (x, y, radius)) < 4
  assert numbers(found[0]) == [1, 2]


def test_nobody_there():
  assert follow([paint([])] * 20, 3) == [[]] * 20


def test_less_than_one_person():
  with pytest.raises(InputError, match="max_people=0"):
    PeopleTracker(Tracker.from_preset(DiscEye()), 0)


def test_what_is_no_frame():
  with pytest.raises(InputError, match="frames are"):
    follow([np.zeros((4, 4))], 2)


def test_a_newcomer_needs_a_tenth_more_than_somebody_who_is_kept():
  """By either threshold: 0.3 where joints need 0.2, and 0.45 where people need 0.35."""
  for score, restart_score, wanted in (
    (0.28, 0.1, 0), (0.36, 0.1, 1), (0.43, 0.35, 0), (0.48, 0.35, 1),
  ):  # fmt: skip
    tracker = Tracker(DiscEye(peak=score), min_score=0.2, restart_score=restart_score)
    people = PeopleTracker(tracker, 2)
    assert len(people.update(paint([(100, 100, 16)]))) == wanted, (score, restart_score)
