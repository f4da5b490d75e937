"""What a tracked video leaves behind: an overlay, tables of joints, a sheet of frames."""

import contextlib
import dataclasses
import os
import sys
from typing import Any, Callable, Dict, List, Optional, Set, Tuple, Type

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
from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.smoothing import PoseSmoother
from ppn_tf.tracking.video.reader import Frame, VideoFile
from ppn_tf.tracking.video.sources import Excerpt
from ppn_tf.tracking.video.threads import ReadAhead, WriteBehind
from ppn_tf.tracking.video.writer import VideoWriter, write_video

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
      every: keep each frame whose index is a multiple of it; 0 keeps evenly
        spread ones, at most MAX_TILES - 1.
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
  """Where results go; what is None or empty is not written.

  Attributes:
    overlay: the video with the people drawn, .mp4, .mov or .mkv.
    json, jsonl, csv, coco: the joints, see `tables` and `coco_table`; "-" is standard output.
    sheet: frames of the overlay in one picture, .png or .jpg.
  """

  overlay: Optional[str] = None
  json: Optional[str] = None
  jsonl: Optional[str] = None
  csv: Optional[str] = None
  coco: Optional[str] = None
  sheet: Optional[str] = None

  def paths(self) -> List[str]:
    """Those that are written."""
    return [path for path in dataclasses.astuple(self) if path]

  def check(self, video: str) -> None:
    """Raises InputError if they cannot be written beside each other and the video."""
    seen = {os.path.realpath(video): "the video that is read"}
    for path in self.paths():
      place = path if path == STANDARD_OUTPUT else os.path.realpath(path)
      if place in seen:
        raise InputError(f"{path}: is {seen[place]}. Give another output.")
      if not os.path.exists(place) or os.path.isfile(place):  # a device takes several
        seen[place] = "another output too"
    if self.sheet and not self.sheet.lower().endswith(_SHEET_SUFFIXES):
      raise InputError(f"{self.sheet}: not an image's name. End it in .png or .jpg.")
    if not self.paths():
      raise InputError("nothing is to be written. Give --output or one of the tables.")


@dataclasses.dataclass(frozen=True)
class Summary:
  """What came of it.

  Attributes:
    num_frames: that were tracked.
    num_people: tracks that were found at least once.
    sound_lost: the video has sound that the overlay's format does not take.
  """

  num_frames: int
  num_people: int
  sound_lost: bool


def write_results(
  tracker: PeopleTracker,
  video: Excerpt,
  outputs: Outputs,
  *,
  smoother: Optional[Callable[[], PoseSmoother]] = PoseSmoother,
  sheet_every: int = 0,
  stop: Callable[[], bool] = lambda: False,
) -> Summary:
  """Tracks through a video, shows progress, and writes all results or none.

  The next frames are decoded in one thread, and pictures are drawn and encoded in
  another, while the network looks at a frame.

  Args:
    tracker: reset to the video's beginning.
    video: what is tracked.
    outputs: what is written.
    smoother: makes one for each person; None leaves joints as they are read.
    sheet_every: frames from tile to tile of the sheet; 0 spreads 12 to 23 evenly.
    stop: asked before each frame; True ends the video there.
  Raises:
    InputError: an output would replace the video or another one or has an unknown
      format, or the video has no frames.
    KeyboardInterrupt: `stop` came before the first frame.
  """
  outputs.check(str(video.video.path))
  found: Set[int] = set()
  smoothers: Dict[int, PoseSmoother] = {}
  count = 0
  with contextlib.ExitStack() as stack:
    writers = _Writers(stack, tracker, video, outputs, sheet_every)
    ahead = stack.enter_context(ReadAhead(video, newest=not video.waits, stop=stop))
    paint = stack.enter_context(WriteBehind(writers.paint)) if writers.paints else None
    progress = tqdm.tqdm(ahead, total=video.num_frames, unit="frame", disable=None)
    for index, frame in enumerate(stack.enter_context(progress)):
      if not index:
        writers.begin(frame)
      people = tracker.update(frame.image)
      found.update(one.track_id for one in people if one.pose.found)
      if smoother:
        smoothers = {one.track_id: smoothers.get(one.track_id) or smoother() for one in people}
        people = [
          Person(one.track_id, smoothers[one.track_id](one.pose, frame.time)) for one in people
        ]
      for table in writers.tables:
        table.add(index, frame, people)
      if paint:
        paint(index, frame, people)
      count = index + 1
    if not count:
      raise KeyboardInterrupt
    # The stack's end waits for the pictures, but tables and sheet come before it.
    if paint:
      paint(-1, None, ())
    for table in writers.tables:
      table.end()
  return Summary(count, len(found), writers.sound_lost)


class _Writers:
  """All outputs of one video while they are written."""

  def __init__(
    self,
    stack: contextlib.ExitStack,
    tracker: PeopleTracker,
    video: Excerpt,
    outputs: Outputs,
    sheet_every: int,
  ):
    """Opens files under their preliminary names, in a stack at whose end they get theirs."""
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
    """Takes from the first frame what all have in common."""
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
    """Draws a frame into the overlay and the sheet; without a frame, ends the sheet."""
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
