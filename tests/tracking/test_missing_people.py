"""Tests of searches for people who are missing, on people drawn as discs."""

import pathlib

import numpy as np
import pytest

from ppn_tf import PeopleTracker, Tracker
from ppn_tf.tracking.video.sources import Excerpt, open_source
from tests.tracking.discs import DiscEye, joints, paint

DATA = pathlib.Path(__file__).parents[3] / "shared" / "data"


def follow(scenes, max_people=3, rate=30, eye=None):
  """Tracks discs (x, y, radius), a list for each frame."""
  tracker = PeopleTracker(Tracker.from_preset(eye or DiscEye()), max_people)
  return [tracker.update(paint(scene), index / rate) for index, scene in enumerate(scenes)]


def number(people, disc):
  """Returns the number of the person found at a disc, or None.

  `DiscEye` misjudges the size of a disc that is cut off, so half a height may be missing.
  """
  for person in people:
    distance = np.linalg.norm(person.pose.keypoints.mean(axis=0) - joints(disc).mean(axis=0))
    if person.pose.found and distance < 4 * disc[2]:
      return person.track_id
  return None


def wait(tracked, scenes, first, disc):
  """Returns the number of frames from `first` until the person at a disc is found."""
  for index in range(first, len(scenes)):
    if number(tracked[index], scenes[index][disc]) is not None:
      return index - first
  raise AssertionError("not found")


@pytest.mark.parametrize("place", [(40, 120, 12), (240, 150, 20), (440, 230, 10)])
@pytest.mark.parametrize("rate", [10, 30])
def test_person_who_enters_an_empty_scene_is_found_at_once(place, rate):
  scenes = [[]] * 7 + [[place]] * rate
  tracked = follow(scenes, rate=rate)
  # 36 places, 90 of them in a second.
  assert wait(tracked, scenes, 7, 0) / rate <= 0.45


@pytest.mark.parametrize("rate", [10, 30, 60])
def test_person_who_was_hidden_keeps_the_number_and_is_found_at_once(rate):
  """Walks at 100 pixels/s, and is hidden for one and a half seconds."""
  scenes = []
  for index in range(round(3.5 * rate)):
    time = index / rate
    walker = (60 + 100 * time, 150, 16)
    scenes.append([(240, 220, 10)] + ([walker] if not 1 <= time < 2.5 else []))
  tracked = follow(scenes, rate=rate)
  first = round(2.5 * rate)
  before = number(tracked[rate - 1], scenes[rate - 1][1])
  assert len(tracked[first - 1]) == 1
  assert wait(tracked, scenes, first, 1) / rate <= 0.1
  assert number(tracked[-1], scenes[-1][1]) == before


def test_person_who_appears_far_from_the_motion_is_new():
  here, there = (60, 150, 10), (440, 150, 10)
  scenes = [[here]] * 20 + [[]] * 18 + [[there]] * 30
  tracked = follow(scenes)
  assert number(tracked[19], here) == 1
  assert number(tracked[-1], there) == 2


def test_two_hidden_people_keep_their_own_numbers():
  left, right = (120, 150, 16), (360, 150, 16)
  scenes = [[left, right]] * 20 + [[]] * 30 + [[right]] * 20 + [[left, right]] * 20
  tracked = follow(scenes)
  numbers = [number(tracked[19], disc) for disc in (left, right)]
  assert sorted(numbers) == [1, 2]
  assert number(tracked[69], right) == numbers[1]
  assert [number(tracked[-1], disc) for disc in (left, right)] == numbers


def test_person_who_passes_behind_another_keeps_the_number():
  """Passes behind a larger person at 120 pixels/s; both trackers are then on that person."""
  scenes = []
  for index in range(90):
    x = 80 + 4 * index
    scenes.append([(240, 150, 20)] + ([(x, 150, 16)] if abs(x - 240) > 36 else []))
  tracked = follow(scenes)
  before = number(tracked[20], scenes[20][1])
  assert before is not None
  assert number(tracked[-1], scenes[-1][1]) == before
  assert max(person.track_id for person in tracked[-1]) == 2


def test_end_of_a_track_makes_room_for_a_search_at_once():
  stays, leaves, comes = (240, 150, 16), (400, 150, 16), (60, 150, 9)
  scenes = [[stays, leaves]] * 20 + [[stays]] * 70 + [[stays, comes]] * 60
  tracked = follow(scenes, max_people=2)
  # Two seconds after the end, nobody is missing: one look per frame, 36 places.
  assert wait(tracked, scenes, 90, 1) <= 40
  assert number(tracked[-1], comes) == 3


@pytest.mark.parametrize("x", [466, 14])
def test_person_at_the_edge_next_to_another_is_found_in_the_first_frame(x):
  beside = (x - 54 if x > 240 else x + 54, 150, 14)
  (people,) = follow([[(x, 150, 12), beside]])
  assert number(people, (x, 150, 12)) is not None
  assert number(people, beside) is not None


def test_looks_per_frame_are_few_while_somebody_is_missing():
  pair = [(120, 150, 18), (380, 150, 18)]
  eye = DiscEye()
  tracker = PeopleTracker(Tracker.from_preset(eye), 2)
  looks = []
  for scene in [pair] * 20 + [pair[1:]] * 90 + [pair] * 20:
    before = eye.starts
    tracker.update(paint(scene))
    looks.append(eye.starts - before)
  assert max(looks[1:20]) == 0
  # Three a frame on average, and up to four more that follow a promising one.
  assert max(looks[20:]) <= 3 + 4
  assert np.mean(looks[20:80]) <= 3.1
  assert np.mean(looks[85:110]) <= 1.2


def read(path, **options):
  if not path.exists():
    pytest.skip(f"{path} is not there")
  return Excerpt(open_source(path), **options)


@pytest.mark.slow
def test_four_people_on_boards():
  tracker = PeopleTracker(Tracker.from_preset("people"), 4)
  tracked = [tracker.update(frame.image, frame.time) for frame in read(DATA / "bonn" / "060470979")]
  assert [person.track_id for person in tracked[0]] == [1, 2, 3, 4]
  # The second passes behind the first and comes out with the same number.
  assert {person.track_id for people in tracked for person in people} == {1, 2, 3, 4}
  returned = [person.pose for person in tracked[-1] if person.track_id == 2]
  assert returned
  assert returned[0].found
  assert 240 < returned[0].keypoints[:, 0].mean() < 320


@pytest.mark.slow
def test_man_who_jumps_keeps_his_number():
  """Somersaults off a roof, in 1.4 s; a woman walks past."""
  path = DATA / "videos" / "permissive" / "sports2d_demo.mp4"
  tracker = PeopleTracker(Tracker.from_preset("people"), 4)
  tracked = [tracker.update(frame.image, frame.time) for frame in read(path, start=4.4, end=7.0)]
  assert {person.track_id for people in tracked for person in people} == {1, 2}
  man = min(tracked[0], key=lambda person: person.pose.keypoints[:, 1].mean())
  landed = [person for person in tracked[66] if person.track_id == man.track_id]  # at 6.6 s
  assert landed
  assert landed[0].pose.found
  assert landed[0].pose.keypoints[:, 1].mean() > 600
