"""Labels sources in turn, or in several processes."""

import concurrent.futures
import multiprocessing
import pathlib
from typing import Any, Dict, Iterator, NamedTuple, Optional, Sequence

from ppn_tf.evaluation.third_party import load_third_party
from ppn_tf.runtime.errors import InputError

from . import sources
from .clip_set import ClipSet
from .teacher import Teacher


class Outcome(NamedTuple):
  """Outcome of labelling a source.

  Attributes:
    name: name of the source.
    clips: number of clips.
    problem: reason why the source cannot be read; empty if it can.
  """

  name: str
  clips: int
  problem: str


class _Worker:
  """Teacher and output folder of a process."""

  def __init__(self, folder: pathlib.Path, settings: Dict[str, Any], cutting: sources.Cutting):
    second = settings["second_teacher"]
    self._teacher = Teacher(
      load_third_party(settings["teacher"], num_threads=1),
      load_third_party(second, num_threads=1) if second else None,
      settings["views"],
      settings["min_score"],
      settings["agreement"],
    )
    self._clip_set = ClipSet(folder, settings)
    self._cutting = cutting

  def label(self, source: sources.Source) -> Outcome:
    clips = sources.make_clips(source, self._teacher, self._cutting)
    try:
      return Outcome(source.name, self._clip_set.write_source(source.name, clips), "")
    except InputError as error:
      return Outcome(source.name, 0, str(error))


_worker: Optional[_Worker] = None


def _start(folder: pathlib.Path, settings: Dict[str, Any], cutting: sources.Cutting) -> None:
  global _worker
  _worker = _Worker(folder, settings, cutting)


def _label(source: sources.Source) -> Outcome:
  assert _worker is not None
  return _worker.label(source)


def label_sources(
  folder: pathlib.Path,
  settings: Dict[str, Any],
  cutting: sources.Cutting,
  pending: Sequence[sources.Source],
  num_workers: int,
) -> Iterator[Outcome]:
  """Labels sources, and writes their clips to a clip set.

  Args:
    folder: folder of the clip set.
    settings: settings of the clip set, with teacher, second_teacher, views, min_score and
      agreement.
    cutting: options of the clips.
    pending: sources to label.
    num_workers: number of processes; 1 means the current one.
  Yields:
    Outcomes, in any order.
  """
  if num_workers == 1:
    worker = _Worker(folder, settings, cutting)
    yield from map(worker.label, pending)
    return
  # Forking a process with threads is unsafe.
  executor = concurrent.futures.ProcessPoolExecutor(
    num_workers, multiprocessing.get_context("spawn"), _start, (folder, settings, cutting)
  )
  try:
    futures = [executor.submit(_label, source) for source in pending]
    for future in concurrent.futures.as_completed(futures):
      yield future.result()
  finally:
    executor.shutdown(cancel_futures=True)
