"""Predicted joints of clips, from any system."""

import dataclasses
from typing import Tuple

import numpy as np


@dataclasses.dataclass(frozen=True)
class ClipPredictions:
  """Joints that a system predicts in one clip of N frames.

  Attributes:
    clip: the clip's name in its data set.
    joint_names: J names, of the data set's skeleton or another.
    keypoints: [N, J, 2] float32, (x, y) in frame pixels; NaN where a prediction is missing.
    scores: [N, J] float32, confidence on the system's own scale.
  """

  clip: str
  joint_names: Tuple[str, ...]
  keypoints: np.ndarray
  scores: np.ndarray
