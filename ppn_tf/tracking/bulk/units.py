"""Units of work: whole videos or segments of them, each tracked on its own."""

import dataclasses
import io
import zlib
from typing import List, Optional, Set, Tuple

import cv2

from ppn_tf.tracking.bulk.settings import BulkSettings
from ppn_tf.tracking.bulk.splits import open_segment
from ppn_tf.tracking.followed_people import follow_people
from ppn_tf.tracking.output.tables import JsonLines, Recording
from ppn_tf.tracking.video.sources import open_source


@dataclasses.dataclass(frozen=True)
class Unit:
  """Part of a video that one worker tracks.

  Attributes:
    path: absolute path of the video.
    video_hash: hash of its content.
    segment: number of the segment, from 0.
    num_segments: number of segments of the video.
  """

  path: str
  video_hash: str
  segment: int = 0
  num_segments: int = 1


@dataclasses.dataclass(frozen=True)
class JointFacts:
  """Numbers about the joints of a unit or a video.

  Attributes:
    num_frames: number of frames tracked.
    num_damaged: number of frames that could not be decoded.
    num_people: number of tracks in which the person was found at least once.
    last_id: highest track_id; 0 without people.
    fps: mean number of tracked frames per second.
    size: (height, width) of the frames in pixels.
    joint_names: K names.
  """

  num_frames: int
  num_damaged: int
  num_people: int
  last_id: int
  fps: float
  size: Tuple[int, int]
  joint_names: Tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class UnitResult(JointFacts):
  """Joints of a unit.

  Attributes:
    lines: `JsonLines` of the joints, with frames and people counted within the unit, as UTF-8
      compressed by zlib.
  """

  lines: bytes


def track_unit(settings: BulkSettings, unit: Unit) -> UnitResult:
  """Tracks people through a unit; loads the model at the first call in a process.

  Raises:
    InputError: the video cannot be read.
  """
  cv2.setNumThreads(1)  # each core has a worker
  video = open_source(unit.path, settings.fps)
  excerpt = open_segment(video, settings, unit.segment, unit.num_segments)
  tracker = settings.make_tracker()
  if unit.segment:
    tracker.reset()  # the box is that of the first frame
  found: Set[int] = set()
  ids = {0}
  text, compressor = io.StringIO(), zlib.compressobj(1)
  parts: List[bytes] = []
  table: Optional[JsonLines] = None
  size, num_frames = (0, 0), 0
  smoother = settings.make_smoother if settings.smooth else None
  for index, (frame, people) in enumerate(follow_people(tracker, excerpt, smoother)):
    if table is None:
      height, width = frame.image.shape[:2]
      size = (height, width)
      recording = Recording(
        video=unit.path,
        fps=excerpt.fps,
        width=width,
        height=height,
        skeleton=tracker.skeleton,
        min_score=tracker.min_score,
        several=settings.max_people > 1,
      )
      table = JsonLines(text, recording)
    table.add(index, frame, people)
    parts.append(compressor.compress(text.getvalue().encode()))
    text.seek(0)
    text.truncate()
    ids.update(person.track_id for person in people)
    found.update(person.track_id for person in people if person.pose.found)
    num_frames = index + 1
  parts.append(compressor.flush())
  return UnitResult(
    num_frames=num_frames,
    num_damaged=video.damaged,
    num_people=len(found),
    last_id=max(ids),
    fps=excerpt.fps,
    size=size,
    joint_names=tuple(tracker.skeleton.joint_names),
    lines=b"".join(parts),
  )
