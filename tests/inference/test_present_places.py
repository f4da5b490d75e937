"""Places by the present frame; cells are single ones, so that DARK reads them as they are."""

import numpy as np
import pytest

from ppn_tf.inference.present_places import PresentPlaces

STRIDE = 4
IDENTITY = np.eye(2, 3, dtype=np.float32)


def maps(**heights):
  """[24, 40, 1], zero but for heights by column in row 12: maps(c10=1.0)."""
  found = np.zeros((24, 40, 1), np.float32)
  for name, height in heights.items():
    found[12, int(name[1:])] = height
  return found


def pixels(column, row=12):
  """Of a cell's centre: 4 c + 1.5."""
  return [4 * column + 1.5, 4 * row + 1.5]


@pytest.mark.parametrize(
  ("preliminary", "column"),
  [
    ({"c12": 0.5}, 12),  # two cells on count in full
    ({"c12": 0.5, "c30": 0.9}, 12),  # somebody else's joint does not, however high
    ({"c8": 0.5, "c13": 0.9}, 8),  # three cells on count by half
    ({"c12": 0.1}, 11),  # half of the height of a sure peak: half of the way
    ({"c14": 0.9}, 10),  # four cells on is nothing
    ({}, 10),
  ],
)
def test_of_bodynets_peaks_the_one_near_the_answers(preliminary, column):
  keypoints, scores = PresentPlaces().read(maps(c10=0.8), maps(**preliminary), IDENTITY, STRIDE)
  np.testing.assert_allclose(keypoints, [pixels(column)], atol=0.05)
  np.testing.assert_allclose(scores, [0.8])


def test_places_are_averaged_over_frames_in_the_picture_and_not_in_the_crop():
  """A crop that goes 40 pixels to the right, and a joint that stands and then goes 8 pixels."""
  places = PresentPlaces()
  columns = []
  for left, column in [(0, 20), (40, 10), (40, 12), (40, 12)]:
    affine = np.float32([[1, 0, -left], [0, 1, 0]])
    seen = maps(**{f"c{column}": 1.0})
    keypoints, _ = places.read(seen, seen, affine, STRIDE)
    columns.append(keypoints[0, 0])
  # Two cells away 0.4 + 0.6 * 2 / 3 of the way, then 0.4 + 0.6 * 0.4 / 3 of the 0.4 cells left.
  np.testing.assert_allclose(columns, [81.5, 81.5, 81.5 + 6.4, 81.5 + 6.4 + 0.48 * 1.6], atol=0.05)


def test_what_goes_three_cells_is_there_at_once_in_a_crop_of_any_size():
  for size in (0.5, 2.0):
    places, seen = PresentPlaces(), [maps(c10=1.0), maps(c13=1.0)]
    affine = np.float32([[size, 0, 0], [0, size, 0]])
    for one in seen:
      keypoints, _ = places.read(one, one, affine, STRIDE)
    np.testing.assert_allclose(keypoints, [np.divide(pixels(13), size)], atol=0.1)


def test_joints_and_rows_are_apart():
  answer, preliminary = np.zeros((2, 24, 40, 2), np.float32)
  answer[5, 30, 0] = answer[20, 3, 1] = 1.0
  preliminary[6, 29, 0] = preliminary[18, 4, 1] = 1.0
  keypoints, _ = PresentPlaces().read(answer, preliminary, IDENTITY, STRIDE)
  np.testing.assert_allclose(keypoints, [pixels(29, 6), pixels(4, 18)], atol=0.05)
