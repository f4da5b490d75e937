"""Tests of ppn_tf.tracking.presence, and of people of whom only a part is in the frame."""

import pathlib

import numpy as np
import pytest

from ppn_tf import PeopleTracker, Tracker
from ppn_tf.tracking import presence
from ppn_tf.tracking.video.sources import open_source
from tests.tracking.discs import DiscEye, paint

VIDEOS = pathlib.Path(__file__).parents[3] / "shared" / "data" / "videos" / "permissive"
# Scores of 17 joints, from the nose to the ankles.
WHOLE = [0.9] * 17
FADED = [0.5] * 17
PORTRAIT = [0.9, 0.85, 0.9, 0.7, 0.8, 0.6, 0.5] + [0.1] * 10
GEAR = [0.5] * 5 + [0.35] * 6 + [0.4] * 6  # resembles a person everywhere, a little
GLINT = [0.95] * 4 + [0.05] * 13


@pytest.mark.parametrize(
  ("scores", "expected"),
  [
    (WHOLE, 0.9 - 0.42),
    (FADED, 0.5 - 0.42),
    (PORTRAIT, 0.75 - 0.65),  # 5.25 / 7
    (GEAR, 7.0 / 17 - 0.42),
    (GLINT, 4.45 / 17 - 0.42),  # four joints are too few
  ],
)
def test_evidence_is_that_of_the_whole_or_of_a_part(scores, expected):
  assert presence.evidence(np.float32(scores), 0.42, 0.65) == pytest.approx(expected, abs=1e-6)


def test_everything_is_found_at_a_whole_score_of_zero():
  assert presence.evidence(np.zeros(17, np.float32), 0.0, 0.65) >= 0


class Portrait(DiscEye):
  """Sees the upper joints of a disc, and guesses the others with a low score."""

  def __init__(self, num_seen, rest=0.02):
    super().__init__()
    self.heights = np.float32([1.0] * num_seen + [rest] * (13 - num_seen))

  def _look(self, crop):
    return super()._look(crop) * self.heights


@pytest.mark.parametrize(("num_seen", "found"), [(13, True), (5, True), (4, False), (0, False)])
@pytest.mark.parametrize("max_people", [1, 2])
def test_person_with_few_joints_in_the_frame(num_seen, found, max_people):
  """Scores of 0.9 for five of 13 joints have a mean of 0.36."""
  tracker = Tracker.from_preset(Portrait(num_seen), restart_score=0.42)
  people = PeopleTracker(tracker, max_people)
  for _ in range(12):
    tracked = people.update(paint([(240, 150, 16)]))
    assert any(person.pose.found for person in tracked) == found


def test_mediocre_scores_of_all_joints_are_nobody():
  tracker = Tracker.from_preset(Portrait(0, rest=0.6), restart_score=0.7)
  assert PeopleTracker(tracker, 2).update(paint([(240, 150, 16)])) == []


def test_part_score_is_a_setting():
  strict = Tracker.from_preset(Portrait(5), restart_score=0.42, part_score=0.95)
  assert not strict.update(paint([(240, 150, 16)])).found


@pytest.mark.parametrize("max_people", [1, 2])
@pytest.mark.parametrize(
  ("clip", "top", "bottom"), [("again", 40, 240), ("book", 30, 270), ("milk", 0, 220)]
)
def test_head_and_shoulders_are_found(clip, top, bottom, max_people):
  """Cuts head and shoulders out of a video, as a camera on a desk shows them."""
  path = VIDEOS / "intel_asl" / f"{clip}.mkv"
  if not path.exists():
    pytest.skip(f"{path} is not there")
  tracker = PeopleTracker(Tracker.from_preset("people"), max_people)
  found = []
  for _, frame in zip(range(10), open_source(path)):
    picture = frame.image[top:bottom, 160:480]
    found.append([person.pose for person in tracker.update(np.ascontiguousarray(picture))])
  for poses in found:
    assert len(poses) == 1
    assert poses[0].found
