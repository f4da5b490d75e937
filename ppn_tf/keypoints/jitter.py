"""How much a track trembles: the mean acceleration of its joints."""

import numpy as np


def accelerations(keypoints: np.ndarray) -> np.ndarray:
  """|x_{t+1} - 2 x_t + x_{t-1}| of consecutive frames.

  Args:
    keypoints: [N, K, 2] pixels.
  Returns:
    [max(N - 2, 0), K] float64, pixels per frame squared; NaN or infinite where
    one of three positions is.
  """
  positions = np.asarray(keypoints, np.float64)
  # Infinity less infinity is NaN, as stated, and no news to the user.
  with np.errstate(invalid="ignore"):
    bends = positions[2:] - 2 * positions[1:-1] + positions[:-2]
  return np.linalg.norm(bends, axis=-1)


def seen_thrice(visible: np.ndarray) -> np.ndarray:
  """Which joints [max(N - 2, 0), K] are visible [N, K] in a frame and both its neighbours."""
  return visible[2:] & visible[1:-1] & visible[:-2]
