"""Folders of predictions: a file for each clip, of this project's networks or of other systems."""

import json
import os
import pathlib
from typing import Any, Callable, Collection, Dict, Iterable, List, Mapping, Optional, Tuple, Union
from urllib.parse import quote

import numpy as np
from tqdm import tqdm

from ppn_tf.evaluation import prediction_formats
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

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
    # A killed process may leave a hidden scratch folder.
    if self.path.exists() and (
      not self.path.is_dir() or any(not entry.name.startswith(".") for entry in self.path.iterdir())
    ):
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
    return [
      prediction_formats.read_clip(file)
      for file in sorted(self.path.glob("*.npz"))
      if file.is_file()
    ]

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


def gather(
  predict: Callable[[Collection[str]], Iterable[ClipPredictions]],
  num_clips: int,
  folder: Optional[PredictionFolder] = None,
  name: Optional[str] = None,
) -> Dict[str, ClipPredictions]:
  """All predictions by clip: those that are there, and the others as they are made and kept.

  Args:
    predict: makes those of all clips but the named ones.
    num_clips: of the split, for the progress bar.
    folder: where they are kept; None keeps nothing.
    name: the system's, for the progress bar.
  """
  found = {one.clip: one for one in folder.read()} if folder else {}
  with tqdm(total=num_clips, initial=len(found), desc=name, unit="clip", disable=None) as progress:
    for predictions in predict(set(found)):
      if folder:
        folder.write(predictions)
      found[predictions.clip] = predictions
      progress.update()
  return found


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
    if file.name == ABOUT or file.suffix not in prediction_formats.SUFFIXES or not file.is_file():
      continue
    predictions = prediction_formats.read_clip(file)
    if predictions.clip in found:
      raise InputError(
        f"{file}: clip {predictions.clip} is in {files[predictions.clip].name} too. Remove one."
      )
    found[predictions.clip], files[predictions.clip] = predictions, file
  if not found:
    raise InputError(
      f"{folder}: holds no predictions. Expected an .npz or .json file for each clip, "
      f"such as `{command('evaluate')} --output_predictions` writes."
    )
  return about, found


def _read_about(folder: pathlib.Path) -> Dict[str, Any]:
  return prediction_formats.read_object(folder / ABOUT)
