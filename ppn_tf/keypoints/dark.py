"""DARK decoding of the heatmaps of single frames, in NumPy.

Equals `keypoints.heatmaps.decode`, which decodes whole batches in TensorFlow, but blurs only the
cells about each peak.
"""

from typing import Tuple

import numpy as np

BLUR_SIGMA = 1.0  # cells, the default of heatmaps.decode
_RADIUS = int(3 * BLUR_SIGMA + 0.5)


def _blur() -> np.ndarray:
  """Returns [3, 2r + 3]: along an axis, blurs the cells about a peak into the middle three."""
  taps = np.exp(-(np.arange(-_RADIUS, _RADIUS + 1) ** 2) / (2 * BLUR_SIGMA**2))
  taps /= taps.sum()
  rows = [np.pad(taps, (place, 2 - place)) for place in range(3)]
  return np.array(rows, np.float32)


_BLUR = _blur()


def decode(heatmaps: np.ndarray, stride: int) -> Tuple[np.ndarray, np.ndarray]:
  """Reads joint positions from the heatmaps of a frame.

  Args:
    heatmaps: [h, w, K] float32.
    stride: crop pixels per cell.
  Returns:
    keypoints [K, 2] float32, (x, y) in crop pixels, and scores [K], the highest values of the
    heatmaps.
  """
  height, width, joints = heatmaps.shape
  flat = heatmaps.reshape(-1, joints)
  highest, joint = flat.argmax(axis=0), np.arange(joints)
  row, column = np.divmod(highest, width)
  around = _RADIUS + 1
  padded = np.zeros((height + 2 * around, width + 2 * around, joints), np.float32)
  padded[around:-around, around:-around] = heatmaps
  steps = np.arange(2 * around + 1)
  rows = np.clip(row, 1, height - 2)[:, None, None] + steps[:, None]
  columns = np.clip(column, 1, width - 2)[:, None, None] + steps
  patch = padded[rows, columns, joint[:, None, None]]  # [K, 2r + 3, 2r + 3]
  logarithm = np.log(np.maximum(_BLUR @ patch @ _BLUR.T, 1e-10))
  inside = (row > 0) & (row < height - 1) & (column > 0) & (column < width - 1)
  cells = np.stack([column, row], axis=-1) + inside[:, None] * _newton_step(logarithm)
  return (cells * stride + (stride - 1) / 2).astype(np.float32), flat[highest, joint]


def _newton_step(patch: np.ndarray) -> np.ndarray:
  """Returns steps [K, 2] (x, y), Eq. 8 of DARK, from logarithms [K, 3, 3] about the peaks."""
  dx = (patch[:, 1, 2] - patch[:, 1, 0]) / 2
  dy = (patch[:, 2, 1] - patch[:, 0, 1]) / 2
  dxx = patch[:, 1, 2] - 2 * patch[:, 1, 1] + patch[:, 1, 0]
  dyy = patch[:, 2, 1] - 2 * patch[:, 1, 1] + patch[:, 0, 1]
  dxy = (patch[:, 2, 2] - patch[:, 2, 0] - patch[:, 0, 2] + patch[:, 0, 0]) / 4
  determinant = dxx * dyy - dxy * dxy
  concave = (determinant > 1e-9) & (dxx < 0)
  step = np.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], axis=-1)
  step /= np.where(concave, determinant, 1)[:, None]
  return np.where(concave[:, None], np.clip(step, -1, 1), 0)
