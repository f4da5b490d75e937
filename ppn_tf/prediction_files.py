"""Folders of predictions: a file for each clip, of this project's networks or of other systems."""

import json
import os
import pathlib
import zipfile
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union
from urllib.parse import quote, unquote

import numpy as np

from ppn_tf.errors import InputError
from ppn_tf.joint_maps import COCO_JOINTS
from ppn_tf.outputs import complete_or_absent
from ppn_tf.predictions import ClipPredictions

ABOUT = "predictions.json"


class PredictionFolder:
  """A folder that predictions are written into clip by clip, and gone on with later.

  Attributes:
    path: the folder.
    about: what decides the predictions, as JSON can hold it.
  """

  def __init__(self, path: Union[str, os.PathLike], about: Mapping[str, Any]):
    """Opens a folder, new or begun under the same conditions.

    Raises:
      InputError: it holds something else, or predictions under other conditions.
    """
    self.path = pathlib.Path(path).expanduser()
    self.about = json.loads(json.dumps(dict(about)))
    if (self.path / ABOUT).is_file():
      self._check(_read_about(self.path))
      return
    if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
      raise InputError(
        f"{self.path}: is there and holds no {ABOUT}, so it is no folder of predictions. "
        "Give a new folder."
      )
    with complete_or_absent(self.path / ABOUT) as partial:
      partial.write_text(json.dumps(self.about, indent=2) + "\n", encoding="utf-8")

  def _check(self, before: Mapping[str, Any]) -> None:
    for name in sorted({*before, *self.about}):
      if before.get(name) != self.about.get(name):
        raise InputError(
          f"{self.path}: holds predictions with {name}={before.get(name)!r}, not "
          f"{self.about.get(name)!r}. Give another folder, or remove this one."
        )

  def read(self) -> List[ClipPredictions]:
    """The predictions that are there already."""
    return [_read_npz(file) for file in sorted(self.path.glob("*.npz"))]

  def write(self, predictions: ClipPredictions) -> None:
    """Adds a clip's file, whole or not at all."""
    name = quote(predictions.clip, safe="") + ".npz"
    with complete_or_absent(self.path / name) as partial:
      np.savez_compressed(
        partial,
        clip=np.array(predictions.clip),
        joint_names=np.array(predictions.joint_names),
        keypoints=predictions.keypoints.astype(np.float32),
        scores=predictions.scores.astype(np.float32),
      )


def read_predictions(
  path: Union[str, os.PathLike],
) -> Tuple[Dict[str, Any], Dict[str, ClipPredictions]]:
  """What decided the predictions, and the predictions by clip name.

  Args:
    path: a folder of .npz or .json files, one for each clip; docs/evaluation.md
      has the format. Without predictions.json nothing is known of them.
  Raises:
    InputError: no such folder, no predictions in it, a file that is none, or
      two files for one clip.
  """
  folder = pathlib.Path(path).expanduser()
  if not folder.is_dir():
    raise InputError(f"{folder}: no such folder. Give the folder of a system's predictions.")
  about = _read_about(folder) if (folder / ABOUT).is_file() else {}
  found: Dict[str, ClipPredictions] = {}
  files: Dict[str, pathlib.Path] = {}
  for file in sorted(folder.iterdir()):
    if file.name == ABOUT or file.suffix not in (".npz", ".json"):
      continue
    predictions = _read_npz(file) if file.suffix == ".npz" else _read_json(file)
    if predictions.clip in found:
      raise InputError(
        f"{file}: clip {predictions.clip} is in {files[predictions.clip].name} too. Remove one."
      )
    found[predictions.clip], files[predictions.clip] = predictions, file
  if not found:
    raise InputError(
      f"{folder}: holds no predictions. Expected an .npz or .json file for each clip, "
      "such as `python -m ppn_tf.evaluate --output_predictions` writes."
    )
  return about, found


def _read_about(folder: pathlib.Path) -> Dict[str, Any]:
  file = folder / ABOUT
  try:
    about = json.loads(file.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    raise InputError(f"{file}: not readable as JSON ({error}). Remove the folder.") from error
  if not isinstance(about, dict):
    raise InputError(f"{file}: wanted an object. Received: {about!r:.60}. Remove the folder.")
  return about


def _read_npz(file: pathlib.Path) -> ClipPredictions:
  try:
    with np.load(file) as arrays:
      content = {name: arrays[name] for name in arrays.files}
  except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
    raise InputError(f"{file}: not readable as .npz ({error}). Predict the clip anew.") from error
  if "keypoints" not in content:
    raise InputError(f"{file}: lacks the array `keypoints`. It has: {', '.join(content) or 'none'}")
  names = content.get("joint_names")
  return _checked(
    file,
    str(content["clip"]) if "clip" in content else None,
    None if names is None else [str(name) for name in names.reshape(-1)],
    content["keypoints"],
    content.get("scores"),
  )


def _read_json(file: pathlib.Path) -> ClipPredictions:
  try:
    content = json.loads(file.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    raise InputError(f"{file}: not readable as JSON ({error}). Predict the clip anew.") from error
  if not isinstance(content, dict) or not isinstance(content.get("keypoints"), list):
    raise InputError(f'{file}: lacks "keypoints", a list of frames. Received: {content!r:.60}')
  try:
    joints = np.array(
      [[_three(joint) for joint in frame] for frame in content["keypoints"]], np.float64
    )
  except (TypeError, ValueError) as error:
    raise InputError(
      f'{file}: "keypoints" are to be frames of joints [x, y, score], [x, y] or null, all frames '
      f"of as many joints ({error})."
    ) from error
  if joints.ndim != 3:
    raise InputError(f'{file}: "keypoints" has no frames, or frames without joints.')
  clip, names = content.get("clip"), content.get("joint_names")
  return _checked(file, clip, names, joints[..., :2], joints[..., 2])


def _three(joint: Any) -> Tuple[float, float, float]:
  """A joint of a JSON file as x, y, score."""
  if joint is None:
    return np.nan, np.nan, 0.0
  x, y, *rest = joint
  return float(x), float(y), float(rest[0]) if rest else 1.0


def _checked(
  file: pathlib.Path,
  clip: Optional[str],
  joint_names: Optional[List[str]],
  keypoints: np.ndarray,
  scores: Optional[np.ndarray],
) -> ClipPredictions:
  """Predictions of one file; what is not said follows from its name and COCO's order."""
  if keypoints.ndim != 3 or keypoints.shape[-1] != 2 or not keypoints.size:
    raise InputError(
      f"{file}: keypoints are to be [frames, joints, 2]. Received: {keypoints.shape}"
    )
  names = tuple(COCO_JOINTS if joint_names is None else map(str, joint_names))
  if len(names) != keypoints.shape[1]:
    origin = "COCO's, since none are given" if joint_names is None else "the file's"
    raise InputError(
      f"{file}: has {keypoints.shape[1]} joints and {len(names)} joint names ({origin}). "
      "Add joint_names, one for each joint."
    )
  if scores is None:
    scores = np.ones(keypoints.shape[:2])
  if scores.shape != keypoints.shape[:2]:
    raise InputError(
      f"{file}: scores are to be [frames, joints], {keypoints.shape[:2]}. Received: {scores.shape}"
    )
  return ClipPredictions(
    clip=unquote(file.stem) if clip is None else str(clip),
    joint_names=names,
    keypoints=keypoints.astype(np.float32),
    scores=scores.astype(np.float32),
  )
