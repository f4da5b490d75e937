"""Reads the predicted joints of one clip from an .npz or .json file of any system.

docs/evaluation.md describes both formats.
"""

import json
import pathlib
import urllib.parse
from typing import Any, Dict, List, Tuple

import numpy as np

from ppn_tf.keypoints.joint_maps import COCO_JOINTS
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.runtime.json_text import parse_json
from ppn_tf.runtime.npz_files import read_npz

SUFFIXES = (".npz", ".json")
_MISSING = (float("nan"), float("nan"), 0.0)


def read_clip(file: pathlib.Path) -> ClipPredictions:
  """Reads the predictions of one clip from an .npz or .json file.

  Raises:
    InputError: If the file holds no valid predictions.
  """
  values = _read_npz(file) if file.suffix == ".npz" else _read_json(file)
  keypoints = _numbers(file, "keypoints", values["keypoints"])
  if keypoints.ndim != 3 or keypoints.shape[2] != 2:
    raise InputError(
      f"{file}: keypoints have shape {_shape(keypoints)}; expected frames x joints x 2, (x, y) in "
      "pixels."
    )
  scores = _numbers(file, "scores", values.get("scores", np.ones(keypoints.shape[:2])))
  if scores.shape != keypoints.shape[:2]:
    raise InputError(
      f"{file}: scores have shape {_shape(scores)}; expected {_shape(keypoints[..., 0])}."
    )
  return ClipPredictions(
    clip=_clip(file, values.get("clip")),
    joint_names=_joint_names(file, values.get("joint_names"), keypoints.shape[1]),
    keypoints=np.where(np.isfinite(keypoints).all(-1, keepdims=True), keypoints, np.float32("nan")),
    scores=scores,
  )


def _read_npz(file: pathlib.Path) -> Dict[str, Any]:
  values = read_npz(file)
  if "keypoints" not in values:
    names = ", ".join(sorted(values)) or "none"
    raise InputError(f"{file}: lacks the array keypoints. Received arrays: {names}.")
  return values


def _read_json(file: pathlib.Path) -> Dict[str, Any]:
  values = read_object(file)
  frames = values.get("keypoints")
  if not isinstance(frames, list):
    raise InputError(f'{file}: lacks "keypoints", a list of frames. See docs/evaluation.md.')
  names = values.get("joint_names")
  named = len(names) if isinstance(names, list) else len(COCO_JOINTS)
  count = max((len(frame) for frame in frames if isinstance(frame, list)), default=named)
  joints = [_frame(file, number, frame, count) for number, frame in enumerate(frames)]
  table = np.array(joints, np.float64).reshape(len(frames), count, 3)
  result = {"keypoints": table[..., :2], "scores": table[..., 2]}
  result.update({name: values[name] for name in ("clip", "joint_names") if values.get(name)})
  return result


def _frame(file: pathlib.Path, number: int, frame: Any, count: int) -> List[List[float]]:
  """Returns the joints of a frame as [x, y, score]; NaN and score 0 for missing joints."""
  if frame is None:
    return [list(_MISSING)] * count
  if not isinstance(frame, list) or len(frame) != count:
    received = f"{len(frame)} joints" if isinstance(frame, list) else json.dumps(frame)[:40]
    raise InputError(f"{file}: frame {number}: expected a list of {count} joints, got {received}.")
  return [_joint(file, number, joint) for joint in frame]


def _joint(file: pathlib.Path, number: int, joint: Any) -> List[float]:
  """Returns a joint as [x, y, score]."""
  if joint is None:
    return list(_MISSING)
  values = joint if isinstance(joint, list) else []
  if len(values) not in (2, 3) or not all(_is_number(value) for value in values):
    raise InputError(
      f"{file}: frame {number}: a joint is {json.dumps(joint)[:40]}; expected [x, y], "
      "[x, y, score] or null."
    )
  return [float("nan") if value is None else float(value) for value in [*values, 1.0][:3]]


def _is_number(value: Any) -> bool:
  """Returns whether a JSON value can be a coordinate or a score; null marks a missing one."""
  if isinstance(value, bool) or not isinstance(value, (int, float)):
    return value is None
  return isinstance(value, float) or abs(value) < 2**63


def read_object(file: pathlib.Path) -> Dict[str, Any]:
  """Reads the JSON object in a file."""
  try:
    values = parse_json(file.read_text(encoding="utf-8"))
  except (OSError, ValueError, RecursionError) as error:
    raise InputError(f"{file}: not readable as JSON ({first_line(error)}). Fix it.") from error
  if not isinstance(values, dict):
    raise InputError(f"{file}: expected a JSON object, received a {type(values).__name__}.")
  return values


def _numbers(file: pathlib.Path, name: str, values: Any) -> np.ndarray:
  array = np.asarray(values)
  if array.dtype.kind not in "fiu":
    raise InputError(f"{file}: {name} have type {array.dtype}; expected numbers.")
  # Values beyond float32 become infinite, and count as missing.
  with np.errstate(over="ignore"):
    return array.astype(np.float32)


def _clip(file: pathlib.Path, value: Any) -> str:
  """Returns the name of the clip; the file's name if it holds none."""
  if value is None:
    return urllib.parse.unquote(file.stem)
  name = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
  if not isinstance(name, str):
    raise InputError(f"{file}: clip must be a string. Received: {str(name)[:60]}.")
  return name


def _joint_names(file: pathlib.Path, values: Any, count: int) -> Tuple[str, ...]:
  """Returns the J names of a file's joints; those of COCO if it holds none."""
  if values is None:
    if count != len(COCO_JOINTS):
      raise InputError(
        f"{file}: has {count} joints and no joint_names. Add joint_names, or give "
        f"{len(COCO_JOINTS)} joints in COCO's order."
      )
    return tuple(COCO_JOINTS)
  names = values.tolist() if isinstance(values, np.ndarray) else values
  if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
    raise InputError(f"{file}: joint_names must be a list of strings. Received: {str(names)[:60]}.")
  if len(names) != count or len(set(names)) != count:
    raise InputError(
      f"{file}: {len(names)} joint_names, {len(set(names))} of them different, for {count} joints. "
      "Give each joint a unique name."
    )
  return tuple(names)


def _shape(array: np.ndarray) -> str:
  return " x ".join(map(str, array.shape)) or "()"
