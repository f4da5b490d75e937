"""Arrays in JSON: nested lists, or bytes in base64 for large ones."""

import base64
import json
import zlib
from typing import Any, Dict, List

import numpy as np

MAX_LISTED = 64  # values of an array that is written as nested lists
_COMPRESSED = "zlib+base64"
_DTYPES = ("float32", "uint8")


def encode(value: Any) -> Any:
  """Converts a value to lists, numbers and strings for JSON.

  Args:
    value: an array, a number, a string, None, or dictionaries and sequences of them. Arrays of
      more than MAX_LISTED values are float32 or uint8; float64 is rounded to float32.
  Returns:
    For large arrays a dictionary of shape, dtype and base64: little endian, row by row. With an
    entry `encoding`, the bytes are compressed, which is done where it halves them.
  """
  if isinstance(value, dict):
    return {str(key): encode(entry) for key, entry in value.items()}
  if isinstance(value, np.ndarray):
    return _encode_array(value)
  if isinstance(value, (list, tuple)):
    return [encode(entry) for entry in value]
  if isinstance(value, np.float32):
    return float(str(value))  # the shortest number that rounds to it
  return value.item() if isinstance(value, np.generic) else value


def _encode_array(array: np.ndarray) -> Any:
  if array.size <= MAX_LISTED or array.dtype == bool:
    return [encode(row) for row in array] if array.ndim else encode(array[()])
  if array.dtype == np.float64:
    array = array.astype(np.float32)
  if array.dtype.name not in _DTYPES:
    raise TypeError(f"arrays are {' or '.join(_DTYPES)}. Received: {array.dtype}")
  content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
  encoded: Dict[str, Any] = {"shape": list(array.shape), "dtype": array.dtype.name}
  compressed = zlib.compress(content, 9)
  if 2 * len(compressed) <= len(content):
    encoded["encoding"], content = _COMPRESSED, compressed
  return {**encoded, "base64": base64.b64encode(content).decode()}


def decode(value: Any) -> Any:
  """Returns a value of JSON with arrays in place of what `encode` made of large ones."""
  if isinstance(value, list):
    return [decode(entry) for entry in value]
  if not isinstance(value, dict):
    return value
  if "base64" not in value:
    return {key: decode(entry) for key, entry in value.items()}
  content = base64.b64decode(value["base64"])
  if value.get("encoding") == _COMPRESSED:
    content = zlib.decompress(content)
  dtype = np.dtype(value["dtype"]).newbyteorder("<")
  return np.frombuffer(content, dtype).reshape(value["shape"]).astype(value["dtype"])


def to_json(rule: str, cases: List[Dict[str, Any]]) -> str:
  """Returns the content of a file: a rule and its cases, with one line for each value."""
  lines = []
  for case in cases:
    entries = [f"   {json.dumps(key)}: {json.dumps(encode(case[key]))}" for key in case]
    lines.append("  {\n" + ",\n".join(entries) + "\n  }")
  return f'{{\n "rule": {json.dumps(rule)},\n "cases": [\n' + ",\n".join(lines) + "\n ]\n}\n"
