"""Videos that patterns, folders and lists name, each once and in a stable order."""

import glob
import os
import pathlib
from typing import Any, Iterator, List, Sequence, Set, Tuple

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.images import list_images, natural_order

VIDEO_SUFFIXES = (
  *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"),
  *(".wmv", ".flv", ".3gp", ".ogv", ".gif"),
)
LIST_SUFFIX = ".txt"


def find_videos(arguments: Sequence[str]) -> List[pathlib.Path]:
  """Lists the videos that arguments name, in the order of the arguments.

  Args:
    arguments: each a video file; a pattern such as "videos/*.mp4", where ** also matches folders;
      a folder of images, which is one video; a folder with video files in it or below it; or a
      .txt file with one of these per line, where blank lines and lines with # are skipped.
  Returns:
    paths as given; of two paths to one file, the first. Matches of a pattern and files of a
    folder have natural order.
  Raises:
    InputError: an argument names no video, or a list cannot be read. Files that are named but
      missing are returned, so that they fail one by one.
  """
  videos: List[pathlib.Path] = []
  known: Set[str] = set()
  for argument in arguments:
    for path in _expand(argument, lists=True):
      place = os.path.realpath(path)
      if place not in known:
        known.add(place)
        videos.append(path)
  return videos


def _expand(argument: str, lists: bool) -> Iterator[pathlib.Path]:
  """Yields the videos of one argument; `lists` tells whether it may be a list."""
  path = pathlib.Path(argument)
  if path.is_dir():
    yield from _list_folder(path)
  elif lists and path.suffix.lower() == LIST_SUFFIX and not glob.has_magic(argument):
    for line in _read_lines(path):
      yield from _expand(line, lists=False)
  elif path.exists() or not glob.has_magic(argument):
    yield path
  else:
    matches = [pathlib.Path(match) for match in glob.glob(argument, recursive=True)]
    if not matches:
      raise InputError(f"{argument}: matches no file. Check the pattern.")
    yield from (
      match for match in sorted(matches, key=_place) if not match.is_dir() or list_images(match)
    )


def _list_folder(folder: pathlib.Path) -> List[pathlib.Path]:
  if list_images(folder):
    return [folder]
  files = [
    file for file in folder.rglob("*") if file.suffix.lower() in VIDEO_SUFFIXES and file.is_file()
  ]
  if not files:
    raise InputError(
      f"{folder}: no images in this folder, and no videos ({', '.join(VIDEO_SUFFIXES[:5])}, ...) "
      "in it or below it. Give a folder of videos, or a pattern."
    )
  return sorted(files, key=_place)


def _place(path: pathlib.Path) -> Tuple[str, List[Any], str]:
  """Returns a sort key by folder, and by natural order within it."""
  return os.fspath(path.parent), natural_order(path), path.name


def _read_lines(path: pathlib.Path) -> List[str]:
  try:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
  except OSError as error:
    raise InputError(
      f"{path}: cannot be read ({error.strerror}). Give a list of videos."
    ) from error
  lines = [line.strip() for line in text.splitlines()]
  lines = [line for line in lines if line and not line.startswith("#")]
  if not lines:
    raise InputError(f"{path}: names no video. Write one path or pattern per line.")
  return lines
