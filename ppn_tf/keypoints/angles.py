"""Joint angles of a person in the picture, in degrees.

docs/adr/0051 gives the reasons for these definitions.
"""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from ppn_tf.keypoints.joint_maps import JointMapper, sources

# Joints a, b, c of the angle at b between the lines to a and to c, without their side.
LIMB_ANGLES: Tuple[Tuple[str, Tuple[str, str, str]], ...] = (
  ("shoulder", ("elbow", "shoulder", "hip")),
  ("elbow", ("shoulder", "elbow", "wrist")),
  ("hip", ("shoulder", "hip", "knee")),
  ("knee", ("hip", "knee", "ankle")),
  ("ankle", ("knee", "ankle", "big_toe")),
)
TRUNK = ("pelvis", "thorax")
_SIDES = ("right", "left")


class Angles(NamedTuple):
  """Angles of a person in one frame.

  Attributes:
    degrees: [A] float64; NaN where a joint is not present.
    scores: [A] float64, the lowest score of the joints of each angle.
    places: [A, 2] float64, (x, y) of the vertex of each angle, or of the middle of the trunk.
  """

  degrees: np.ndarray
  scores: np.ndarray
  places: np.ndarray


class AngleMeter:
  """Measures the angles that the joints of a network allow.

  With u and v the vectors from joint b to a and to c, the angle at b is

    atan2(|u_x v_y - u_y v_x|, u_x v_x + u_y v_y), from 0 to 180, where 180 is a straight limb.

  The trunk's inclination, with d from the middle of the hips to the middle of the shoulders, is

    atan2(d_x, -d_y), from -180 to 180: 0 is upright, and positive leans to the picture's right.

  Attributes:
    names: A names, such as "right_knee" and "trunk"; empty if the joints allow none.
  """

  def __init__(self, joint_names: Sequence[str]):
    """Finds the joints of each angle, by name or by the rules of `joint_maps`."""
    names: List[str] = []
    points: List[str] = []
    for name, joints in [*_limb_angles(), ("trunk", TRUNK)]:
      if all(sources(joint, joint_names) for joint in joints):
        names.append(name)
        points += [*joints, joints[-1]][:3]  # the trunk has two
    self.names = tuple(names)
    self._mapper = JointMapper(joint_names, points)
    self._trunk = names.index("trunk") if "trunk" in names else None

  def measure(self, keypoints: np.ndarray, scores: np.ndarray, min_score: float) -> Angles:
    """Measures all angles of a person.

    Args:
      keypoints: [K, 2] (x, y) in pixels.
      scores: [K], 0..1.
      min_score: lowest score of a joint that counts as present. Two joints in the same place
        have no angle either.
    """
    places, values = self._mapper(keypoints, scores)
    points, lowest = places.reshape(-1, 3, 2), values.reshape(-1, 3).min(axis=1)
    u, v = points[:, 0] - points[:, 1], points[:, 2] - points[:, 1]
    vertices = points[:, 1].copy()
    cross = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    dot = (u * v).sum(axis=1)
    exists = (np.abs(u).sum(axis=1) > 0) & (np.abs(v).sum(axis=1) > 0)
    if self._trunk is not None:
      x, y = -u[self._trunk]  # from the pelvis to the thorax
      cross[self._trunk], dot[self._trunk] = x, -y
      exists[self._trunk] = x != 0 or y != 0
      vertices[self._trunk] = points[self._trunk, :2].mean(axis=0)
    present = exists & (lowest >= min_score) & np.isfinite(dot)
    degrees = np.where(present, np.degrees(np.arctan2(cross, dot)), np.nan)
    return Angles(degrees, lowest, vertices)


def _limb_angles() -> List[Tuple[str, Tuple[str, ...]]]:
  return [
    (f"{side}_{name}", tuple(f"{side}_{joint}" for joint in joints))
    for name, joints in LIMB_ANGLES
    for side in _SIDES
  ]
