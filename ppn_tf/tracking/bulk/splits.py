"""Places at which long videos are split, which depend only on the video and the settings.

The k-th split is at the first cut within `CUT_SECONDS` after k times `segment_seconds`; without
such a cut, it is at that time itself. Both segments at a split find it without each other.
"""

import contextlib
from typing import Optional

from ppn_tf.inference.frame_times import PERIOD
from ppn_tf.tracking.bulk.settings import BulkSettings
from ppn_tf.tracking.cuts import CutDetector
from ppn_tf.tracking.video.containers import open_container
from ppn_tf.tracking.video.sources import Excerpt, Video

CUT_SECONDS = 5.0
# Smallest time between frames; `VideoFile.frames` starts as much earlier.
_TOLERANCE = 1e-6


def count_segments(video: Video, settings: BulkSettings) -> int:
  """Returns into how many segments a video is split; 1 if its length is unknown."""
  length = _length(video)
  if not settings.segment_seconds or length is None:
    return 1
  end = length if settings.end is None else min(settings.end, length)
  return max(1, round((end - settings.start) / settings.segment_seconds))


def open_segment(video: Video, settings: BulkSettings, segment: int, num_segments: int) -> Excerpt:
  """Returns a segment of a video; each frame lies in exactly one.

  Args:
    video: the whole video.
    settings: times and steps; `every` counts from the first frame of a segment.
    segment: number of the segment, from 0.
    num_segments: from `count_segments`.
  Raises:
    InputError: see `Excerpt`.
  """
  start, end = settings.start, settings.end
  if segment:
    start = _find_split(video, settings, segment)
  if segment < num_segments - 1:
    end = _find_split(video, settings, segment + 1) - _TOLERANCE
  # A file may state a length that it does not have.
  return Excerpt(video, start, end, settings.every, may_be_empty=segment > 0)


def _find_split(video: Video, settings: BulkSettings, number: int) -> float:
  """Returns the time of the split before segment `number`."""
  time = settings.start + number * settings.segment_seconds
  latest = time + min(CUT_SECONDS, settings.segment_seconds / 2)
  detector, before = CutDetector(), None
  with contextlib.closing(video.frames(time)) as frames:
    for frame in frames:
      if frame.time >= latest:
        break
      period = PERIOD if before is None else frame.time - before
      if detector.is_cut(frame.image, period):
        return frame.time
      before = frame.time
  return time


def _length(video: Video) -> Optional[float]:
  """Returns the length of a video in seconds as its file states it; None if it does not."""
  if video.num_frames is not None:
    return video.num_frames / video.fps
  with open_container(str(video.path.absolute()), str(video.path)) as container:
    return container.duration / 1e6 if container.duration else None
