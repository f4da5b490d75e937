"""Tests of ppn_tf.tracking.people_tracker on people drawn as discs."""

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
  return [person.track_id for person in people]


def distance(person, disc):
  return np.abs(person.pose.keypoints - joints(disc)).max()


def walk(num_frames):
  """Returns frames of three people, the first of whom walks to the right."""
  return [[(70 + 2 * t, 100, 14), (250, 150, 18), (400, 180, 12)] for t in range(num_frames)]


def test_all_people_are_found_and_keep_their_numbers():
  people = walk(40)
  tracked = follow([paint(discs) for discs in people])
  ids = [sorted(numbers(frame)) for frame in tracked]
  assert ids == [[1, 2, 3]] * 40
  first = {
    person.track_id: k
    for person in tracked[0]
    for k in range(3)
    if distance(person, people[0][k]) < 4
  }
  assert sorted(first.values()) == [0, 1, 2]
  for frame, discs in zip(tracked, people):
    for person in frame:
      assert person.pose.found
      assert distance(person, discs[first[person.track_id]]) < 4


def test_at_most_max_people_are_tracked():
  tracked = follow([paint(discs) for discs in walk(5)], max_people=2)
  assert [numbers(frame) for frame in tracked] == [[1, 2]] * 5


def test_one_person_costs_as_much_as_a_tracker():
  frames = [paint(discs) for discs in walk(12)]
  single_eye, people_eye = DiscEye(), DiscEye()
  expected = list(Tracker.from_preset(single_eye)(frames))
  tracked = follow(frames, 1, people_eye)
  assert (people_eye.starts, people_eye.steps) == (single_eye.starts, single_eye.steps)
  for (person,), pose in zip(tracked, expected):
    assert person.track_id == 1
    np.testing.assert_array_equal(person.pose.keypoints, pose.keypoints)


def test_no_search_once_everyone_is_tracked():
  eye = DiscEye()
  frames = [paint(discs) for discs in walk(60)]
  tracker = PeopleTracker(Tracker.from_preset(eye), 3)
  tracker.update(frames[0])
  starts, steps = eye.starts, eye.steps
  for frame in frames[1:]:
    tracker.update(frame)
  assert (eye.starts - starts, eye.steps - steps) == (0, 3 * 59)


def test_search_takes_few_looks_per_frame():
  def count(people):
    eye = DiscEye()
    tracker = PeopleTracker(Tracker.from_preset(eye), 3, looks_per_second=30)
    starts = []
    for frame in [paint(people)] * 91:
      tracker.update(frame)
      starts.append(eye.starts)
    return starts[0], np.diff(starts)

  # The first frame is searched in all 1 + 4 + 2 x 5 + 3 x 7 places, later ones in one, or in three
  # while nobody is there. Two refinements and a check follow a promising look.
  first, each = count([])
  assert first == 36
  assert (each.max(), each.mean()) == (4, pytest.approx(3, abs=0.05))
  first, each = count([(250, 150, 18)])
  assert first > 36
  assert (each.max(), each.mean()) == (4, pytest.approx(1, abs=0.05))


def test_newcomer_gets_a_new_number():
  frames = [paint([(120, 150, 18)])] * 20 + [paint([(120, 150, 18), (380, 150, 18)])] * 40
  tracked = follow(frames, 2)
  assert [numbers(frame) for frame in tracked[:20]] == [[1]] * 20
  assert numbers(tracked[-1]) == [1, 2]
  assert distance(tracked[-1][1], (380, 150, 18)) < 4


@pytest.mark.parametrize(("gone", "number"), [(55, 1), (70, 3)])
def test_person_who_returns_within_two_seconds_keeps_the_number(gone, number):
  pair = paint([(120, 150, 18), (380, 150, 18)])
  frames = [pair] * 10 + [paint([(380, 150, 18)])] * gone + [pair] * 45
  tracked = follow(frames, 2, drop_after=8 / 30)
  left, stayed = (
    next(person for person in tracked[0] if distance(person, (x, 150, 18)) < 4) for x in (120, 380)
  )
  assert (left.track_id, stayed.track_id) == (1, 2)
  for frame in tracked[10:17]:  # the track has not ended yet
    lost = next(person for person in frame if person.track_id == left.track_id)
    assert not lost.pose.found
    assert lost.pose.confidence < 0.15
  assert [numbers(frame) for frame in tracked[18 : 10 + gone]] == [[2]] * (gone - 8)
  assert numbers(tracked[-1]) == sorted([2, number])


def test_two_tracks_on_one_person_merge():
  # The second person walks behind the first, so that both trackers follow one disc.
  frames = []
  for t in range(60):
    x = 300 - 4 * t
    frames.append(paint([(120, 150, 18)] + ([(x, 150, 18)] if x > 160 else [])))
  tracked = follow(frames, 2)
  assert sorted(numbers(tracked[0])) == [1, 2]
  assert len(tracked[-1]) == 1
  assert distance(tracked[-1][0], (120, 150, 18)) < 4


def test_person_is_not_tracked_twice():
  frames = [paint([(250, 150, 30)])] * 50
  assert [numbers(frame) for frame in follow(frames, 4)] == [[1]] * 50


def test_only_people_in_the_same_pose_keep_their_numbers_at_a_cut():
  shot = paint([(120, 150, 18), (380, 150, 18)], background=20)
  next_shot = paint([(120, 150, 18), (250, 150, 12)], background=120)
  tracked = follow([shot] * 5 + [next_shot] * 5, 2)
  stayed = next(person.track_id for person in tracked[0] if distance(person, (120, 150, 18)) < 4)
  assert sorted(numbers(tracked[4])) == [1, 2]
  assert sorted(numbers(tracked[5])) == sorted([stayed, 3])
  assert all(person.pose.found for person in tracked[5])


def test_box_determines_the_first_person():
  x, y, radius = 380, 150, 18
  box = [x - 2 * radius, y - 4 * radius, x + 2 * radius, y + 4 * radius]
  tracked = follow([paint([(120, 150, 18), (x, y, radius)])] * 3, 2, box=box)
  assert distance(tracked[0][0], (x, y, radius)) < 4
  assert numbers(tracked[0]) == [1, 2]


def test_empty_frames():
  assert follow([paint([])] * 20, 3) == [[]] * 20


def test_max_people_below_one():
  with pytest.raises(InputError, match="max_people=0"):
    PeopleTracker(Tracker.from_preset(DiscEye()), 0)


def test_invalid_frame():
  with pytest.raises(InputError, match="frames are"):
    follow([np.zeros((4, 4))], 2)


def test_newcomer_requires_more_confidence_than_a_tracked_person():
  """Adds 0.1 to the larger threshold: 0.3 for joints at 0.2, and 0.45 for people at 0.35."""
  for score, restart_score, count in (
    (0.28, 0.1, 0), (0.36, 0.1, 1), (0.43, 0.35, 0), (0.48, 0.35, 1),
  ):  # fmt: skip
    tracker = Tracker(DiscEye(peak=score), min_score=0.2, restart_score=restart_score)
    people = PeopleTracker(tracker, 2)
    assert len(people.update(paint([(100, 100, 16)]))) == count, (score, restart_score)
