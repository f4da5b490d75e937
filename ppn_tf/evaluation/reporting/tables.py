"""A table of the page: named rows of numbers in sections."""

import dataclasses
from typing import Optional, Sequence, Tuple

from ppn_tf.evaluation.table_cells import Cell, compared


@dataclasses.dataclass(frozen=True)
class Row:
  """A line of a table: its head, its cells, and what is said of it in small."""

  head: str
  cells: Tuple[Cell, ...]
  note: str = ""


@dataclasses.dataclass(frozen=True)
class Section:
  """Lines under a heading of their own, compared among themselves."""

  title: str
  rows: Tuple[Row, ...]


@dataclasses.dataclass(frozen=True)
class Table:
  """Column heads and sections; `num_means` of the last columns are means."""

  columns: Tuple[str, ...]
  sections: Tuple[Section, ...]
  num_means: int = 0


def rows_of(heads: Sequence[str], columns: Sequence[Sequence[Optional[float]]]) -> Tuple[Row, ...]:
  """A row for each head, of columns of which each is compared in itself."""
  by_column = [compared(column) for column in columns]
  return tuple(
    Row(head, tuple(column[index] for column in by_column)) for index, head in enumerate(heads)
  )
