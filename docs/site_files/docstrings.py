"""Griffe extension: adapts the docstrings' layout to the parsers of Google's style and Markdown."""

import re
from typing import Any

import griffe

_SECTION = re.compile(r"^(?=(?:Args|Attributes|Raises|Returns|Yields):\n)", re.MULTILINE)
# Paragraphs indented by two spaces, but for lists: code, tables and formulas.
_BLOCK = re.compile(r"(?<=\n\n)(?:  (?![-*] ).*\n?)+")


def adapt(text: str) -> str:
  """Separates sections by blank lines; indents code above them as Markdown's."""
  prose, *sections = _SECTION.split(text)
  prose = _BLOCK.sub(lambda block: re.sub(r"(?m)^  ", "    ", block[0]), prose)
  return "\n\n".join(part.rstrip("\n") for part in [prose, *sections])


class AdaptDocstrings(griffe.Extension):
  """Adapts every docstring that is loaded."""

  def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
    if obj.docstring:
      obj.docstring.value = adapt(obj.docstring.value)
