"""Markdown pages made from Jinja templates, with lines of at most 120 columns."""

import pathlib
import re
import textwrap
from typing import Any, List

import jinja2

COLUMNS = 120
# Marker of a list item; further lines are aligned with its text.
_ITEM = re.compile(r"(\s*)([-*]|\d+\.) ")
# Lines that are not wrapped: headings, tables, pictures, code and quotes.
_FIXED = re.compile(r"(#|\||!\[|<|>|    \S|\s*$)")


def _wrap_paragraph(lines: List[str]) -> List[str]:
  item = _ITEM.match(lines[0])
  indent = len(lines[0]) - len(lines[0].lstrip())
  return textwrap.wrap(
    " ".join(line.strip() for line in lines),
    COLUMNS,
    initial_indent=" " * indent,
    subsequent_indent=" " * (item.end() if item else indent),
    break_long_words=False,
    break_on_hyphens=False,
  )


def wrap(text: str) -> str:
  """Wraps paragraphs and list items of a page, but not headings, tables and code."""
  wrapped: List[str] = []
  paragraph: List[str] = []
  in_code = False
  for line in [*text.splitlines(), ""]:
    fence = line.lstrip().startswith("```")
    if in_code or fence or _FIXED.match(line) or _ITEM.match(line):
      if paragraph:
        wrapped.extend(_wrap_paragraph(paragraph))
        paragraph = []
    if in_code or fence or (_FIXED.match(line) and not _ITEM.match(line)):
      wrapped.append(line)
    else:
      paragraph.append(line)
    in_code = in_code != fence
  return "\n".join(wrapped[:-1]) + "\n"


def render(template: pathlib.Path, **values: Any) -> str:
  """Renders a Jinja template, which requires every value, and wraps the result."""
  environment = jinja2.Environment(
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
  )
  return wrap(environment.from_string(template.read_text(encoding="utf-8")).render(**values))
