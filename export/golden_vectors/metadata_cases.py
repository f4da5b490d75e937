"""Golden cases of descriptions: ends of .tflite files, and the fields that clients read."""

import json
import pathlib
import tempfile
import zipfile
from typing import Any, Dict, Iterator, Mapping, Optional

import numpy as np

from ppn_tf.inference.tflite import metadata
from ppn_tf.keypoints.skeletons import PENN_ACTION, to_dict


def _description(**changes: Any) -> Dict[str, Any]:
  return {
    "frame": {"size": [192, 160], "box_margin": 1.25, "steady_crops": True},
    "heatmaps": {"size": [48, 40], "pixels_per_cell": 4},
    "readout": "present",
    "restart_score": 0.42,
    "refresh_after": 0.12,
    "skeleton": to_dict(PENN_ACTION),
    **changes,
  }


def descriptions() -> Iterator[Dict[str, Any]]:
  """Yields files with a description in a zip archive at their end; null without any."""
  plain = _description(readout="answer")
  del plain["restart_score"], plain["refresh_after"]
  older = {**plain, "frame": {"size": [192, 160], "box_margin": 1.25}}
  del older["readout"]
  start = {"frame": {"size": [288, 240], "box_margin": 1.75}}
  for name, description in (
    ("people", _description()),
    ("no restart_score, no refresh_after", plain),
    ("older file", older),
    ("start takes a larger crop", _description(start=start)),
    ("no description", None),
  ):
    yield {"name": name, "file": _make_file(description), "fields": _fields(description)}
  yield {
    "name": "stored, second in its archive, with a comment",
    "file": _make_file(_description(), is_stored=True),
    "fields": _fields(_description()),
  }


def _make_file(description: Optional[Mapping[str, Any]], is_stored: bool = False) -> np.ndarray:
  """Returns the bytes of a file that begins as a .tflite does and has an archive at its end."""
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "model.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(range(200)))
    if is_stored:
      with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo("labels.txt"), "person\n")
        archive.writestr(zipfile.ZipInfo("ppn_tf.json"), json.dumps(description))
        archive.comment = b"two files"
    elif description is not None:
      metadata.add_description(path, description)
    return np.frombuffer(path.read_bytes(), np.uint8)


def _fields(description: Optional[Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
  """Returns what a client reads; `start` has the values of `step` unless they differ."""
  if description is None:
    return None
  step, heatmaps, skeleton = (description[key] for key in ("frame", "heatmaps", "skeleton"))
  start = description.get("start", {}).get("frame", step)
  return {
    "size": step["size"],
    "margin": step["box_margin"],
    "steady_crops": step.get("steady_crops", False),
    "start_size": start["size"],
    "start_margin": start["box_margin"],
    "heatmap_size": heatmaps["size"],
    "stride": heatmaps["pixels_per_cell"],
    "readout": description.get("readout"),
    "restart_score": description.get("restart_score"),
    "refresh_after": description.get("refresh_after", 0),
    "joint_names": skeleton["joint_names"],
    "limbs": skeleton["limbs"],
    "flip_pairs": skeleton["flip_pairs"],
  }
