"""Temporal jitter: acceleration of joints from frame to frame."""

import numpy as np


def accelerations(keypoints: np.ndarray) -> np.ndarray:
  """Computes |x[t+1] - 2 x[t] + x[t-1]| of every joint.

  Args:
    keypoints: [N, K, 2] float, (x, y) in pixels, of consecutive frames.
  Returns:
    [N - 2, K] float64, pixels per frame^2; empty for fewer than three frames, NaN or
    infinite where one of the three positions is.
  """
  # Infinity minus infinity is NaN, which needs no warning.
  with np.errstate(invalid="ignore"):
    moves = np.diff(keypoints.astype(np.float64), n=2, axis=0)
  return np.linalg.norm(moves, axis=-1)


def three_in_a_row(visibility: np.ndarray) -> np.ndarray:
  """Returns whether joints are visible in three consecutive frames.

  Args:
    visibility: [N, K] bool.
  Returns:
    [N - 2, K] bool.
  """
  return visibility[:-2] & visibility[1:-1] & visibility[2:]
