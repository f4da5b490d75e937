"""Formats tables of named rows as plain text, Markdown or HTML."""

import dataclasses
import math
from typing import List, Optional, Sequence, Tuple

import jinja2

DASH = "–"


@dataclasses.dataclass(frozen=True)
class Cell:
  """Holds one number of a table as text.

  Attributes:
    text: the formatted number.
    best: whether it is the best of the cells that it is compared with.
  """

  text: str
  best: bool = False


@dataclasses.dataclass(frozen=True)
class Row:
  """Holds a row's name, its cells and an optional note in small print."""

  name: str
  cells: Tuple[Cell, ...]
  note: str = ""


@dataclasses.dataclass(frozen=True)
class Section:
  """Holds rows under a heading, such as those of one metric; "" for no heading."""

  title: str
  rows: Tuple[Row, ...]


@dataclasses.dataclass(frozen=True)
class Table:
  """Holds sections of rows below a header.

  Attributes:
    columns: a header for each cell of a row.
    sections: at least one; PCK-body above PCK-torso, for example.
    title: heading in a document.
    row_header: header of the rows' names.
    note: explanation that a document prints below the title.
  """

  columns: Tuple[str, ...]
  sections: Tuple[Section, ...]
  title: str = ""
  row_header: str = ""
  note: str = ""


def format_cell(value: Optional[float], form: str = "{:.1f}") -> Cell:
  """Formats a number that is not compared with others; a dash for None and NaN."""
  return Cell(DASH if value is None or math.isnan(value) else form.format(value))


def compare(values: Sequence[Optional[float]]) -> Tuple[Cell, ...]:
  """Formats numbers and marks the largest; numbers with equal text are equally good."""
  texts = [format_cell(value).text for value in values]
  known = [value for value in values if value is not None and not math.isnan(value)]
  best = f"{max(known):.1f}" if len(known) > 1 else None
  return tuple(Cell(text, text == best) for text in texts)


def format_rows(
  header: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool = False
) -> str:
  """Formats rows below a header, with columns of numbers aligned to the right.

  Args:
    header: a name for each column.
    rows: cells as text; Markdown's ** around a number makes it bold.
    markdown: whether to write Markdown instead of plain text.
  """
  numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(header))]
  if markdown:
    rule = ["---:" if right else "---" for right in numeric]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in [header, *rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in [escaped[0], rule, *escaped[1:]])
  aligned = [header, *rows]
  widths = [max(len(line[i]) for line in aligned) for i in range(len(header))]
  return "\n".join(
    "  ".join(
      cell.rjust(width) if right else cell.ljust(width)
      for cell, width, right in zip(line, widths, numeric)
    ).rstrip()
    for line in aligned
  )


def _is_number(cell: str) -> bool:
  cell = cell.strip("*")
  return not cell or cell == DASH or cell[0] in "+-0123456789"


def to_text(table: Table, markdown: bool = False) -> str:
  """Formats a table without its title and note, as plain text or Markdown."""
  lines: List[List[str]] = []
  for section in table.sections:
    if section.title:
      title = f"*{section.title}*" if markdown else section.title
      lines.append([title, *[""] * len(table.columns)])
    for row in section.rows:
      name = f"{row.name} ({row.note})" if row.note else row.name
      texts = [f"**{cell.text}**" if markdown and cell.best else cell.text for cell in row.cells]
      lines.append([name, *texts])
  return format_rows([table.row_header, *table.columns], lines, markdown)


def to_markdown(title: str, facts: Sequence[str], tables: Sequence[Table]) -> str:
  """Formats a Markdown document: a title, a list of facts, and tables."""
  parts = [f"# {title}", "\n".join(f"- {fact}" for fact in facts)]
  for table in tables:
    parts += [f"## {table.title}", table.note, to_text(table, markdown=True)]
  return "\n\n".join(part for part in parts if part) + "\n"


def to_html(title: str, facts: Sequence[str], tables: Sequence[Table]) -> str:
  """Formats a self-contained HTML page: a title, a list of facts, and tables."""
  environment = jinja2.Environment(
    loader=jinja2.PackageLoader("ppn_tf.evaluation", ""),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
  )
  template = environment.get_template("tables.html.jinja")
  return template.render(title=title, facts=facts, tables=tables)


# By the file name's suffix.
WRITERS = {".md": to_markdown, ".html": to_html}
