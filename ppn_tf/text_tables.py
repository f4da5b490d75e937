"""Tables as text: for a terminal, in Markdown, in HTML."""

import html
from typing import List, Sequence

TEXT, MARKDOWN, HTML = "text", "markdown", "html"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], form: str = TEXT) -> str:
  """Rows below a header, columns of numbers to the right.

  Args:
    header: a name for each column.
    rows: cells as text.
    form: TEXT, MARKDOWN or HTML.
  """
  numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(header))]
  if form == HTML:
    lines = [_html_line("th", header, numeric), *(_html_line("td", row, numeric) for row in rows)]
    return "\n".join(["<table>", *lines, "</table>"])
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
  return not cell or cell == "–" or cell[0] in "+-0123456789"


def _html_line(tag: str, cells: Sequence[str], numeric: Sequence[bool]) -> str:
  marked: List[str] = []
  for cell, right in zip(cells, numeric):
    kind = ' class="number"' if right else ""
    marked.append(f"<{tag}{kind}>{html.escape(cell)}</{tag}>")
  return f"<tr>{''.join(marked)}</tr>"
