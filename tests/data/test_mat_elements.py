"""Tests of data.builder.mat_elements: files of scipy pass, and damaged ones are refused."""

import io

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from data.builder.mat_elements import check_elements

VALUES = {
  "number": 1.5,
  "text": "walk",
  "empty": np.zeros((0, 4)),
  "bytes": np.arange(5, dtype=np.uint8),
  "complex": np.array([1 + 2j, 3]),
  "flags": np.array([True, False]),
  "cells": np.array([np.arange(3), "text", np.zeros(0)], object),
  "structs": [{"x": 1, "name": "a"}, {"x": np.zeros((2, 3)), "name": ""}],
}


def write(values, **options) -> bytes:
  with io.BytesIO() as file:
    scipy.io.savemat(file, values, **options)
    return file.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", VALUES)
def test_files_of_scipy_pass(name, compressed):
  check_elements(write({name: VALUES[name]}, do_compression=compressed))


def test_other_versions_are_not_checked():
  check_elements(write({"x": 1.0}, format="4"))
  check_elements(b"\x89HDF\r\n\x1a\n" + bytes(200))
  check_elements(b"")


def replace(content: bytes, old: str, new: str) -> bytes:
  old_bytes, new_bytes = bytes.fromhex(old), bytes.fromhex(new)
  assert content.count(old_bytes) >= 1 and len(old_bytes) == len(new_bytes)
  return content.replace(old_bytes, new_bytes, 1)


@pytest.mark.parametrize(
  ("old", "new", "problem"),
  [
    # scipy 1.17 crashes on each of the first three.
    ("09000000 08000000", "00000000 08000000", "values of type 0"),
    ("06000000 08000000 06000000", "06000000 08000000 06080000", "element is missing"),
    ("09000000 08000000", "0e000000 08000000", "values of type 14"),
    ("0e000000 38000000", "0e000000 38ffff00", "is cut off"),
    ("05000000 08000000 01000000 01000000", "05000000 08000000 01000000 ffffff7f", "bytes for"),
    ("05000000 08000000 01000000 01000000", "05000000 08000000 01000000 ffffffff", "dimensions"),
    ("06000000 08000000 06000000", "06000000 08000000 11000000", "class 17"),
  ],
)
def test_damaged_elements_are_refused(old, new, problem):
  content = write({"x": 10.0})
  with pytest.raises(ValueError, match=problem):
    check_elements(replace(content, old, new))


def test_cut_files_are_refused():
  content = write({"x": np.arange(9.0), "y": "text"})
  for length in range(132, len(content) - 8, 8):
    if length != 128 + 8 + 48 + 72 + 8:  # the end of x
      with pytest.raises(ValueError):
        check_elements(content[:length])


def test_damaged_compression_is_refused():
  content = write({"x": np.arange(99.0)}, do_compression=True)
  with pytest.raises(ValueError, match="damaged compression"):
    check_elements(content[:150] + bytes(9) + content[159:])
