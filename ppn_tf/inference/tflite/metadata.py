"""Descriptions inside .tflite files, so that clients need no other file.

The description is JSON in a zip archive at the end of the file, the place of the format for
associated files. Any unzip program prints it: `unzip -p FILE.tflite ppn_tf.json`.
"""

import json
import os
import zipfile
from typing import Any, Dict, Mapping, Tuple, Union

from ppn_tf.keypoints.skeletons import Skeleton, from_dict
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.runtime.settings import Bounds

Path = Union[str, os.PathLike]
_NAME = "ppn_tf.json"


def add_description(path: Path, description: Mapping[str, Any]) -> None:
  """Adds a description to a .tflite file."""
  entry = zipfile.ZipInfo(_NAME)  # without the time, so that equal exports are equal files
  with zipfile.ZipFile(path, "a") as archive:
    archive.writestr(entry, json.dumps(description, indent=1) + "\n", zipfile.ZIP_DEFLATED)


def read_description(path: Path) -> Dict[str, Any]:
  """Reads the description of a .tflite file; returns an empty dict without one.

  Raises:
    InputError: the description is damaged.
  """
  if not zipfile.is_zipfile(path):
    return {}
  try:
    with zipfile.ZipFile(path) as archive:
      if _NAME not in archive.namelist():
        return {}
      description = json.loads(archive.read(_NAME))
  except Exception as error:  # zipfile, zlib and json raise many types for invalid bytes
    raise _describe_damage(path, error) from error
  if not isinstance(description, dict):
    raise _describe_damage(path, ValueError(f"a {type(description).__name__}"))
  return description


def parse_crops(path: Path, description: Mapping[str, Any]) -> Tuple[Skeleton, float, bool]:
  """Returns the part of a description that trackers require.

  Args:
    path: path of the file, for messages.
    description: as `read_description` returns it.
  Returns:
    joints, margin of the crops, and whether crops are steady.
  Raises:
    InputError: a value is missing or unusable.
  """
  try:
    frame = description["frame"]
    margin = Bounds(0.1, 10.0).parse(frame["box_margin"])
    return from_dict(description["skeleton"]), float(margin), bool(frame.get("steady_crops"))
  except (AttributeError, KeyError, TypeError, ValueError) as error:
    raise _describe_damage(path, error) from error


def _describe_damage(path: Path, error: Exception) -> InputError:
  return InputError(
    f"{path}: its description is damaged ({first_line(error)}). Export the network again with "
    f"`{command('export tflite')}`."
  )
