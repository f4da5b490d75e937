"""Tables as text, for a terminal or in Markdown."""

from typing import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool = False) -> str:
  """Rows below a header, columns of numbers to the right.

  Args:
    header: a name per column.
    rows: a cell per column; Markdown's ** about a cell makes it bold.
    markdown: whether it is for a Markdown file; "|" is then escaped.
  """
  numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(header))]
  if markdown:
    rule = ["---:" if right else "---" for right in numeric]
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in [header, rule, *rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)
  lines = [header, *rows]
  widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
  return "\n".join(
    "  ".join(
      cell.rjust(width) if right else cell.ljust(width)
      for cell, width, right in zip(line, widths, numeric)
    ).rstrip()
    for line in lines
  )


def _is_number(cell: str) -> bool:
  cell = cell.strip("*")
  return not cell or cell[0] in "+-0123456789"
