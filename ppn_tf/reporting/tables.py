"""A table of the page: named rows of numbers, the best of each column marked."""

import dataclasses
from typing import Optional, Sequence, Tuple


@dataclasses.dataclass(frozen=True)
class Cell:
  """One number of a table: its text, and whether it is the best of its column."""

  text: str
  best: bool = False


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


def plain(value: Optional[float], form: str = "{:.1f}") -> Cell:
  """A number that competes with nothing; a dash if it is unknown."""
  return Cell("–" if value is None else form.format(value))


def compared(values: Sequence[Optional[float]]) -> Tuple[Cell, ...]:
  """Numbers that compete with each other. What rounds to the same text is equally good."""
  texts = [plain(value).text for value in values]
  known = [value for value in values if value is not None]
  best = f"{max(known):.1f}" if len(known) > 1 else None
  return tuple(Cell(text, text == best) for text in texts)


def rows_of(heads: Sequence[str], columns: Sequence[Sequence[Optional[float]]]) -> Tuple[Row, ...]:
  """A row for each head, of columns of which each is compared in itself."""
  by_column = [compared(column) for column in columns]
  return tuple(
    Row(head, tuple(column[index] for column in by_column)) for index, head in enumerate(heads)
  )
