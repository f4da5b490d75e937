"""Values of JSON that tools write differently: 1, 1.0 and "1"; "walk" and "./walk"."""

import math
import pathlib
import re
from typing import Any, Optional, Tuple

import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.json_text import parse_json

_NUMBER = re.compile(r"[+-]?\d+(\.0*)?")


def load_json(path: pathlib.Path) -> Any:
  """Loads a JSON file of any Unicode encoding, with or without a byte-order mark.

  Raises:
    InputError: it cannot be read.
  """
  try:
    return parse_json(path.read_bytes())
  except (OSError, ValueError, RecursionError) as error:
    raise InputError(f"{path}: cannot be read as JSON ({error}).") from error


def to_whole(value: Any) -> Optional[int]:
  """Returns a whole number that is written as one, as a float or as text; else None."""
  if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
    return int(value.split(".")[0])
  if isinstance(value, bool) or not isinstance(value, (int, float)):
    return None
  return int(value) if math.isfinite(value) and value == int(value) else None


def to_identity(value: Any) -> Optional[str]:
  """Returns the text of an id: a number or a name. None for null, NaN and anything else."""
  whole = to_whole(value)
  if whole is not None:
    return str(whole)
  if isinstance(value, str):
    return value.strip() or None
  is_number = isinstance(value, float) and math.isfinite(value)
  return str(value) if is_number else None


def to_size(height: Any, width: Any) -> Optional[Tuple[int, int]]:
  """Returns (height, width) in pixels, or None if they are not two numbers above 0."""
  size = (to_whole(height), to_whole(width))
  if size[0] is None or size[1] is None or min(size[0], size[1]) <= 0:
    return None
  return size[0], size[1]


def to_relative_path(value: Any) -> Optional[str]:
  """Returns a path below the source with "/" between its parts, or None for any other value."""
  if not isinstance(value, str) or not value.strip():
    return None
  path = pathlib.PurePosixPath(value.strip().replace("\\", "/"))
  drive = pathlib.PureWindowsPath(value.strip()).drive
  return None if path.is_absolute() or drive or ".." in path.parts else path.as_posix()


def to_joints(value: Any, num_joints: int) -> Tuple[np.ndarray, np.ndarray]:
  """Returns COCO's "keypoints" as [K, 2] float64 and [K] bool, True for labelled joints.

  Raises:
    ValueError: `value` does not hold x, y and v of K joints.
  """
  try:
    numbers = np.array(value, np.float64).ravel()  # null becomes NaN
  except (TypeError, ValueError) as error:
    raise ValueError('"keypoints" that are not numbers') from error
  if numbers.shape != (3 * num_joints,):
    raise ValueError(
      f"{numbers.size} numbers in keypoints, expected 3 for each of {num_joints} joints"
    )
  rows = numbers.reshape(num_joints, 3)
  return rows[:, :2], np.nan_to_num(rows[:, 2]) > 0


def to_box(value: Any) -> np.ndarray:
  """Returns COCO's "bbox" as [4] (x1, y1, x2, y2); zeros if it is missing or has no area."""
  try:
    x, y, width, height = (float(number) for number in value or [])
  except (TypeError, ValueError):
    return np.zeros(4)
  box = np.array([x, y, x + width, y + height])
  return box if np.isfinite(box).all() and width > 0 and height > 0 else np.zeros(4)
