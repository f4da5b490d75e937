"""Reads the golden vectors of the repository."""

import json
import pathlib
from typing import Any, Dict, List

from export.golden_vectors import json_arrays

FOLDER = pathlib.Path(__file__).parents[1] / "golden"


def read_cases(rule: str, folder: pathlib.Path = FOLDER) -> List[Dict[str, Any]]:
  """Returns the cases of a file, with arrays in place of bytes."""
  content = json.loads((folder / f"{rule}.json").read_text(encoding="utf-8"))
  assert content["rule"] == rule
  return json_arrays.decode(content["cases"])


def find_case(rule: str, name: str) -> Dict[str, Any]:
  """Returns a case by its name."""
  (case,) = (case for case in read_cases(rule) if case["name"] == name)
  return case
