"""Folders of predicted joints, a file per clip: this project's, and other systems'.

docs/evaluation.md has the formats.
"""

import json
import os
import pathlib
import urllib.parse
from typing import Any, Dict, Mapping, Set, Tuple, Union

import numpy as np

from ppn_tf import prediction_formats
from ppn_tf.errors import InputError
from ppn_tf.outputs import complete_or_absent
from ppn_tf.predictions import ClipPredictions

ABOUT = "predictions.json"

Path = Union[str, "os.PathLike[str]"]


class PredictionFolder:
  """Writes predictions clip by clip, and goes on where an earlier process ended.

  Attributes:
    path: the folder.
  """

  def __init__(self, path: Path, about: Mapping[str, Any]):
    """Makes the folder, or opens it to go on.

    Args:
      path: a new or empty folder, or one that was begun with the same `about`.
      about: what decides the predictions, as JSON can hold it: data set, split,
        network, num_frames, scales and so on.
    Raises:
      InputError: the folder is of other predictions or of something else.
    """
    self.path = pathlib.Path(path).expanduser()
    wanted = json.loads(json.dumps(dict(about)))
    # A killed process may leave a hidden scratch folder.
    entries = self.path.iterdir() if self.path.is_dir() else ()
    names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    if ABOUT in names:
      self._check_same(wanted)
      return
    if names:
      raise InputError(
        f"{self.path}: holds {', '.join(names[:3])}, but no {ABOUT}. Choose a new or empty folder."
      )
    with complete_or_absent(self.path / ABOUT) as partial:
      partial.write_text(json.dumps({"about": wanted}, indent=2) + "\n", encoding="utf-8")

  def _check_same(self, wanted: Dict[str, Any]) -> None:
    there = _read_about(self.path / ABOUT)
    for name in dict.fromkeys([*there, *wanted]):
      if there.get(name) != wanted.get(name):
        raise InputError(
          f"{self.path}: holds predictions made otherwise: {name} is "
          f"{json.dumps(there.get(name))} there, {json.dumps(wanted.get(name))} now. "
          "Choose another folder, or remove that one."
        )

  def done(self) -> Set[str]:
    """The clips that are there; each file is complete, for it is moved into place."""
    return {urllib.parse.unquote(file.stem) for file in self.path.glob("*.npz") if file.is_file()}

  def write(self, predictions: ClipPredictions) -> None:
    """Adds a clip, or replaces it."""
    name = urllib.parse.quote(predictions.clip, safe="") + ".npz"
    with complete_or_absent(self.path / name) as partial:
      np.savez_compressed(
        partial,
        keypoints=np.asarray(predictions.keypoints, np.float32),
        scores=np.asarray(predictions.scores, np.float32),
        joint_names=np.array(predictions.joint_names),
        clip=np.array(predictions.clip),
      )


def read_predictions(path: Path) -> Tuple[Dict[str, Any], Dict[str, ClipPredictions]]:
  """What a folder says of its predictions, and the predictions by clip.

  A position that is no finite number becomes NaN: nothing was found.

  Args:
    path: a `PredictionFolder`, or .npz and .json files of another system.
  Returns:
    `about`, empty where the folder has no predictions.json, and the clips in
    the order of their files' names.
  Raises:
    InputError: no such folder, nothing in it, two files for one clip, or a file
      that cannot be read.
  """
  folder = pathlib.Path(path).expanduser()
  if not folder.is_dir():
    received = "not a folder" if folder.exists() else "no such folder"
    raise InputError(f"{folder}: {received}. Expected one with an .npz or .json file per clip.")
  files = sorted(
    file
    for file in folder.iterdir()
    if file.suffix in prediction_formats.SUFFIXES and file.name != ABOUT and file.is_file()
  )
  if not files:
    raise InputError(f"{folder}: holds no predictions. Expected an .npz or .json file per clip.")
  about = _read_about(folder / ABOUT) if (folder / ABOUT).is_file() else {}
  clips: Dict[str, ClipPredictions] = {}
  origins: Dict[str, pathlib.Path] = {}
  for file in files:
    predictions = prediction_formats.read_clip(file)
    if predictions.clip in clips:
      raise InputError(
        f"{file}: a second file for clip {predictions.clip}; the first is "
        f"{origins[predictions.clip].name}. Remove one of them."
      )
    clips[predictions.clip], origins[predictions.clip] = predictions, file
  return about, clips


def _read_about(file: pathlib.Path) -> Dict[str, Any]:
  about = prediction_formats.read_object(file).get("about")
  if not isinstance(about, dict):
    raise InputError(f'{file}: lacks the object "about". Remove the file, or the whole folder.')
  return about
