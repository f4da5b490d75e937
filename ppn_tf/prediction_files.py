"""Reads a folder of predictions: one .npz file for each clip, and what decided them."""

import json
import os
import pathlib
from typing import Any, Dict, Tuple, Union

import numpy as np

from ppn_tf.errors import InputError
from ppn_tf.predictions import ClipPredictions


def read_predictions(
  path: Union[str, os.PathLike],
) -> Tuple[Dict[str, Any], Dict[str, ClipPredictions]]:
  """What decided the predictions, and the predictions by clip name.

  Raises:
    InputError: the folder's predictions.json or a file cannot be read.
  """
  folder = pathlib.Path(path)
  found = {}
  file = folder / "predictions.json"
  try:
    about = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for file in sorted(folder.glob("*.npz")):
      with np.load(file) as arrays:
        names = tuple(str(name) for name in arrays["joint_names"])
        clip = str(arrays["clip"])
        found[clip] = ClipPredictions(clip, names, arrays["keypoints"], arrays["scores"])
  except (OSError, ValueError, KeyError) as error:
    raise InputError(f"{file}: no predictions ({error}). Write or remove it.") from error
  return about, found
