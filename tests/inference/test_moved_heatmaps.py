"""Tests of ppn_tf.inference.moved_heatmaps against positions computed by hand."""

import numpy as np
import pytest

from ppn_tf.inference.moved_heatmaps import MovedHeatmaps

STRIDE = 4
ROWS, COLUMNS = np.mgrid[:32, :40]


def gaussian(x, y, sigma):
  """Returns heatmaps [32, 40, 1] with a peak at (x, y) in crop pixels."""
  square = (STRIDE * COLUMNS + 1.5 - x) ** 2 + (STRIDE * ROWS + 1.5 - y) ** 2
  return np.exp(-square / (2 * sigma**2)).astype(np.float32)[..., None]


def crop(zoom, center):
  """Returns the affine of a 160 x 128 crop around a center in frame pixels."""
  return np.array(
    [[zoom, 0, 79.5 - zoom * center[0]], [0, zoom, 63.5 - zoom * center[1]]], np.float32
  )


def inner(maps):
  return maps[3:-3, 3:-3]


def test_same_crop_keeps_heatmaps():
  maps = gaussian(70, 50, sigma=14)
  affine = crop(0.5, (200, 150))
  np.testing.assert_allclose(MovedHeatmaps(maps, affine, STRIDE).move_to(affine), maps, atol=1e-6)


def test_evenly_moving_crop_keeps_heatmaps_in_its_cells():
  maps = gaussian(70, 50, sigma=14)
  moved = MovedHeatmaps(maps, crop(0.5, (200, 150)), STRIDE)
  for t in range(1, 5):
    affine = crop(0.5, (200 + 7 * t, 150 - 3 * t))
    np.testing.assert_allclose(inner(moved.move_to(affine)), inner(maps), atol=1e-5)
    moved.replace(maps, affine)


def test_growing_crop_shrinks_heatmaps():
  # 20 crop pixels to the right of the center are 40 frame pixels, and 16 pixels of a 0.4 crop.
  moved = MovedHeatmaps(gaussian(99.5, 53.5, sigma=20), crop(0.5, (200, 150)), STRIDE)
  expected = gaussian(79.5 + 16, 63.5 - 8, sigma=16)
  np.testing.assert_allclose(
    inner(moved.move_to(crop(0.4, (230, 170)))), inner(expected), atol=0.02
  )


def test_heatmaps_follow_a_jump_by_two_fifths():
  maps = gaussian(79.5, 63.5, sigma=14)
  still, away = crop(0.5, (200, 150)), crop(0.5, (240, 130))
  moved = MovedHeatmaps(maps, still, STRIDE)
  moved.replace(maps, still)
  # The crop moved by (40, -20) and the heatmaps by (16, -8), so that they lag by (24, -12) frame
  # pixels, which is half as many crop pixels.
  first = moved.move_to(away)
  np.testing.assert_allclose(inner(first), inner(gaussian(67.5, 69.5, sigma=14)), atol=0.02)
  moved.replace(first, away)
  # At rest, the mean speed (16, -8) falls to three fifths. The heatmaps catch up by (9.6, -4.8).
  second = moved.move_to(away)
  expected = gaussian(67.5 + 4.8, 69.5 - 2.4, sigma=14)
  np.testing.assert_allclose(inner(second), inner(expected), atol=0.03)


def test_move_to_keeps_the_state():
  maps = gaussian(79.5, 63.5, sigma=14)
  moved = MovedHeatmaps(maps, crop(0.5, (200, 150)), STRIDE)
  first = moved.move_to(crop(0.4, (220, 150)))
  np.testing.assert_array_equal(moved.move_to(crop(0.4, (220, 150))), first)
  assert moved.maps is maps


@pytest.mark.parametrize("place", [(-400, 150), (900, 150), (200, 1500)])
def test_heatmaps_are_zero_outside_the_last_crop(place):
  still = crop(0.5, (200, 150))
  moved = MovedHeatmaps(np.ones((32, 40, 1), np.float32), still, STRIDE)
  moved.replace(moved.maps, still)
  assert not moved.move_to(crop(0.5, place)).any()
