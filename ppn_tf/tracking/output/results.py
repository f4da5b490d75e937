"""Results of a tracked video: overlay, tables of joints, contact sheet."""

import contextlib
import dataclasses
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Set, Tuple, Type

import cv2
import numpy as np
import tqdm

from ppn_tf.keypoints.poses import Person
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.tracking.output import drawing
from ppn_tf.tracking.output.coco import CocoTable
from ppn_tf.tracking.output.overlay import OverlayPainter
from ppn_tf.tracking.output.tables import CsvTable, JsonLines, JsonTable, Recording, Table
from ppn_tf.tracking.smoothing import PoseSmoother
from ppn_tf.tracking.video.reader import Frame, VideoFile
from ppn_tf.tracking.video.sources import Excerpt
from ppn_tf.tracking.video.threads import ReadAhead, WriteBehind
from ppn_tf.tracking.video.writer import VideoWriter, write_video

if TYPE_CHECKING:  # this module stays free of TensorFlow
  from ppn_tf.tracking.people_tracker import PeopleTracker

TILE_SIZE = (240, 320)
MAX_TILES = 24
STANDARD_OUTPUT = "-"
_SHEET_SUFFIXES = (".png", ".jpg", ".jpeg")
_TABLES: Dict[str, Type[Table]] = {
  "json": JsonTable,
  "jsonl": JsonLines,
  "csv": CsvTable,
  "coco": CocoTable,
}


class SheetSampler:
  """Keeps small copies of frames for a contact sheet of a video of unknown length."""

  def __init__(self, every: int = 0):
    """Creates a sampler.

    Args:
      every: frames from one tile to the next; 0 keeps at most MAX_TILES - 1 frames, evenly
        spread.
    """
    self.tiles: List[np.ndarray] = []
    self._thin_out = every == 0
    self._every = every or 1

  def add(self, index: int, picture: np.ndarray) -> None:
    """Offers frame `index`, [H, W, 3] uint8 RGB."""
    if index % self._every:
      return
    self.tiles.append(drawing.fit_image(picture, *TILE_SIZE))
    if self._thin_out and len(self.tiles) == MAX_TILES:
      self.tiles, self._every = self.tiles[::2], 2 * self._every


@dataclasses.dataclass(frozen=True)
class Outputs:
  """Paths of results; None or an empty path writes nothing.

  Attributes:
    overlay: video with the people drawn over it, .mp4, .mov or .mkv.
    json: joints as JSON, see `tables`; "-" is standard output, as for the next three.
    jsonl: joints as JSON lines, see `tables`.
    csv: joints as CSV, see `tables`.
    coco: joints as COCO keypoint annotations, see `coco`.
    sheet: picture with frames of the overlay, .png or .jpg.
  """

  overlay: Optional[str] = None
  json: Optional[str] = None
  jsonl: Optional[str] = None
  csv: Optional[str] = None
  coco: Optional[str] = None
  sheet: Optional[str] = None

  def paths(self) -> List[str]:
    """Returns the paths that are written."""
    return [path for path in dataclasses.astuple(self) if path]

  def check(self, video: str) -> None:
    """Checks that the paths differ from each other and from the video's.

    Raises:
      InputError: two paths are the same, the sheet has an unknown format, or there is no path.
    """
    owners = {os.path.realpath(video): "the input video"}
    for path in self.paths():
      place = path if path == STANDARD_OUTPUT else os.path.realpath(path)
      if place in owners:
        raise InputError(f"{path}: is {owners[place]}. Give another output.")
      if not os.path.exists(place) or os.path.isfile(place):  # a device takes several
        owners[place] = "another output too"
    if self.sheet and not self.sheet.lower().endswith(_SHEET_SUFFIXES):
      raise InputError(f"contact_sheet={self.sheet}: not an image. End it in .png or .jpg.")
    if not self.paths():
      raise InputError("nothing to write. Give output=PATH, output_json=PATH or another table.")


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
  """

  video: str
  num_frames: int
  num_people: int
  num_damaged: int
  seconds: float
  paths: Tuple[str, ...]
  is_live: bool
  sound_lost: bool


def write_results(
  tracker: "PeopleTracker",
  video: Excerpt,
  outputs: Outputs,
  *,
  smoother: Optional[Callable[[], PoseSmoother]] = PoseSmoother,
  sheet_every: int = 0,
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
    stop: called before each frame; True ends the video there.
  Raises:
    InputError: an output would replace the video or another output, or has an unknown format;
      or the video has no frames.
    KeyboardInterrupt: `stop` returned True before the first frame.
  """
  outputs.check(str(video.video.path))
  begin = time.perf_counter()
  track_ids: Set[int] = set()
  smoothers: Dict[int, PoseSmoother] = {}
  num_frames = 0
  with contextlib.ExitStack() as stack:
    writers = _Writers(stack, tracker, video, outputs, sheet_every)
    ahead = stack.enter_context(ReadAhead(video, newest=not video.waits, stop=stop))
    paint = stack.enter_context(WriteBehind(writers.paint)) if writers.paints else None
    progress = tqdm.tqdm(ahead, total=video.num_frames, unit="frame", disable=None)
    for index, frame in enumerate(stack.enter_context(progress)):
      if not index:
        writers.begin(frame)
      people = tracker.update(frame.image, frame.time)
      track_ids.update(person.track_id for person in people if person.pose.found)
      if smoother:
        ids = [person.track_id for person in people]
        smoothers = {track_id: smoothers.get(track_id) or smoother() for track_id in ids}
        people = [
          Person(person.track_id, smoothers[person.track_id](person.pose, frame.time))
          for person in people
        ]
      for table in writers.tables:
        table.add(index, frame, people)
      if paint:
        paint(index, frame, people)
      num_frames = index + 1
    if not num_frames:
      raise KeyboardInterrupt
    # The stack waits for the pictures when it closes, but tables and sheet are ended first.
    if paint:
      paint(-1, None, ())
    for table in writers.tables:
      table.end()
  return Summary(
    video=str(video.video.path),
    num_frames=num_frames,
    num_people=len(track_ids),
    num_damaged=video.video.damaged,
    seconds=time.perf_counter() - begin,
    paths=tuple(outputs.paths()),
    is_live=video.is_live,
    sound_lost=writers.sound_lost,
  )


class _Writers:
  """Open outputs of one video."""

  def __init__(
    self,
    stack: contextlib.ExitStack,
    tracker: "PeopleTracker",
    video: Excerpt,
    outputs: Outputs,
    sheet_every: int,
  ):
    """Opens files under preliminary names; closing the stack renames them."""
    self._tracker, self._video, self._outputs = tracker, video, outputs
    self.tables: List[Table] = []
    self.sound_lost = False
    self._files: List[Tuple[Type[Table], Any]] = []
    for kind, table in _TABLES.items():
      path = getattr(outputs, kind)
      if path == STANDARD_OUTPUT:
        self._files.append((table, sys.stdout))
      elif path:
        partial = stack.enter_context(complete_or_absent(path))
        file = stack.enter_context(open(partial, "w", encoding="utf-8", newline=""))
        self._files.append((table, file))
    self._sheet = stack.enter_context(complete_or_absent(outputs.sheet)) if outputs.sheet else None
    self._sampler = SheetSampler(sheet_every)
    self._writer: Optional[VideoWriter] = None
    if outputs.overlay:
      self._writer = stack.enter_context(
        write_video(outputs.overlay, video.fps, video.video.time_base)
      )
    self.paints = bool(self._writer or self._sheet)
    several = tracker.max_people > 1
    self._painter = OverlayPainter(tracker.skeleton, tracker.min_score, several)
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
    self.tables = [table(file, recording) for table, file in self._files]
    self._begin = first.time
    if self._writer and isinstance(source, VideoFile) and not self._video.is_live:
      kept = self._writer.keep_sound(source.path, source.origin + first.time)
      self.sound_lost = source.has_sound and not kept

  def paint(self, index: int, frame: Optional[Frame], people: List[Person]) -> None:
    """Draws a frame into the overlay and the sheet; None as frame writes the sheet."""
    if frame is None:
      if self._sheet:
        picture = drawing.contact_sheet(self._sampler.tiles)
        cv2.imwrite(str(self._sheet), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
      return
    picture = self._painter.paint(frame.image, people, frame.time)
    if self._writer:
      self._writer.write(picture, frame.time - self._begin)
    if self._sheet:
      self._sampler.add(index, picture)
