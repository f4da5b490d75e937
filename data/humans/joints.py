"""COCO's 17 joints of a body, as COCO's annotators place them."""

import pathlib
from typing import NamedTuple

import numpy as np

from ppn_tf.keypoints.skeletons import COCO

from . import assets
from .rig import Rig, Skin, strongest_bones

# Annotators click shoulders and hips higher than the centers of the joints: in torso lengths,
# the median distance to MoveNet Thunder's joints in 210 rendered frames.
_RAISED = {"shoulder": 0.03, "hip": 0.035}


class JointRegressor(NamedTuple):
  """Joints as weighted sums of vertices.

  Attributes:
    vertices: [N] numbers of vertices of the base mesh.
    matrix: [17, N] float32.
    skin: bones of these vertices.
  """

  vertices: np.ndarray
  matrix: np.ndarray
  skin: Skin


def read_regressor(folder: pathlib.Path, rig: Rig) -> JointRegressor:
  """Reads the regressor of a folder of assets, and raises its shoulders and hips."""
  with np.load(folder / assets.JOINTS) as fields:
    vertices, matrix = fields["idx"], fields["w"].astype(np.float64)
  names = COCO.joint_names
  rows = {part: [i for i, name in enumerate(names) if name.endswith(part)] for part in _RAISED}
  torso = matrix[rows["shoulder"]].mean(axis=0) - matrix[rows["hip"]].mean(axis=0)
  for part, share in _RAISED.items():
    matrix[rows[part]] += share * torso
  skin = strongest_bones(rig.weights[vertices])
  return JointRegressor(vertices, matrix.astype(np.float32), skin)
