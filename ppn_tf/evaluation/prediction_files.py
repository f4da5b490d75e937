"""Reads and writes folders of predictions, one file per clip, from any system."""

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
  """Writes predictions clip by clip into a folder that later processes can resume.

  Attributes:
    path: the folder.
    about: conditions that determine the predictions, as JSON values.
  """

  def __init__(self, path: Union[str, os.PathLike], about: Mapping[str, Any]):
    """Opens a new folder, or one of predictions under the same conditions.

    Raises:
      InputError: If the folder holds other files, or predictions under other conditions.
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
        f"{self.path}: exists and holds no {ABOUT}, so it is not a folder of predictions. "
        "Give a new folder."
      )
    with complete_or_absent(self.path / ABOUT) as partial:
      partial.write_text(json.dumps(self.about, indent=2) + "\n", encoding="utf-8")

  def _check(self, existing: Mapping[str, Any]) -> None:
    for name in sorted({*existing, *self.about}):
      if existing.get(name) != self.about.get(name):
        raise InputError(
          f"{self.path}: holds predictions with {name}={existing.get(name)!r}, not "
          f"{self.about.get(name)!r}. Give another folder, or remove this one."
        )

  def read(self) -> List[ClipPredictions]:
    """Reads the predictions that the folder holds already."""
    return [
      prediction_formats.read_clip(file)
      for file in sorted(self.path.glob("*.npz"))
      if file.is_file()
    ]

  def write(self, predictions: ClipPredictions) -> None:
    """Writes the file of one clip atomically."""
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
  """Returns all predictions by clip, and computes those that the folder lacks.

  Args:
    predict: yields predictions of all clips except the given ones.
    num_clips: number of clips in the split, for the progress bar.
    folder: keeps new predictions; None keeps nothing.
    name: name of the system, for the progress bar.
  """
  by_clip = {clip.clip: clip for clip in folder.read()} if folder else {}
  initial = len(by_clip)
  with tqdm(total=num_clips, initial=initial, desc=name, unit="clip", disable=None) as progress:
    for predictions in predict(set(by_clip)):
      if folder:
        folder.write(predictions)
      by_clip[predictions.clip] = predictions
      progress.update()
  return by_clip


def read_predictions(
  path: Union[str, os.PathLike],
) -> Tuple[Dict[str, Any], Dict[str, ClipPredictions]]:
  """Reads the conditions of predictions, and the predictions by clip name.

  Args:
    path: folder of .npz or .json files, one per clip; docs/evaluation.md
      describes the format. Without predictions.json the conditions are empty.
  Raises:
    InputError: If there is no such folder, it holds no predictions or an invalid
      file, or two files are of one clip.
  """
  folder = pathlib.Path(path).expanduser()
  if not folder.is_dir():
    raise InputError(f"{folder}: no such folder. Give the folder of a system's predictions.")
  about = _read_about(folder) if (folder / ABOUT).is_file() else {}
  by_clip: Dict[str, ClipPredictions] = {}
  files: Dict[str, pathlib.Path] = {}
  for file in sorted(folder.iterdir()):
    if file.name == ABOUT or file.suffix not in prediction_formats.SUFFIXES or not file.is_file():
      continue
    predictions = prediction_formats.read_clip(file)
    if predictions.clip in by_clip:
      raise InputError(
        f"{file}: clip {predictions.clip} is also in {files[predictions.clip].name}. Remove one."
      )
    by_clip[predictions.clip], files[predictions.clip] = predictions, file
  if not by_clip:
    raise InputError(
      f"{folder}: holds no predictions. Expected an .npz or .json file per clip, "
      f"such as `{command('evaluate')} --output_predictions` writes."
    )
  return about, by_clip


def _read_about(folder: pathlib.Path) -> Dict[str, Any]:
  return prediction_formats.read_object(folder / ABOUT)
