"""Tests of ppn_tf.tracking.boxes: the places of a search, for frames of every shape."""

import numpy as np
import pytest

from ppn_tf.tracking import boxes

MARGIN = 1.25
PARTS = (1.0, 0.75, 0.5)


def blank(height, width):
  """Returns a frame [H, W, 3] that takes one byte of memory."""
  return np.broadcast_to(np.uint8(0), (height, width, 3))


def sides_and_centers(frame):
  """Returns the sides [N] of the crops of a search, and their centers [N, 2] as (x, y)."""
  found = np.stack(boxes.search_boxes(frame, MARGIN, PARTS))
  return MARGIN * (found[:, 2:] - found[:, :2]).max(axis=1), (found[:, :2] + found[:, 2:]) / 2


@pytest.mark.parametrize(
  "size", [(540, 960), (300, 480), (1080, 1920), (720, 720), (1280, 720), (1080, 2560)]
)
def test_usual_frames_are_covered_by_squares_that_overlap_by_half(size):
  frame = blank(*size)
  sides, centers = sides_and_centers(frame)
  assert sides[0] == pytest.approx(max(size))
  for part in PARTS:
    side = part * min(size)
    places = centers[1:][np.isclose(sides[1:], side)]
    for axis, length in ((0, size[1]), (1, size[0])):
      places_along = np.unique(places[:, axis])
      assert places_along[0] == pytest.approx(side / 2)
      assert places_along[-1] == pytest.approx(length - side / 2)
      assert np.diff(places_along).max(initial=0) <= side / 2 + 1e-3


def test_number_of_looks_worked_out_by_hand():
  """Counts 1 + 1 x 3 + 2 x 4 + 3 x 7 looks in a frame of 16:9, without the last in two sizes."""
  assert len(boxes.search_boxes(blank(1080, 1920), MARGIN, PARTS)) == 33
  assert len(boxes.search_boxes(blank(1080, 1920), MARGIN)) == 12
  assert len(boxes.search_boxes(blank(1080, 2560), MARGIN, PARTS)) == 1 + 1 * 4 + 2 * 6 + 3 * 9


@pytest.mark.parametrize("size", [(64, 9312), (100, 16384), (9312, 64), (400, 4000), (30, 65535)])
def test_looks_at_a_strip_are_few_and_spread_evenly(size):
  frame = blank(*size)
  sides, centers = sides_and_centers(frame)
  assert 20 < len(sides) <= boxes.MAX_LOOKS
  longer = int(size[0] > size[1])
  for part in PARTS:
    side = part * min(size)
    if side < boxes.MIN_SIDE:
      continue
    places = np.unique(centers[1:][np.isclose(sides[1:], side, rtol=1e-3), longer])
    assert places[0] == pytest.approx(side / 2, rel=1e-3)
    assert places[-1] == pytest.approx(max(size) - side / 2, rel=1e-3)
    np.testing.assert_allclose(np.diff(places), np.diff(places).mean(), rtol=1e-2)


@pytest.mark.parametrize("size", [(2, 16384), (16384, 2), (1, 1), (15, 15), (9, 100000)])
def test_slivers_get_a_single_look(size):
  (box,) = boxes.search_boxes(blank(*size), MARGIN, PARTS)
  np.testing.assert_allclose(box[2:] - box[:2], np.array(size[::-1]) / MARGIN, rtol=1e-3)
