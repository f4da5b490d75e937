"""Tests of DeepLabCut's tables, read by pandas as DeepLabCut reads them, and by movement."""

import csv

import numpy as np
import pytest

from ppn_tf.tracking.output.deeplabcut import DeepLabCutTable
from tests.tracking.output.recorded import NUMBERS, expected, record

NAMES = ("x", "y", "likelihood")


def read(path, levels):
  """Reads a table with the levels of its columns."""
  pandas = pytest.importorskip("pandas")
  if path.suffix == ".h5":
    pytest.importorskip("tables")
    return pandas.read_hdf(path)
  return pandas.read_csv(path, header=list(range(levels)), index_col=0)


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_several_people(tmp_path, suffix):
  path = tmp_path / f"a{suffix}"
  record(DeepLabCutTable, path)
  table = read(path, 4)
  assert list(table.columns.names) == ["scorer", "individuals", "bodyparts", "coords"]
  assert table.index.tolist() == list(NUMBERS)
  values = np.stack(
    [
      [table["ppn-tf"][person].xs(name, level="coords", axis=1).to_numpy() for name in NAMES]
      for person in ("person4", "person7")
    ]
  )
  np.testing.assert_allclose(values.transpose(2, 0, 3, 1), expected(), atol=1e-3)
  joint = table["ppn-tf"]["person7"]["left_elbow"]
  assert joint.loc[8].tolist() == pytest.approx(expected()[3, 1, 7].tolist(), abs=1e-3)


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_one_person_has_no_level_of_individuals(tmp_path, suffix):
  path = tmp_path / f"a{suffix}"
  record(DeepLabCutTable, path, several=False)
  table = read(path, 3)
  assert list(table.columns.names) == ["scorer", "bodyparts", "coords"]
  assert [cells[1:] for cells in table.columns[:3]] == [("nose", name) for name in NAMES]
  values = table.to_numpy().reshape(4, 1, 17, 3)
  np.testing.assert_allclose(values, expected(people=(4,)), atol=1e-3)


def test_lines_of_a_csv(tmp_path):
  record(DeepLabCutTable, tmp_path / "a.csv")
  with open(tmp_path / "a.csv", newline="") as file:
    rows = list(csv.reader(file))
  assert [row[0] for row in rows] == ["scorer", "individuals", "bodyparts", "coords", *"1358"]
  assert rows[2][1:5] == ["nose", "nose", "nose", "left_eye"]
  assert rows[4][1:4] == ["0.0", "104.0", "0.5"]
  assert set(rows[4][1 + 17 * 3 :]) == {""}  # the second person in the first frame


def test_nobody(tmp_path):
  record(DeepLabCutTable, tmp_path / "a.csv", found=((),) * 4)
  with open(tmp_path / "a.csv", newline="") as file:
    rows = list(csv.reader(file))
  assert set(rows[1][1:]) == {"person1"}
  assert [set(row[1:]) for row in rows[4:]] == [{""}] * 4


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_movement_reads_it(tmp_path, suffix):
  load_poses = pytest.importorskip("movement.io.load_poses", reason="movement is not installed")
  record(DeepLabCutTable, tmp_path / f"a{suffix}")
  poses = load_poses.from_dlc_file(tmp_path / f"a{suffix}", fps=25)
  np.testing.assert_allclose(poses.position.values.transpose(0, 3, 2, 1), expected()[..., :2])
  assert poses.individuals.values.tolist() == ["person4", "person7"]
