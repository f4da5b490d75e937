"""Results of a tracked video: overlay, tables of joints, contact sheet."""

import contextlib
import dataclasses
import sys
import time
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Sequence, Set, Tuple, Type

import tqdm

from ppn_tf.keypoints.poses import Person
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.tracking.followed_people import follow_people
from ppn_tf.tracking.output.formats import TABLES
from ppn_tf.tracking.output.origin import describe_source
from ppn_tf.tracking.output.outputs import STANDARD_OUTPUT, Outputs
from ppn_tf.tracking.output.overlay import OverlayPainter
from ppn_tf.tracking.output.sheet import SheetSampler
from ppn_tf.tracking.output.tables import Recording, Table
from ppn_tf.tracking.smoothing import PoseSmoother
from ppn_tf.tracking.video.frame import Frame
from ppn_tf.tracking.video.reader import VideoFile
from ppn_tf.tracking.video.sources import Excerpt
from ppn_tf.tracking.video.threads import ReadAhead, WriteBehind
from ppn_tf.tracking.video.writer import VideoWriter, write_video

if TYPE_CHECKING:  # this module stays free of TensorFlow
  from ppn_tf.tracking.people_tracker import PeopleTracker


@dataclasses.dataclass(frozen=True)
class Summary:
  """Summary of a tracked video.

  Attributes:
    video: path of the video, or name of the camera or stream.
    num_frames: number of frames tracked.
    num_people: number of tracks in which the person was found at least once.
    num_damaged: number of frames that could not be decoded.
    seconds: time that tracking took.
    paths: outputs written.
    is_live: whether the source is a camera or a stream.
    sound_lost: whether the video has sound that the overlay's format does not support.
    pipe_closed: whether the reader of standard output ended the video.
  """

  video: str
  num_frames: int
  num_people: int
  num_damaged: int
  seconds: float
  paths: Tuple[str, ...]
  is_live: bool
  sound_lost: bool
  pipe_closed: bool = False


def write_results(
  tracker: "PeopleTracker",
  video: Excerpt,
  outputs: Outputs,
  *,
  smoother: Optional[Callable[[], PoseSmoother]] = PoseSmoother,
  sheet_every: int = 0,
  draw_angles: bool = False,
  overwrite: bool = False,
  stop: Callable[[], bool] = lambda: False,
) -> Summary:
  """Tracks through a video, shows progress, and writes all outputs or none.

  One thread decodes the next frames, and another draws and encodes, while the network processes
  a frame.

  Args:
    tracker: tracker that is reset to the start of a video.
    video: frames to track.
    outputs: paths to write.
    smoother: creates the smoother of one person; None leaves joints as they are read.
    sheet_every: frames from tile to tile of the sheet; 0 spreads 12 to 23 tiles evenly.
    draw_angles: whether the overlay shows joint angles in degrees.
    overwrite: whether outputs of other videos are replaced.
    stop: called before each frame; True ends the video there.
  Raises:
    InputError: an output would replace the video, another output or that of another video, or
      has an unknown format; or the video has no frames.
    KeyboardInterrupt: `stop` returned True before the first frame.
  """
  outputs.check(str(video.video.path), video.is_live, overwrite)
  begin = time.perf_counter()
  track_ids: Set[int] = set()
  num_frames = 0
  with contextlib.ExitStack() as stack:
    painter = OverlayPainter(
      tracker.skeleton, tracker.min_score, tracker.max_people > 1, draw_angles
    )
    writers = _Writers(stack, tracker, video, outputs, SheetSampler(sheet_every), painter)
    ahead = stack.enter_context(ReadAhead(video, newest=not video.waits, stop=stop))
    paint = stack.enter_context(WriteBehind(writers.paint)) if writers.paints else None
    progress = tqdm.tqdm(ahead, total=video.num_frames, unit="frame", disable=None)
    followed = follow_people(tracker, stack.enter_context(progress), smoother)
    for index, (frame, people) in enumerate(followed):
      if not index:
        writers.begin(frame)
      track_ids.update(person.track_id for person in people if person.pose.found)
      writers.add(index, frame, people)
      if paint:
        paint(index, frame, people)
      num_frames = index + 1
      if writers.pipe_closed:
        break
    if not num_frames:
      raise KeyboardInterrupt
    # The stack waits for the pictures when it closes, but tables and sheet are ended first.
    if paint:
      paint(-1, None, ())
    writers.finish_tables()
  return Summary(
    video=str(video.video.path),
    num_frames=num_frames,
    num_people=len(track_ids),
    num_damaged=video.video.damaged,
    seconds=time.perf_counter() - begin,
    paths=tuple(outputs.paths()),
    is_live=video.is_live,
    sound_lost=writers.sound_lost,
    pipe_closed=writers.pipe_closed,
  )


class _Writers:
  """Open outputs of one video."""

  def __init__(
    self,
    stack: contextlib.ExitStack,
    tracker: "PeopleTracker",
    video: Excerpt,
    outputs: Outputs,
    sampler: SheetSampler,
    painter: OverlayPainter,
  ):
    """Opens files under preliminary names; closing the stack renames them."""
    self._tracker, self._video, self._outputs = tracker, video, outputs
    self.tables: List[Table] = []
    self.pipe_closed = False
    self._sound_refused = False
    self._note = describe_source(str(video.video.path))
    self._files: List[Tuple[Type[Table], Any]] = []
    for kind, table in TABLES.items():
      path = getattr(outputs, kind)
      if path == STANDARD_OUTPUT:
        self._files.append((table, sys.stdout))
      elif path:
        target: Any = stack.enter_context(complete_or_absent(path))
        if table.is_text:
          target = stack.enter_context(open(target, "w", encoding="utf-8", newline=""))
        self._files.append((table, target))
    self._sheet = stack.enter_context(complete_or_absent(outputs.sheet)) if outputs.sheet else None
    self._sampler, self._painter = sampler, painter
    self._writer: Optional[VideoWriter] = None
    if outputs.overlay:
      self._writer = stack.enter_context(
        write_video(outputs.overlay, video.fps, video.video.time_base, self._note)
      )
    self.paints = bool(self._writer or self._sheet)
    self._begin = 0.0

  def begin(self, first: Frame) -> None:
    """Starts the tables and the sound, given the first frame."""
    source = self._video.video
    height, width = first.image.shape[:2]
    recording = Recording(
      video=str(source.path),
      fps=self._video.fps,
      width=width,
      height=height,
      skeleton=self._tracker.skeleton,
      min_score=self._tracker.min_score,
      several=self._tracker.max_people > 1,
    )
    self.tables = [table(target, recording) for table, target in self._files]
    self._begin = first.time
    if self._writer and isinstance(source, VideoFile) and not self._video.is_live:
      kept = self._writer.keep_sound(source.path, source.origin + first.time)
      self._sound_refused = source.has_sound and not kept

  @property
  def sound_lost(self) -> bool:
    """Returns whether the overlay lacks some sound of the video."""
    return self._sound_refused or bool(self._writer and self._writer.has_lost_sound)

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    """Writes the people in a frame to all tables."""
    self._apply(lambda table: table.add(index, frame, people))

  def finish_tables(self) -> None:
    """Writes the ends of all tables."""
    self._apply(lambda table: table.finish())

  def _apply(self, step: Callable[[Table], None]) -> None:
    """Applies a step to all tables; one whose reader is gone is left as it is."""
    for table in list(self.tables):
      try:
        step(table)
      except BrokenPipeError:
        self.tables.remove(table)
        self.pipe_closed = True

  def paint(self, index: int, frame: Optional[Frame], people: List[Person]) -> None:
    """Draws a frame into the overlay and the sheet; None as frame writes the sheet."""
    if frame is None:
      if self._sheet:
        self._sampler.write(self._sheet, self._note)
      return
    picture = self._painter.paint(frame.image, people, frame.time, in_place=True)
    if self._writer:
      self._writer.write(picture, frame.time - self._begin)
    if self._sheet:
      self._sampler.add(index, picture)
