"""Tables as text: for a terminal or in Markdown."""

from typing import Sequence

TEXT, MARKDOWN = "text", "markdown"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], form: str = TEXT) -> str:
  """Rows below a header, columns of numbers to the right.

  Args:
    header: a name for each column.
    rows: cells as text; Markdown's ** about a number makes it bold.
    form: TEXT or MARKDOWN.
  """
  numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(header))]
  if form == MARKDOWN:
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
  return not cell or cell == "–" or cell[0] in "+-0123456789"
