"""Descriptions inside .tflite files, so that clients need no other file.

The description is JSON in a zip archive at the end of the file, the place of the format for
associated files. Any unzip program prints it: `unzip -p FILE.tflite ppn_tf.json`.
"""

import json
import os
import zipfile
from typing import Any, Dict, Mapping, Union

Path = Union[str, os.PathLike]
_NAME = "ppn_tf.json"


def add_description(path: Path, description: Mapping[str, Any]) -> None:
  """Adds a description to a .tflite file."""
  with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr(_NAME, json.dumps(description, indent=1) + "\n")


def read_description(path: Path) -> Dict[str, Any]:
  """Reads the description of a .tflite file; returns an empty dict without one."""
  try:
    with zipfile.ZipFile(path) as archive:
      return json.loads(archive.read(_NAME))
  except (zipfile.BadZipFile, KeyError, ValueError):
    return {}
