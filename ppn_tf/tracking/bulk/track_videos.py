"""Tracking of many videos, from their paths to the tables of all joints."""

import contextlib
import dataclasses
import pathlib
import time
from typing import Iterator, Sequence

import filelock
import tqdm

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.bulk import joint_table, reports
from ppn_tf.tracking.bulk.result_store import ResultStore
from ppn_tf.tracking.bulk.settings import BulkSettings, hash_description
from ppn_tf.tracking.bulk.video_run import Engine, VideoRun
from ppn_tf.tracking.video.sources import check_part


@dataclasses.dataclass(frozen=True)
class BulkSummary:
  """Summary of a run over many videos.

  Attributes:
    num_videos: number of videos given.
    num_tracked: number of videos tracked in this run.
    num_kept: number of videos that an earlier run had tracked.
    num_failed: number of videos without joints.
    num_frames: number of frames tracked in this run.
    seconds: time of this run.
    paths: tables and reports.
  """

  num_videos: int
  num_tracked: int
  num_kept: int
  num_failed: int
  num_frames: int
  seconds: float
  paths: Sequence[pathlib.Path]


def track_videos(
  videos: Sequence[pathlib.Path],
  folder: pathlib.Path,
  settings: BulkSettings,
  engine: Engine,
  *,
  parquet: bool = True,
  retry_failed: bool = False,
) -> BulkSummary:
  """Tracks videos that have no joints in a folder yet, and writes the tables of all videos.

  A video fails for itself. An interruption or a full disk ends the run; the joints of finished
  units stay, and the next run goes on from there.

  Args:
    videos: from `find_videos`.
    folder: folder of all outputs.
    settings: settings of the tracker.
    engine: runs the units.
    parquet: whether to write the Parquet table.
    retry_failed: whether to try videos again that failed earlier.
  Raises:
    InputError: the settings, the model or the folder cannot be used, or another run writes there.
  """
  if parquet:
    joint_table.import_pyarrow()
  check_part(settings.start, settings.end, settings.every)
  begin = time.perf_counter()
  description = settings.describe()
  settings_hash = hash_description(description)
  with _locked(folder):
    store = ResultStore(folder, settings_hash)
    failures = reports.read_failures(folder, settings_hash)
    run = VideoRun(videos, settings, store, {} if retry_failed else failures)
    with tqdm.tqdm(total=len(videos), unit="video", disable=None) as progress:
      run.track(engine, progress)
    paths = run.write_tables(description, parquet)
  return BulkSummary(
    num_videos=len(videos),
    num_tracked=run.num_tracked,
    num_kept=run.num_kept,
    num_failed=len(run.list_failures()),
    num_frames=run.num_frames,
    seconds=time.perf_counter() - begin,
    paths=paths,
  )


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> Iterator[None]:
  """Creates a folder, and keeps other runs from writing there meanwhile."""
  try:
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / ".lock")
    lock.acquire(timeout=0)
  except filelock.Timeout as error:
    raise InputError(
      f"output={folder}: another run is writing there. Wait for it, or give another folder."
    ) from error
  except OSError as error:
    raise InputError(
      f"output={folder}: cannot write there ({error.strerror}). Give another folder."
    ) from error
  try:
    yield
  finally:
    lock.release()
