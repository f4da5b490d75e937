"""Predicted joints of clips, from whatever system."""

import dataclasses
from typing import Tuple

import numpy as np


@dataclasses.dataclass(frozen=True)
class ClipPredictions:
  """The joints that a system finds in one clip of N frames.

  Attributes:
    clip: the clip's name in its data set.
    joint_names: J names; those of the data set's skeleton, or of another one.
    keypoints: [N, J, 2] float32, (x, y) in frame pixels; NaN where nothing was found.
    scores: [N, J] float32, how sure the system is; of no known scale.
  """

  clip: str
  joint_names: Tuple[str, ...]
  keypoints: np.ndarray
  scores: np.ndarray
