"""What a .tflite file says about itself, so that a client needs nothing else.

It is JSON in an archive at the file's end, where the format keeps files that go
with a model and any unzip program finds them: `unzip -p FILE.tflite ppn_tf.json`.
"""

import json
import os
import zipfile
from typing import Any, Dict, Mapping, Union

Path = Union[str, os.PathLike]
_NAME = "ppn_tf.json"


def add_description(path: Path, description: Mapping[str, Any]) -> None:
  """Makes a .tflite say what a client has to know; see `read_description`."""
  with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr(_NAME, json.dumps(description, indent=1) + "\n")


def read_description(path: Path) -> Dict[str, Any]:
  """What a .tflite of this project says about itself; empty where it says nothing."""
  try:
    with zipfile.ZipFile(path) as archive:
      return json.loads(archive.read(_NAME))
  except (zipfile.BadZipFile, KeyError, ValueError):
    return {}
