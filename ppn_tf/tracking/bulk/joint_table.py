"""Parquet table of the joints in all videos, a row for each person in each frame."""

import pathlib
from types import ModuleType
from typing import Any, Dict, Iterable, List, Sequence, Tuple

from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.tracking.bulk.result_store import read_frames

# Rows between two writes. Groups of rows depend on the rows alone, and so do the bytes.
_GROUP_ROWS = 1 << 16
_NUMBERS = ("index", "frame", "time", "track_id", "found", "score")
_SIDES = ("x1", "y1", "x2", "y2")


def import_pyarrow() -> ModuleType:
  """Imports pyarrow.

  Raises:
    InputError: it is not installed, or does not fit to the installed NumPy.
  """
  try:
    import pyarrow.parquet
  except ImportError as error:
    raise InputError(
      f"Parquet requires pyarrow, which cannot be imported ({first_line(error)}). "
      "Run pip install 'ppn-tf[bulk]', or give parquet=false for JSON lines alone."
    ) from error
  return pyarrow


def write_joints(
  path: pathlib.Path,
  videos: Iterable[Tuple[str, pathlib.Path]],
  joint_names: Sequence[str],
) -> int:
  """Writes the joints of videos; the same joints give the same bytes.

  Columns are those of `CsvTable` after the name of the video. Coordinates and scores are float32,
  times float64 in seconds.

  Args:
    path: file to write.
    videos: name of each video, and its file of JSON lines.
    joint_names: K names.
  Returns:
    the number of rows.
  """
  pa = import_pyarrow()
  columns = [f"{name}_{part}" for name in joint_names for part in ("x", "y", "score")]
  schema = pa.schema(
    [("video", pa.string()), ("index", pa.int32()), ("frame", pa.int64()), ("time", pa.float64())]
    + [("track_id", pa.int32()), ("found", pa.bool_()), ("score", pa.float32())]
    + [(name, pa.float32()) for name in (*_SIDES, *columns)]
  )
  num_rows = 0
  with (
    open(path, "wb") as file,
    pa.parquet.ParquetWriter(file, schema, compression="zstd", use_dictionary=["video"]) as writer,
  ):
    rows: List[List[Any]] = []
    for name, lines in videos:
      for frame in read_frames(lines):
        rows += [_make_row(name, frame, person, joint_names) for person in frame["people"]]
        if len(rows) >= _GROUP_ROWS:
          num_rows += _write_rows(writer, schema, rows[:_GROUP_ROWS])
          rows = rows[_GROUP_ROWS:]
    if rows or not num_rows:
      num_rows += _write_rows(writer, schema, rows)
  return num_rows


def _make_row(
  video: str, frame: Dict[str, Any], person: Dict[str, Any], joint_names: Sequence[str]
) -> List[Any]:
  row = [video, *({**frame, **person}[name] for name in _NUMBERS), *person["box"]]
  for name in joint_names:
    row += person["keypoints"][name]
  return row


def _write_rows(writer: Any, schema: Any, rows: List[List[Any]]) -> int:
  pa = import_pyarrow()
  columns = list(zip(*rows)) if rows else [()] * len(schema)
  arrays = [pa.array(values, field.type) for values, field in zip(columns, schema)]
  writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=_GROUP_ROWS)
  return len(rows)
