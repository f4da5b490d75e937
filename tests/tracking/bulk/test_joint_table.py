"""Tests of the Parquet table, and of the message without pyarrow."""

import json
import sys

import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.bulk import joint_table

NAMES = ("head", "hand")


def write_lines(path, frames):
  """Writes frames of (index, number, [(track_id, x)]) as JSON lines."""
  rows = []
  for index, number, people in frames:
    row = {"index": index, "frame": number, "time": number / 4}
    row["people"] = [
      {
        "track_id": track_id,
        "keypoints": {"head": [x, 2.0, 0.5], "hand": [x + 0.125, 3.0, 0.25]},
        "box": [0.0, 1.0, 2.0, 3.0],
        "score": 0.375,
        "found": track_id == 1,
      }
      for track_id, x in people
    ]
    rows.append(json.dumps(row) + "\n")
  path.write_text("".join(rows))
  return path


@pytest.fixture(name="videos")
def fixture_videos(tmp_path):
  first = write_lines(tmp_path / "1.jsonl", [(0, 0, [(1, 10.5)]), (1, 3, [(1, 11.5), (2, 99.0)])])
  return [("a.mp4", first), ("none.mp4", write_lines(tmp_path / "2.jsonl", [(0, 0, [])]))]


def test_rows_are_people_in_frames(videos, tmp_path):
  parquet = pytest.importorskip("pyarrow.parquet")
  assert joint_table.write_joints(tmp_path / "joints.parquet", videos, NAMES) == 3
  rows = parquet.read_table(tmp_path / "joints.parquet").to_pylist()
  assert rows[2] == {
    **{"video": "a.mp4", "index": 1, "frame": 3, "time": 0.75, "track_id": 2, "found": False},
    **{"score": 0.375, "x1": 0.0, "y1": 1.0, "x2": 2.0, "y2": 3.0},
    **{"head_x": 99.0, "head_y": 2.0, "head_score": 0.5},
    **{"hand_x": 99.125, "hand_y": 3.0, "hand_score": 0.25},
  }
  assert [(row["index"], row["track_id"], row["head_x"]) for row in rows] == [
    *((0, 1, 10.5), (1, 1, 11.5), (1, 2, 99.0))
  ]


def test_groups_of_rows_do_not_follow_the_videos(videos, tmp_path, monkeypatch):
  parquet = pytest.importorskip("pyarrow.parquet")
  monkeypatch.setattr(joint_table, "_GROUP_ROWS", 4)
  path = tmp_path / "joints.parquet"
  joint_table.write_joints(path, [videos[0]] * 3, NAMES)
  file = parquet.ParquetFile(path)
  groups = [file.metadata.row_group(k).num_rows for k in range(file.metadata.num_row_groups)]
  assert groups == [4, 4, 1]
  assert file.read()["track_id"].to_pylist() == [1, 1, 2] * 3


def test_table_without_rows_has_its_columns(videos, tmp_path):
  parquet = pytest.importorskip("pyarrow.parquet")
  assert joint_table.write_joints(tmp_path / "empty.parquet", [videos[1]], NAMES) == 0
  table = parquet.read_table(tmp_path / "empty.parquet")
  assert table.num_rows == 0 and table.column_names[-1] == "hand_score"


def test_missing_pyarrow_is_named(monkeypatch):
  monkeypatch.setitem(sys.modules, "pyarrow", None)
  with pytest.raises(InputError, match=r"pip install 'ppn-tf\[bulk\]'"):
    joint_table.import_pyarrow()
