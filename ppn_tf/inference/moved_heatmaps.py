"""Heatmaps of the previous frame, moved into the crop of the current one."""

from typing import Optional

import numpy as np

from ppn_tf.inference.frame_times import PERIOD, newest_share
from ppn_tf.keypoints import frame_crops

_LAG = 0.05  # seconds by which the mean speed of a crop lags behind its speed


class MovedHeatmaps:
  """Heatmaps that move with a crop at its mean speed, without its jitter.

  A crop about the box of a person grows and jumps whenever a limb is stretched out, so a person
  who stands still moves in its cells. Heatmaps fixed in the frame would instead lag behind a
  person who walks. Heatmaps therefore move as if the crop had moved evenly. With c_t the center
  of the crop in frame pixels and T the seconds since frame t - 1,

    v_t = v_(t-1) + T / (T + 0.05) ((c_t - c_(t-1)) / T - v_(t-1)),  v_1 = (c_1 - c_0) / T

  a value at p moves to p + v_t T, scaled as the crop is. At 30 frames per second, the weight of
  the newest step is 0.4.

  Attributes:
    maps: [h, w, K] float32, heatmaps of the last crop.
  """

  def __init__(self, maps: np.ndarray, affine: np.ndarray, stride: int):
    """Starts a clip.

    Args:
      maps: heatmaps [h, w, K] of the first crop.
      affine: [2, 3], from frame to crop pixels; crops are upright.
      stride: S, crop pixels per cell.
    """
    self.maps = maps
    self._affine = affine
    self._stride = stride
    self._speed: Optional[np.ndarray] = None

  def move_to(self, affine: np.ndarray, period: float = PERIOD) -> np.ndarray:
    """Returns the heatmaps [h, w, K] in the cells of the next crop; 0 outside the last crop.

    Args:
      affine: [2, 3] of the next crop, from frame to crop pixels.
      period: seconds from the last crop to the next.
    """
    step = self._mean_speed(affine, period) * period
    old, new = (_to_cells(crop, self._stride) for crop in (self._affine, affine))
    return _resample(self.maps, old, new, step)

  def replace(self, maps: np.ndarray, affine: np.ndarray, period: float = PERIOD) -> None:
    """Replaces the heatmaps by those [h, w, K] of the next crop; see `move_to`."""
    self._speed = self._mean_speed(affine, period)
    self.maps, self._affine = maps, affine

  def _mean_speed(self, affine: np.ndarray, period: float) -> np.ndarray:
    """Returns the mean speed [2] (x, y) up to the next crop, in frame pixels per second."""
    speed = (self._center(affine) - self._center(self._affine)) / period
    if self._speed is None:
      return speed
    return self._speed + newest_share(period, _LAG) * (speed - self._speed)

  def _center(self, affine: np.ndarray) -> np.ndarray:
    height, width, _ = self.maps.shape
    middle = (np.array([[width, height]]) * self._stride - 1) / 2
    return frame_crops.to_frame(affine, middle)[0]


def change_crop(
  maps: np.ndarray, affine: np.ndarray, stride: int, new_affine: np.ndarray, new_stride: int
) -> np.ndarray:
  """Returns heatmaps [h, w, K] in the cells of another crop of the same frame; 0 outside theirs.

  Args:
    maps: [h, w, K] float32.
    affine: [2, 3] of their crop, from frame to crop pixels.
    stride: crop pixels per cell.
    new_affine: [2, 3] of the other crop.
    new_stride: its pixels per cell.
  """
  return _resample(maps, _to_cells(affine, stride), _to_cells(new_affine, new_stride), np.zeros(2))


def _resample(maps: np.ndarray, old: np.ndarray, new: np.ndarray, step: np.ndarray) -> np.ndarray:
  """Returns heatmaps in other cells: from old ones to frame pixels, by `step`, to new ones."""
  zoom = new[0, 0] / old[0, 0]
  shift = new[:, 2] + new[0, 0] * step - zoom * old[:, 2]
  moved = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
  return frame_crops.crop_frame(maps, moved, (maps.shape[0], maps.shape[1]))


def _to_cells(affine: np.ndarray, stride: int) -> np.ndarray:
  """Returns [2, 3] from frame pixels to cells, whose centers are at S * cell + (S - 1) / 2."""
  offset = np.array([[0.0, 0.0, (stride - 1) / 2]])
  return (np.asarray(affine, np.float64) - offset) / stride
