"""Renders and writes clips in the current process, or in several."""

import pathlib
from typing import Iterator, NamedTuple, Optional, Sequence, Tuple

import cv2

from ..builder.worker_processes import run_tasks
from .backgrounds import Pictures
from .clip import Clip, make_clip
from .library import Library
from .scene import Settings
from .storage import write_clip


class Sources(NamedTuple):
  """What the clips of a data set are made from.

  Attributes:
    assets: folder of assets.
    backgrounds: further pictures and videos without people.
    settings: settings of all clips.
  """

  assets: pathlib.Path
  backgrounds: Tuple[pathlib.Path, ...]
  settings: Settings


class Renderer:
  """Loaded assets of a process."""

  def __init__(self, sources: Sources):
    """Loads the assets.

    Raises:
      InputError: an asset is missing.
    """
    # There is one process per CPU, whose threads would only compete.
    cv2.setNumThreads(0)
    self._settings = sources.settings
    self._library = Library(sources.assets)
    self._pictures = Pictures(self._library.stills, sources.backgrounds)

  def make(self, number: int) -> Clip:
    """Makes a clip."""
    return make_clip(number, self._settings, self._library, self._pictures)

  def write(self, output: pathlib.Path, number: int) -> int:
    """Makes and writes a clip, and returns its number."""
    write_clip(output, number, self.make(number))
    return number


_renderer: Optional[Renderer] = None


def _start(sources: Sources) -> None:
  global _renderer
  _renderer = Renderer(sources)


def _write(task: Tuple[pathlib.Path, int]) -> int:
  assert _renderer is not None
  return _renderer.write(*task)


def write_clips(
  output: pathlib.Path, numbers: Sequence[int], sources: Sources, num_workers: int
) -> Iterator[int]:
  """Makes and writes clips.

  Args:
    output: folder, see `storage`.
    numbers: numbers of the clips.
    sources: assets and settings.
    num_workers: number of processes; 1 means the current one.
  Yields:
    Numbers of finished clips, in any order.
  """
  if numbers:
    tasks = [(output, number) for number in numbers]
    yield from run_tasks(_write, tasks, num_workers, _start, (sources,))
