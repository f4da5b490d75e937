"""Rotation matrices: smallest rotations, rotations about axes, and their twist."""

from typing import Union

import numpy as np
from scipy.spatial.transform import Rotation


def rotate_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
  """Returns the smallest rotation [3, 3] that takes the direction `start` [3] to `end` [3]."""
  start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
  x, y, z = np.cross(start, end)
  cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
  # Rodrigues' formula; opposite directions have no smallest rotation.
  return np.eye(3) + cross + cross @ cross / (1 + start @ end + 1e-9)


def rotate_about(axis: np.ndarray, angles: Union[float, np.ndarray]) -> np.ndarray:
  """Computes rotations about a unit axis [3] by `angles` [...] in radians, [..., 3, 3]."""
  x, y, z = axis
  cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
  turn = np.asarray(angles, np.float64)[..., None, None]
  return np.eye(3) + np.sin(turn) * cross + (1 - np.cos(turn)) * (cross @ cross)


def measure_twist(rotations: np.ndarray, axis: np.ndarray) -> np.ndarray:
  """Measures the part of rotations [N, 3, 3] about a unit axis [3], [N] in radians.

  It is the twist of the swing-twist decomposition.
  """
  quaternions = Rotation.from_matrix(rotations).as_quat()
  angles = 2 * np.arctan2(quaternions[:, :3] @ axis, quaternions[:, 3])
  return (angles + np.pi) % (2 * np.pi) - np.pi


def interpolate(start: np.ndarray, end: np.ndarray, share: float = 0.5) -> np.ndarray:
  """Interpolates between rotations [N, 3, 3] on the shortest path; 0 means `start`."""
  step = Rotation.from_matrix(np.swapaxes(start, -1, -2) @ end).as_rotvec()
  return start @ Rotation.from_rotvec(share * step).as_matrix()


def invert(rotations: np.ndarray) -> np.ndarray:
  """Returns the inverses of rotations [..., 3, 3]."""
  return np.swapaxes(rotations, -1, -2)
