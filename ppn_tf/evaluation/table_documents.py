"""Tables with sections, as text, in a Markdown document or on a page of HTML."""

import dataclasses
from typing import List, Sequence, Tuple

import jinja2

from ppn_tf.evaluation import text_tables
from ppn_tf.evaluation.table_cells import Cell

# Each row's name and cells.
Rows = Tuple[Tuple[str, Tuple[Cell, ...]], ...]


@dataclasses.dataclass(frozen=True)
class Table:
  """Rows in sections, such as those of PCK-body above those of PCK-torso.

  Attributes:
    title: what it shows.
    columns: heads; the first is that of the rows' names.
    sections: (heading, rows); a row is its name and the other columns' cells.
    note: what must be known to read it.
  """

  title: str
  columns: Tuple[str, ...]
  sections: Tuple[Tuple[str, Rows], ...]
  note: str = ""


def to_text(table: Table, markdown: bool = False) -> str:
  """A table without its title and note, for a terminal or in Markdown."""
  lines: List[List[str]] = []
  for title, rows in table.sections:
    if title:
      lines.append([f"*{title}*" if markdown else title, *[""] * (len(table.columns) - 1)])
    for name, cells in rows:
      lines.append(
        [name, *(f"**{cell.text}**" if markdown and cell.best else cell.text for cell in cells)]
      )
  return text_tables.table(
    table.columns, lines, text_tables.MARKDOWN if markdown else text_tables.TEXT
  )


def to_markdown(title: str, facts: Sequence[str], tables: Sequence[Table]) -> str:
  """A document of tables."""
  parts = [f"# {title}", "\n".join(f"- {fact}" for fact in facts)]
  for table in tables:
    parts += [f"## {table.title}", table.note, to_text(table, markdown=True)]
  return "\n\n".join(part for part in parts if part) + "\n"


def to_html(title: str, facts: Sequence[str], tables: Sequence[Table]) -> str:
  """A page of tables that needs nothing else."""
  environment = jinja2.Environment(
    loader=jinja2.PackageLoader("ppn_tf.evaluation", ""),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
  )
  template = environment.get_template("table_documents.html.jinja")
  return template.render(title=title, facts=facts, tables=tables)


# Writers by the suffix of their files.
FORMS = {".md": to_markdown, ".html": to_html}
