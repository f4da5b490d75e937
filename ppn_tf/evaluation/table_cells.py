"""The numbers of a table as text, the best of its rivals marked."""

import dataclasses
import math
from typing import Optional, Sequence, Tuple


@dataclasses.dataclass(frozen=True)
class Cell:
  """One number of a table: its text, and whether it is the best of its rivals."""

  text: str
  best: bool = False


def plain(value: Optional[float], form: str = "{:.1f}") -> Cell:
  """A number that competes with nothing; a dash if it is unknown."""
  return Cell("–" if value is None or math.isnan(value) else form.format(value))


def compared(values: Sequence[Optional[float]]) -> Tuple[Cell, ...]:
  """Numbers that compete with each other. What rounds to the same text is equally good."""
  texts = [plain(value).text for value in values]
  known = [value for value in values if value is not None and not math.isnan(value)]
  best = f"{max(known):.1f}" if len(known) > 1 else None
  return tuple(Cell(text, text == best) for text in texts)
