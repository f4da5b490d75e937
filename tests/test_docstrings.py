"""Tests that documented arguments are parameters of their functions."""

import ast
import pathlib
import re
from typing import Iterator, List, Tuple, Union

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGES = ("ppn_tf", "data", "export", "benchmarks")
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]


def documented_arguments(docstring: str) -> List[str]:
  """Returns the names in the section "Args", without the stars of *args and **kwargs."""
  section = re.search(r"^Args:\n((?:  .*\n?|\n)+)", docstring, re.MULTILINE)
  if not section:
    return []
  return re.findall(r"^  (?! )\*{0,2}([^:]+):", section[1], re.MULTILINE)


def parameters(function: Function) -> List[str]:
  arguments = function.args
  listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
  starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
  return [argument.arg for argument in [*listed, *starred]]


def unknown_arguments(source: str) -> Iterator[Tuple[int, str]]:
  """Yields the line and name of each documented argument that the signature lacks."""
  for node in ast.walk(ast.parse(source)):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
      names = parameters(node)
      for name in documented_arguments(ast.get_docstring(node) or ""):
        if name not in names:
          yield node.lineno, name


@pytest.mark.parametrize("package", PACKAGES)
def test_documented_arguments_are_parameters(package):
  unknown = {
    f"{path.relative_to(ROOT)}:{line}": name
    for path in sorted((ROOT / package).rglob("*.py"))
    for line, name in unknown_arguments(path.read_text(encoding="utf-8"))
  }
  assert unknown == {}


def test_unknown_arguments_are_detected():
  source = '''
def scale(image, *sizes, **options):
  """Scales.

  Args:
    image: [H, W, 3], values of
      this: range.
    *sizes: heights.
    **options: more.
    factor: missing.
    image, sizes: two at once.
  Returns:
    nothing: no argument.
  """
'''
  assert list(unknown_arguments(source)) == [(2, "factor"), (2, "image, sizes")]
