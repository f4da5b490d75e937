"""The heatmaps of the frame before, as they lie in the crop of the next frame."""

from typing import Optional

import numpy as np

from ppn_tf.keypoints import frame_crops

# What a crop's newest step counts for in its mean speed.
_NEWEST = 0.4


class MovedHeatmaps:
  """Heatmaps that go along with a crop, at its mean speed and not at its every jerk.

  A crop about a person's box grows and jumps whenever a limb is stretched out, and
  in its cells a person who stands still moves then. Heatmaps that stayed in the
  picture would instead fall behind a person who walks. So they are taken to the
  place where they would lie if the crop had gone on evenly, c_t being its centre in
  frame pixels:

    v_t = v_(t-1) + 0.4 (c_t - c_(t-1) - v_(t-1)),  v_1 = c_1 - c_0

  and what was at p is at p + v_t, enlarged or reduced as the crop is.

  Attributes:
    maps: [h, w, K] float32, as the network gave them.
  """

  def __init__(self, maps: np.ndarray, affine: np.ndarray, stride: int):
    """Begins with a clip.

    Args:
      maps: heatmaps [h, w, K] of its first crop.
      affine: [2, 3], from frame to crop pixels; crops are upright.
      stride: S, crop pixels per cell.
    """
    self.maps = maps
    self._affine = affine
    self._stride = stride
    self._speed: Optional[np.ndarray] = None

  def seen_in(self, affine: np.ndarray) -> np.ndarray:
    """The heatmaps [h, w, K] in the next frame's crop; 0 where the last one did not look."""
    speed = self._mean_speed(affine)
    # From the cells of the crop before to frame pixels, on by `speed`, to cells of this crop.
    old, new = self._cells(self._affine), self._cells(affine)
    zoom = new[0, 0] / old[0, 0]
    shift = new[:, 2] + new[0, 0] * speed - zoom * old[:, 2]
    moved = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    return frame_crops.crop_frame(self.maps, moved, (self.maps.shape[0], self.maps.shape[1]))

  def replace(self, maps: np.ndarray, affine: np.ndarray) -> None:
    """Goes on with the heatmaps of the next frame's crop."""
    self._speed = self._mean_speed(affine)
    self.maps, self._affine = maps, affine

  def _mean_speed(self, affine: np.ndarray) -> np.ndarray:
    """The crop's mean speed [2] (x, y) up to the next crop, in frame pixels per frame."""
    step = self._center(affine) - self._center(self._affine)
    return step if self._speed is None else self._speed + _NEWEST * (step - self._speed)

  def _center(self, affine: np.ndarray) -> np.ndarray:
    height, width, _ = self.maps.shape
    middle = (np.array([[width, height]]) * self._stride - 1) / 2
    return frame_crops.to_frame(affine, middle)[0]

  def _cells(self, affine: np.ndarray) -> np.ndarray:
    """From frame pixels to cells, whose centres lie at pixels S * cell + (S - 1) / 2."""
    offset = np.array([[0.0, 0.0, (self._stride - 1) / 2]])
    return (np.asarray(affine, np.float64) - offset) / self._stride
