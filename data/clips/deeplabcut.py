"""Labels of DeepLabCut: CollectedData_SCORER.csv or .h5, one table for each folder of frames."""

import csv
import pathlib
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.runtime.errors import InputError

from .annotations import Annotations, Label
from .media import Media
from .named_joints import build_skeleton, order_joints, split_missing

_HEADERS = ("scorer", "individuals", "bodyparts", "coords")
# The individual that holds joints of the scene, in projects with several animals.
_SCENE = "single"


class _Table(NamedTuple):
  """Content of a file.

  Attributes:
    columns: (individual, joint, coordinate) of each column.
    rows: path of the picture, and a number for each column.
  """

  columns: List[Tuple[str, str, str]]
  rows: List[Tuple[str, np.ndarray]]


def find_tables(folder: pathlib.Path) -> List[pathlib.Path]:
  """Lists tables at a folder or below it; a .csv counts before the .h5 of the same name."""
  tables = {}
  for suffix in (".h5", ".csv"):
    for path in folder.glob(f"**/CollectedData_*{suffix}"):
      if not path.name.startswith("."):
        tables[path.with_suffix("")] = path
  return [tables[key] for key in sorted(tables)]


def read_deeplabcut(paths: Sequence[pathlib.Path], media: Media) -> Annotations:
  """Reads tables.

  Args:
    paths: the files, with the same joints.
    media: files of the source, to find the pictures.
  Raises:
    InputError: a file is no such table, or needs pandas, or files differ in their joints.
  """
  annotations: Optional[Annotations] = None
  names: List[str] = []
  for path in paths:
    table = _read_csv(path) if path.suffix == ".csv" else _read_h5(path)
    own, people = _list_joints(table, path)
    if annotations is None:
      names = own
      annotations = Annotations(build_skeleton(names, [], media.folder, path))
    elif set(own) != set(names):
      raise InputError(f"{path}: has other joints than {paths[0]}. Give one project's folder.")
    _add_rows(annotations, table, names, people, path, media)
  assert annotations is not None
  return annotations


def _list_joints(table: _Table, path: pathlib.Path) -> Tuple[List[str], List[str]]:
  """Returns the names of joints and of individuals."""
  people = list(dict.fromkeys(person for person, _, _ in table.columns))
  if len(people) > 1 and _SCENE in people:
    people.remove(_SCENE)
  names = list(dict.fromkeys(joint for person, joint, _ in table.columns if person in people))
  if not names:
    raise InputError(f"{path}: has no columns x and y of joints.")
  return names, people


def _add_rows(
  annotations: Annotations,
  table: _Table,
  names: Sequence[str],
  people: Sequence[str],
  path: pathlib.Path,
  media: Media,
) -> None:
  order = order_joints(names, annotations.skeleton)
  places = {column: number for number, column in enumerate(table.columns)}
  relative = path.parent.relative_to(media.folder).as_posix()
  for written, values in table.rows:
    # The pictures lie next to the table, whatever path it has for them.
    name = pathlib.PurePosixPath(written).name
    found = media.find_frame(f"{relative}/{name}") or media.find_frame(written)
    if found is None:
      annotations.dropped["labels of images that are missing or not unique"].append(written)
      continue
    for person in people:
      keypoints = np.full((len(names), 2), np.nan)
      for joint, name in enumerate(names):
        for axis, coordinate in enumerate("xy"):
          column = places.get((person, name, coordinate))
          keypoints[joint, axis] = np.nan if column is None else values[column]
      joints, labelled = split_missing(keypoints[order])
      if labelled.any():
        track = annotations.track(found[0], person if len(people) > 1 else None)
        track.labels.append(Label(found[1], joints, labelled, np.zeros(4)))


def _read_csv(path: pathlib.Path) -> _Table:
  try:
    with path.open(encoding="utf-8-sig", newline="") as stream:
      lines = [line for line in csv.reader(stream) if line]
  except (OSError, UnicodeDecodeError, csv.Error) as error:
    raise InputError(f"{path}: cannot be read as CSV ({error}).") from error
  headers = {line[0]: line for line in lines[:4] if line[0] in _HEADERS}
  coords = headers.get("coords", [])
  first = next((place for place, cell in enumerate(coords) if cell in ("x", "y")), None)
  if first is None or "bodyparts" not in headers:
    raise InputError(f"{path}: lacks the rows bodyparts and coords of DeepLabCut's tables.")
  individuals = headers.get("individuals", [""] * len(coords))
  columns = list(zip(individuals, headers["bodyparts"], coords))[first:]
  rows = [
    ("/".join(line[:first]).replace("\\", "/"), _to_numbers(line[first:], len(columns)))
    for line in lines
    if line[0] not in _HEADERS
  ]
  return _Table(columns, rows)


def _to_numbers(cells: Sequence[str], count: int) -> np.ndarray:
  """Returns [count] float64; NaN for cells that are missing or no numbers."""
  numbers = np.full(count, np.nan)
  for place, cell in enumerate(cells[:count]):
    try:
      numbers[place] = float(cell)
    except ValueError:
      pass
  return numbers


def _read_h5(path: pathlib.Path) -> _Table:
  try:
    import pandas
    import tables  # noqa: F401
  except ImportError as error:
    raise InputError(
      f"{path}: needs pandas and tables. Run `pip install 'ppn-tf[labels]'`, or save it as .csv."
    ) from error
  try:
    frame: Any = pandas.read_hdf(path)
  except Exception as error:  # of many kinds
    raise InputError(f"{path}: cannot be read as a table of DeepLabCut.") from error
  levels: Dict[str, int] = {name: level for level, name in enumerate(frame.columns.names)}
  if not {"bodyparts", "coords"} <= set(levels):
    raise InputError(f"{path}: lacks the levels bodyparts and coords of DeepLabCut's tables.")
  columns = [
    (
      str(column[levels["individuals"]]) if "individuals" in levels else "",
      str(column[levels["bodyparts"]]),
      str(column[levels["coords"]]),
    )
    for column in frame.columns
  ]
  return _Table(columns, list(_rows(frame)))


def _rows(frame: Any) -> Iterator[Tuple[str, np.ndarray]]:
  for index, values in zip(frame.index, frame.to_numpy(np.float64)):
    parts = index if isinstance(index, tuple) else (index,)
    yield "/".join(map(str, parts)).replace("\\", "/"), values
