"""Descriptions inside .tflite files, so that clients need no other file.

The description is JSON in a zip archive at the end of the file, the place of the format for
associated files. Any unzip program prints it: `unzip -p FILE.tflite ppn_tf.json`.
"""

import json
import os
import zipfile
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence, Union

from ppn_tf.keypoints.skeletons import Skeleton, from_dict
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.runtime.json_text import parse_json
from ppn_tf.runtime.settings import Bounds

Path = Union[str, os.PathLike]
_NAME = "ppn_tf.json"
# Ways to read joints: from the final heatmaps as in the paper, or near their peaks in the
# preliminary heatmaps of the current frame, see `present_places`.
READOUTS = ("answer", "present")


class TrackerFields(NamedTuple):
  """Part of a description that trackers require.

  Attributes:
    skeleton: joints.
    margin: side of the crops for `step` over the longer side of the box.
    steady_crops: whether the previous heatmaps move along with the crop.
    start_margin: as `margin`, for `start`; None if it is the same.
    readout: one of READOUTS; None if the file does not say.
    restart_score: mean score below which a person is lost; None if unknown.
    refresh_after: seconds since HeadNet's last look at which its heatmaps refresh the previous
      ones; 0: never.
  """

  skeleton: Skeleton
  margin: float
  steady_crops: bool
  start_margin: Optional[float] = None
  readout: Optional[str] = None
  restart_score: Optional[float] = None
  refresh_after: float = 0.0


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
      description = parse_json(archive.read(_NAME))
  except Exception as error:  # zipfile, zlib and json raise many types for invalid bytes
    raise _describe_damage(path, error) from error
  if not isinstance(description, dict):
    raise _describe_damage(path, ValueError(f"a {type(description).__name__}"))
  return description


def parse_tracker_fields(path: Path, description: Mapping[str, Any]) -> TrackerFields:
  """Returns the part of a description that trackers require.

  Args:
    path: path of the file, for messages.
    description: as `read_description` returns it.
  Raises:
    InputError: a value is missing or unusable.
  """
  try:
    frame, start = description["frame"], description.get("start")
    readout, restart_score = (description.get(key) for key in ("readout", "restart_score"))
    if readout not in (None, *READOUTS):
      raise ValueError(f"readout {readout!r}")
    return TrackerFields(
      skeleton=from_dict(description["skeleton"]),
      margin=_parse_margin(frame),
      steady_crops=bool(frame.get("steady_crops")),
      start_margin=None if start is None else _parse_margin(start["frame"]),
      readout=readout,
      restart_score=None if restart_score is None else Bounds(0.0, 1.0).parse(restart_score),
      refresh_after=float(Bounds(0.0, 3600.0).parse(description.get("refresh_after", 0.0))),
    )
  except (AttributeError, KeyError, TypeError, ValueError) as error:
    raise _describe_damage(path, error) from error


def _parse_margin(frame: Mapping[str, Any]) -> float:
  return float(Bounds(0.1, 10.0).parse(frame["box_margin"]))


def describe_start(
  size: Sequence[int], margin: float, step_size: Sequence[int], step_margin: float
) -> Dict[str, Any]:
  """Returns the part of a description about the crops of `start`.

  Args:
    size: (H, W) of the crops of `start`.
    margin: their side over the longer side of the box.
    step_size: (H, W) of the crops of `step`.
    step_margin: as `margin`, for `step`.
  Returns:
    An entry "start" that clients read, or nothing where both signatures take the same crops.
  """
  if [*size, margin] == [*step_size, step_margin]:
    return {}
  return {"start": {"frame": {"size": list(size), "box_margin": margin}}}


def _describe_damage(path: Path, error: Exception) -> InputError:
  return InputError(
    f"{path}: its description is damaged ({first_line(error)}). Export the network again with "
    f"`{command('export tflite')}`."
  )
