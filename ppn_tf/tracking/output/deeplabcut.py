"""DeepLabCut's tables of predicted joints, as .csv or .h5."""

import csv
import itertools
from typing import Any, List, Tuple

import numpy as np

from ppn_tf.tracking.output.origin import note_hdf5
from ppn_tf.tracking.output.stored_joints import BLOCK, StoredTable

SCORER = "ppn-tf"
KEY = "df_with_missing"  # of the table in an .h5
_COORDS = ("x", "y", "likelihood")


class DeepLabCutTable(StoredTable):
  """Table with a row for each frame, and three columns for each joint of each person.

  Rows have the number of the frame in the source. With one person at a time, the columns lack the
  level of individuals, as those of DeepLabCut's projects with one animal do. Cells are empty where
  a person is not found; other joints keep their scores, however low.
  """

  def write(self) -> None:
    if self._path.suffix.lower() == ".csv":
      self._write_csv()
    else:
      self._write_h5()

  def _columns(self) -> Tuple[List[str], List[Tuple[str, ...]]]:
    """Returns the names of the levels, and a cell of each level for each column."""
    joints = self._recording.skeleton.joint_names
    levels = [("scorer", (SCORER,)), ("bodyparts", joints), ("coords", _COORDS)]
    if self._recording.several:
      levels.insert(1, ("individuals", self.people))
    return [name for name, _ in levels], list(itertools.product(*(cells for _, cells in levels)))

  def _write_csv(self) -> None:
    levels, columns = self._columns()
    with self._path.open("w", encoding="utf-8", newline="") as file:
      writer = csv.writer(file, lineterminator="\n")
      writer.writerows([name, *cells] for name, cells in zip(levels, zip(*columns)))
      numbers = self.numbers
      for begin in range(0, len(numbers), BLOCK):
        block = numbers[begin : begin + BLOCK]
        joints = self.read(begin, begin + len(block)).astype(np.float64).round(3)
        for number, row in zip(block.tolist(), joints.reshape(len(block), -1).tolist()):
          # NaN is the only number that differs from itself.
          writer.writerow([number, *("" if cell != cell else cell for cell in row)])

  def _write_h5(self) -> None:
    import pandas

    levels, columns = self._columns()
    count = len(self.numbers)
    table: Any = pandas.DataFrame(
      self.read(0, count).reshape(count, -1).astype(np.float64),
      index=self.numbers,
      columns=pandas.MultiIndex.from_tuples(columns, names=levels),
    )
    table.to_hdf(str(self._path), key=KEY, mode="w")
    note_hdf5(self._path, self._recording.video)
