"""Tests of tracking at several frame rates: the same seconds pass, not the same frames."""

import numpy as np
import pytest

from ppn_tf import PeopleTracker, Tracker
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.cuts import CutDetector
from ppn_tf.tracking.output.results import Outputs, write_results
from ppn_tf.tracking.video.reader import Frame
from tests.tracking.discs import DiscEye, paint

RATES = (10, 30, 120)


def follow(tracker, people, rate):
  """Returns what a tracker finds of people, frame by frame; people(t) are discs."""
  return [
    tracker.update(paint(people(index / rate)), index / rate) for index in range(2 * rate + 1)
  ]


def disc_box(x, y, radius):
  return [x - 2.4 * radius, y - 4.8 * radius, x + 2.4 * radius, y + 4.8 * radius]


def first_time(frames, rate, condition):
  return next(index for index, frame in enumerate(frames) if condition(frame)) / rate


@pytest.mark.parametrize("rate", RATES)
def test_box_lags_by_the_same_time(rate):
  """Walks at 90 pixels/s, so 1 / 30 s are 3 pixels; a frame's box comes from the one before."""
  tracker = Tracker.from_preset(DiscEye())
  tracker.reset(disc_box(100, 150, 18))
  poses = follow(tracker, lambda t: [(100 + 90 * t, 150, 18)], rate)
  x1, _, x2, _ = poses[-1].box
  assert 100 + 90 * 2 - (x1 + x2) / 2 == pytest.approx(3 + 90 / rate, abs=0.7)


@pytest.mark.parametrize("rate", RATES)
def test_lost_person_is_sought_after_the_same_time(rate):
  tracker = Tracker.from_preset(DiscEye(), cuts=False)
  tracker.reset(disc_box(100, 150, 18))
  poses = follow(tracker, lambda t: [(100 if t < 0.995 else 400, 150, 18)], rate)
  restarted = first_time(poses, rate, lambda pose: pose.restarted)
  assert restarted + 1 / rate - 1.0 == pytest.approx(0.17, abs=0.5 / rate + 1e-6)


def test_searches_without_a_person_are_as_frequent_at_every_rate():
  """Counts the first frame and, in two seconds, searches at 0.17, 0.33, 0.67 and 1.33 s.

  At 10 frames per second these are at 0.13, 0.23, 0.43, 0.83 and 1.63 s.
  Each looks at 1 + 3 + 8 places, and once more at the best, and each later one at the last place.
  The first frame starts the recurrence, and with a refresh after 0.09 s, the 20 other frames at 10
  frames per second refresh it, every third of 60 at 30, and every eleventh of 240 at 120.
  """
  for rate, searches, refreshed in ((10, 5, 20), (30, 4, 20), (120, 4, 21)):
    for refresh_after in (0.0, 0.09):
      eye = DiscEye()
      follow(Tracker.from_preset(eye, refresh_after=refresh_after), lambda t: [], rate)
      looks = refreshed if refresh_after else 0
      assert eye.starts == (12 + 1 + 1) + searches * (1 + 12 + 1) + looks


@pytest.mark.parametrize("rate", RATES)
def test_track_ends_after_the_same_time(rate):
  tracker = PeopleTracker(Tracker.from_preset(DiscEye()), 2)
  frames = follow(
    tracker, lambda t: [(120, 150, 18), (380, 150, 18)][: 2 if t < 0.995 else 1], rate
  )
  assert len(frames[0]) == 2
  ended = first_time(frames, rate, lambda people: len(people) < 2)
  assert ended + 1 / rate - 1.0 == pytest.approx(0.5, abs=0.5 / rate + 1e-6)


def test_pauses_do_not_end_tracks():
  """Takes a picture every ten seconds of two people who stay where they are."""
  tracker = PeopleTracker(Tracker.from_preset(DiscEye()), 2)
  frame = paint([(120, 150, 18), (380, 150, 18)])
  for index in range(5):
    people = tracker.update(frame, 10.0 * index)
    assert [person.track_id for person in people] == [1, 2]
    assert all(person.pose.found for person in people)


def test_without_times_frames_are_a_thirtieth_of_a_second_apart():
  """Compares with times given, of a person who walks and leaves."""
  people = [[(100 + 3 * t, 150, 18)] if t < 40 else [] for t in range(80)]
  timed, untimed = (PeopleTracker(Tracker.from_preset(DiscEye()), 2) for _ in range(2))
  for index, discs in enumerate(people):
    expected = timed.update(paint(discs), 5 + index / 30)
    actual = untimed.update(paint(discs))
    assert [person.track_id for person in actual] == [person.track_id for person in expected]
    for one, two in zip(actual, expected):
      np.testing.assert_allclose(one.pose.keypoints, two.pose.keypoints, atol=1e-3)


def test_rate_of_a_whole_video():
  frames = [paint([(100 + 9 * t, 150, 18)]) for t in range(12)]
  tracker = Tracker.from_preset(DiscEye())
  called = list(tracker(frames, box=disc_box(100, 150, 18), fps=10))
  tracker.reset(disc_box(100, 150, 18))
  for index, pose in enumerate(called):
    np.testing.assert_array_equal(
      tracker.update(frames[index], index / 10).keypoints, pose.keypoints
    )
  with pytest.raises(InputError, match="fps=0: not a frame rate"):
    list(tracker(frames, fps=0))


@pytest.mark.parametrize("max_people", [1, 2])
def test_times_that_are_not_finite(max_people):
  tracker = PeopleTracker(Tracker.from_preset(DiscEye()), max_people)
  with pytest.raises(InputError, match="time=nan"):
    tracker.update(paint([]), float("nan"))


@pytest.mark.parametrize("rate", [15, 30, 60, 120])
def test_cut_detector_forgets_motion_in_the_same_time(rate):
  """Darkens a picture soon after strong motion, and again long after it.

  The motion changes 85 levels on average, the darkening 40, a cut only at 3 times the usual.
  """
  texture = np.random.default_rng(0).integers(60, 250, (32, 32, 3)).astype(np.uint8)
  texture = texture.repeat(8, axis=0).repeat(8, axis=1)
  results = []
  for still in (0.1, 1.0):
    detector = CutDetector()
    shots = [np.roll(texture, 8 * index, axis=1) for index in range(rate)]
    shots += [shots[-1]] * round(still * rate)
    shots.append(shots[-1] - 40)
    cuts = [detector.is_cut(frame, 1 / rate) for frame in shots]
    assert not any(cuts[:-1])
    results.append(cuts[-1])
  assert results == [False, True]


def test_tables_and_tracker_get_the_same_times(tmp_path):
  times = [0.0, 0.1, 0.15, 0.4]

  class Video:
    """Excerpt of variable frame rate."""

    path, damaged, num_frames, fps, is_live, waits = "clip", 0, 4, 10.0, False, True

    def __init__(self):
      self.video = self

    def __iter__(self):
      return iter(Frame(paint([(100, 150, 18)]), time) for time in times)

  received = []
  tracker = PeopleTracker(Tracker.from_preset(DiscEye()))
  update = tracker.update
  tracker.update = lambda frame, time=None: received.append(time) or update(frame, time)
  write_results(tracker, Video(), Outputs(json=str(tmp_path / "joints.json")))
  assert received == times
