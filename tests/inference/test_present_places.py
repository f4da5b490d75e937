"""Tests of ppn_tf.inference.present_places with single-cell peaks, which DARK reads exactly."""

import numpy as np
import pytest

from ppn_tf.inference.present_places import PresentPlaces

STRIDE = 4
IDENTITY = np.eye(2, 3, dtype=np.float32)


def maps(**heights):
  """Returns [24, 40, 1] with peaks in row 12; maps(c10=1.0) has height 1 in column 10."""
  heatmaps = np.zeros((24, 40, 1), np.float32)
  for name, height in heights.items():
    heatmaps[12, int(name[1:])] = height
  return heatmaps


def pixels(column, row=12):
  """Returns the position of the center of a cell: 4 c + 1.5."""
  return [4 * column + 1.5, 4 * row + 1.5]


@pytest.mark.parametrize(
  ("preliminary", "column"),
  [
    ({"c12": 0.5}, 12),  # full weight at two cells
    ({"c12": 0.5, "c30": 0.9}, 12),  # no weight for a joint of another person, however high
    ({"c8": 0.5, "c13": 0.9}, 8),  # half the weight at three cells
    ({"c12": 0.1}, 11),  # half the height of a confident peak moves half the way
    ({"c14": 0.9}, 10),  # no weight at four cells
    ({}, 10),
  ],
)
def test_preliminary_peak_near_the_final_peak_is_read(preliminary, column):
  keypoints, scores = PresentPlaces().read(maps(c10=0.8), maps(**preliminary), IDENTITY, STRIDE)
  np.testing.assert_allclose(keypoints, [pixels(column)], atol=0.05)
  np.testing.assert_allclose(scores, [0.8])


def test_running_mean_is_in_frame_pixels():
  """Moves a crop by 40 pixels to the right, and later a joint by 4 pixels."""
  places = PresentPlaces()
  columns = []
  for left, column in [(0, 20), (40, 10), (40, 11), (40, 11)]:
    affine = np.float32([[1, 0, -left], [0, 1, 0]])
    heatmaps = maps(**{f"c{column}": 1.0})
    keypoints, _ = places.read(heatmaps, heatmaps, affine, STRIDE)
    columns.append(keypoints[0, 0])
  # 0.4 + 0.6 / 1.5 of one cell, then 0.4 + 0.6 * 0.2 / 1.5 of the remaining 0.2 cells.
  np.testing.assert_allclose(columns, [81.5, 81.5, 81.5 + 3.2, 81.5 + 3.2 + 0.48 * 0.8], atol=0.05)


def test_moves_of_two_cells_are_not_averaged():
  for size in (0.5, 2.0):
    places, frames = PresentPlaces(), [maps(c10=1.0), maps(c12=1.0)]
    affine = np.float32([[size, 0, 0], [0, size, 0]])
    for frame in frames:
      keypoints, _ = places.read(frame, frame, affine, STRIDE)
    np.testing.assert_allclose(keypoints, [np.divide(pixels(12), size)], atol=0.1)


def test_joints_are_read_separately():
  final, preliminary = np.zeros((2, 24, 40, 2), np.float32)
  final[5, 30, 0] = final[20, 3, 1] = 1.0
  preliminary[6, 29, 0] = preliminary[18, 4, 1] = 1.0
  keypoints, _ = PresentPlaces().read(final, preliminary, IDENTITY, STRIDE)
  np.testing.assert_allclose(keypoints, [pixels(29, 6), pixels(4, 18)], atol=0.05)
