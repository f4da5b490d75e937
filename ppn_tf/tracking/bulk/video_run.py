"""Progress of a run over many videos: which are done, which failed, and which units are left."""

import contextlib
import dataclasses
import functools
import os
import pathlib
from typing import (
  Any,
  Callable,
  Dict,
  Generator,
  Iterable,
  Iterator,
  List,
  Optional,
  Sequence,
  Set,
)

from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.tracking.bulk import joint_table, reports
from ppn_tf.tracking.bulk.fingerprints import hash_video
from ppn_tf.tracking.bulk.local_engine import Outcome
from ppn_tf.tracking.bulk.reports import Failure
from ppn_tf.tracking.bulk.result_store import Facts, ResultStore
from ppn_tf.tracking.bulk.settings import BulkSettings
from ppn_tf.tracking.bulk.splits import count_segments
from ppn_tf.tracking.bulk.units import Unit, track_unit
from ppn_tf.tracking.video.sources import open_source

# Calls a function for each unit, and yields the outcomes as they come.
Engine = Callable[[Callable[[Any], Any], Iterable[Any]], Generator[Outcome, None, None]]


class VideoRun:
  """State of a run over many videos.

  Attributes:
    num_tracked: number of videos tracked in this run.
    num_kept: number of videos that an earlier run had tracked.
    num_frames: number of frames tracked in this run.
  """

  def __init__(
    self,
    videos: Sequence[pathlib.Path],
    settings: BulkSettings,
    store: ResultStore,
    failures: Dict[str, Failure],
  ):
    self._videos, self._settings, self._store = videos, settings, store
    self._hashes: List[Optional[str]] = []  # of the videos; None if they cannot be read
    self._known: Set[str] = set()  # hashes
    self._unreadable: Dict[int, str] = {}  # reasons, by number of the video
    self._failures = failures  # by hash of the video
    self._done: Dict[str, Facts] = {}
    self._pending: Dict[str, int] = {}  # units of each video that have yet to end
    self.num_tracked = self.num_kept = self.num_frames = 0

  def track(self, engine: Engine, progress: Any) -> None:
    """Tracks all units that have no joints yet, and writes down the failures at its end."""
    function = functools.partial(track_unit, self._settings.resolve())
    try:
      with contextlib.closing(engine(function, self._plan(progress))) as outcomes:
        for outcome in outcomes:
          progress.update(self._take(outcome))
          failed = len(self._unreadable) + len(self._failures)
          progress.set_postfix(frames=self.num_frames, failed=failed)
    except BaseException:
      # Earlier failures of videos that this run has not reached are still known.
      reached = set(self._hashes)
      later = [failure for key, failure in self._failures.items() if key not in reached]
      reports.write_failures(self._store.folder, [*self.list_failures(), *later])
      raise
    reports.write_failures(self._store.folder, self.list_failures())

  def list_failures(self) -> List[Failure]:
    """Returns the failures so far, in the order of the videos."""
    failures = []
    for number, (video, video_hash) in enumerate(zip(self._videos, self._hashes)):
      name = reports.name_video(video)
      if number in self._unreadable:
        failures.append(Failure(name, None, self._store.settings_hash, 0, self._unreadable[number]))
      elif video_hash is not None and video_hash in self._failures:
        failure = self._failures[video_hash]
        reason = failure.reason.replace(failure.video, name)
        failures.append(dataclasses.replace(failure, video=name, reason=reason))
    return failures

  def write_tables(self, description: Dict[str, Any], parquet: bool) -> List[pathlib.Path]:
    """Writes the table of all joints and the manifest, where they differ.

    Args:
      description: from `BulkSettings.describe`.
      parquet: whether to write the Parquet table.
    """
    folder = self._store.folder
    done = [
      (video, self._done[video_hash])
      for video, video_hash in zip(self._videos, self._hashes)
      if video_hash in self._done
    ]
    lines = {facts.video_hash: self._store.get_path(facts.video_hash) for _, facts in done}
    joint_names = done[0][1].joint_names if done else ()
    header = {
      "settings": description,
      "settings_hash": self._store.settings_hash,
      "joint_names": joint_names,
      "failed": len(self.list_failures()),
      "table": reports.JOINTS if parquet and done else None,
    }
    entries = [
      reports.describe_video(video, facts, lines[facts.video_hash].relative_to(folder))
      for video, facts in done
    ]
    manifest = reports.format_manifest(header, entries)
    paths = [folder / reports.MANIFEST, folder / reports.FAILED]
    table = folder / reports.JOINTS
    if header["table"]:
      paths.insert(0, table)
      if not (table.is_file() and reports.has_content(paths[1], manifest)):
        with complete_or_absent(table) as partial:
          named = [(reports.name_video(video), lines[facts.video_hash]) for video, facts in done]
          joint_table.write_joints(partial, named, joint_names)
    reports.write_if_changed(folder / reports.MANIFEST, manifest)  # last: it names the others
    return paths

  def _plan(self, progress: Any) -> Iterator[Unit]:
    """Yields the units of videos that are neither done nor known to fail."""
    for number, video in enumerate(self._videos):
      units: List[Unit] = []
      try:
        video_hash = hash_video(video)
      except InputError as error:
        self._hashes.append(None)
        self._unreadable[number] = first_line(error)
      else:
        self._hashes.append(video_hash)
        units = self._plan_video(video, video_hash)
      if not units:
        progress.update()
      yield from units

  def _plan_video(self, video: pathlib.Path, video_hash: str) -> List[Unit]:
    """Returns the units of a video that have no joints yet."""
    if video_hash in self._known or video_hash in self._failures:
      return []
    self._known.add(video_hash)
    facts = self._store.read(video_hash)
    if facts is not None:
      self._done[video_hash] = facts
      self.num_kept += 1
      return []
    self._settings.make_tracker()  # a model that cannot be loaded ends the run here
    path, num_segments = os.path.abspath(video), 1
    try:
      if self._settings.segment_seconds:
        num_segments = count_segments(open_source(path, self._settings.fps), self._settings)
    except InputError as error:
      self._fail(Unit(path, video_hash), first_line(error))
      return []
    units = [Unit(path, video_hash, segment, num_segments) for segment in range(num_segments)]
    if num_segments > 1:
      units = [unit for unit in units if self._store.read(video_hash, unit.segment) is None]
    self._pending[video_hash] = len(units)
    if not units:
      self._finish(video_hash, num_segments)
    return units

  def _take(self, outcome: Outcome) -> bool:
    """Keeps the outcome of a unit; returns whether it is the last one of its video."""
    unit: Unit = outcome.unit
    if outcome.result is None:
      self._fail(unit, outcome.reason)
    else:
      self._store.write(unit, outcome.result)
      self.num_frames += outcome.result.num_frames
    self._pending[unit.video_hash] -= 1
    if self._pending[unit.video_hash]:
      return False
    if unit.video_hash not in self._failures:
      self._finish(unit.video_hash, unit.num_segments)
    return True

  def _finish(self, video_hash: str, num_segments: int) -> None:
    """Notes a video whose units all have joints."""
    facts = self._store.read(video_hash)
    if facts is None:
      facts = self._store.join(video_hash, num_segments, self._settings.max_people > 1)
    assert facts is not None, video_hash
    self._done[video_hash] = facts
    self.num_tracked += 1

  def _fail(self, unit: Unit, reason: str) -> None:
    """Notes a failed unit."""
    self._failures[unit.video_hash] = Failure(
      unit.path, unit.video_hash, self._store.settings_hash, unit.segment, reason
    )
