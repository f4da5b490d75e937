"""Tests of the places at which long videos are split."""

import numpy as np
import pytest

from ppn_tf.tracking.bulk.settings import BulkSettings
from ppn_tf.tracking.bulk.splits import count_segments, open_segment
from ppn_tf.tracking.video.sources import open_source
from tests.tracking.bulk.spot_clips import SIZE, write_frames


@pytest.fixture(name="video", scope="module")
def fixture_video(tmp_path_factory):
  """Opens 100 frames at 25 per second, whose picture changes at frame 35."""
  random = np.random.default_rng(0)
  shots = [random.integers(0, 256, (3, 4, 3)).repeat(40, 0).repeat(40, 1) for _ in range(2)]
  assert shots[0].shape[:2] == SIZE
  frames = [shots[index >= 35].astype(np.uint8) for index in range(100)]
  return open_source(write_frames(tmp_path_factory.mktemp("splits") / "cut.mp4", frames))


def numbers(video, settings):
  """Returns the numbers of the frames of each segment."""
  count = count_segments(video, settings)
  return [
    [frame.number for frame in open_segment(video, settings, segment, count)]
    for segment in range(count)
  ]


def test_whole_video_by_default(video):
  assert numbers(video, BulkSettings()) == [list(range(100))]


def test_split_is_at_a_cut_that_follows_else_at_the_time(video):
  # Splits are due after 1, 2 and 3 seconds, and may be up to half a second later.
  assert numbers(video, BulkSettings(segment_seconds=1.0)) == [
    *(list(range(35)), list(range(35, 50)), list(range(50, 75)), list(range(75, 100)))
  ]


def test_rest_shorter_than_half_a_segment_belongs_to_the_last_one(video):
  assert [len(segment) for segment in numbers(video, BulkSettings(segment_seconds=1.7))] == [43, 57]


def test_splits_of_a_part(video):
  settings = BulkSettings(segment_seconds=1.0, start=1.0, end=3.0, every=3)
  assert numbers(video, settings) == [list(range(25, 50, 3)), list(range(50, 75, 3))]


def test_segment_after_the_end_is_empty(video):
  # As in a file that states a length that it does not have.
  assert list(open_segment(video, BulkSettings(segment_seconds=3.0), 2, 3)) == []
