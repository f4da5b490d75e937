"""Checks of the structure of .mat files, since scipy crashes the process on some damaged ones.

The format is "MAT-File Level 5", in "MAT-File Format" of MathWorks: elements of a type, a number of
bytes and content. A matrix consists of elements for its class, dimensions, name and values.
"""

import math
import struct
import zlib
from typing import Dict, Iterator, NamedTuple, Tuple

_HEADER = 128
# Bytes of a number, by type of element.
_NUMBERS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
_TEXTS = {16: 1, 17: 2, 18: 4}
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED = 1, 5, 6, 14, 15
# Classes of matrices; those of numbers follow.
_CELL, _STRUCT, _OBJECT, _CHAR, _FIRST_NUMBER, _LAST_NUMBER = 1, 2, 3, 4, 6, 15
_COMPLEX = 0x800
_MAX_DEPTH, _MAX_VALUES = 32, 2**31


class _Element(NamedTuple):
  kind: int
  content: memoryview


def check_elements(content: bytes) -> None:
  """Checks that every element of a .mat file of version 5 is what the format requires there.

  Files of other versions are not checked.

  Args:
    content: bytes of the file.
  Raises:
    ValueError: the file is damaged.
  """
  order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
  if order is None or 0 in content[:4]:  # version 4 begins with a number
    return
  if struct.unpack(f"{order}H", content[124:126])[0] >> 8 != 1:
    return
  for element in _read_elements(memoryview(content)[_HEADER:], order):
    if element.kind == _COMPRESSED:
      try:
        # MATLAB writes some streams without their end.
        inside = zlib.decompressobj().decompress(element.content)
      except zlib.error as error:
        raise ValueError(f"damaged compression ({error})") from error
      for variable in _read_elements(memoryview(inside), order):
        _check_matrix(variable, order, 0)
    else:
      _check_matrix(element, order, 0)


def _read_elements(content: memoryview, order: str) -> Iterator[_Element]:
  """Yields the elements in some bytes."""
  position = 0
  while position < len(content):
    _require(position + 8 <= len(content), "an element is cut off")
    kind, size = struct.unpack(f"{order}II", content[position : position + 8])
    start = position + 8
    if kind >> 16:  # a small element, with its content in the same 8 bytes
      kind, size, start = kind & 0xFFFF, kind >> 16, position + 4
      _require(size <= 4, f"a small element of {size} bytes")
    _require(start + size <= len(content), f"an element of {size} bytes is cut off")
    yield _Element(kind, content[start : start + size])
    # All but compressed elements are padded.
    position = start + size + (0 if kind == _COMPRESSED else -(start + size) % 8)


def _check_matrix(matrix: _Element, order: str, depth: int) -> None:
  """Checks a matrix and those that it contains."""
  _require(matrix.kind == _MATRIX, f"an element of type {matrix.kind} in place of a matrix")
  _require(depth < _MAX_DEPTH, "matrices are nested too deeply")
  if not len(matrix.content):  # an empty value in a cell or struct
    return
  elements = _read_elements(matrix.content, order)
  (flags, _) = _read_numbers(elements, order, _UINT32, 2)
  dimensions = _read_numbers(elements, order, _INT32)
  _require(len(dimensions) >= 2 and min(dimensions) >= 0, f"dimensions {dimensions}")
  count = math.prod(dimensions)
  _require(count <= _MAX_VALUES, f"{count} values")
  _read_numbers(elements, order, _INT8)  # the name
  kind = flags & 0xFF
  if kind == _OBJECT:
    _read_numbers(elements, order, _INT8)  # the name of the class
  if kind in (_STRUCT, _OBJECT):
    (length,) = _read_numbers(elements, order, _INT32, 1)
    names = _read_numbers(elements, order, _INT8)
    _require(0 < length and not len(names) % length, f"names of {length} bytes")
    count *= len(names) // length
  if kind in (_CELL, _STRUCT, _OBJECT):
    for _ in range(count):
      _check_matrix(_next(elements), order, depth + 1)
  elif kind == _CHAR:
    _check_values(_next(elements), count, {**_NUMBERS, **_TEXTS})
  else:
    _require(_FIRST_NUMBER <= kind <= _LAST_NUMBER, f"a matrix of class {kind}")
    for _ in range(2 if flags & _COMPLEX else 1):
      _check_values(_next(elements), count, _NUMBERS)
  _require(next(elements, None) is None, "more values than the dimensions state")


def _check_values(element: _Element, count: int, sizes: Dict[int, int]) -> None:
  _require(element.kind in sizes, f"values of type {element.kind}")
  size = sizes[element.kind]
  # Texts in UTF-8 and UTF-16 have characters of several bytes.
  fits = len(element.content) == count * size if element.kind in _NUMBERS else True
  _require(fits, f"{len(element.content)} bytes for {count} values")


def _read_numbers(
  elements: Iterator[_Element], order: str, kind: int, count: int = -1
) -> Tuple[int, ...]:
  """Returns the numbers of the next element, which must have a type and a count (-1: any)."""
  element = _next(elements)
  _require(element.kind == kind, f"an element of type {element.kind} in place of {kind}")
  letter, size = {_INT8: "b", _INT32: "i", _UINT32: "I"}[kind], _NUMBERS[kind]
  _require(not len(element.content) % size, f"{len(element.content)} bytes of type {kind}")
  numbers = struct.unpack(f"{order}{len(element.content) // size}{letter}", element.content)
  _require(count in (-1, len(numbers)), f"{len(numbers)} numbers in place of {count}")
  return numbers


def _next(elements: Iterator[_Element]) -> _Element:
  element = next(elements, None)
  _require(element is not None, "an element is missing")
  assert element
  return element


def _require(condition: bool, problem: str) -> None:
  if not condition:
    raise ValueError(problem)
