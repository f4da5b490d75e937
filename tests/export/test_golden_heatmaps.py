"""Tests of the golden heatmaps against SciPy, TensorFlow's decoder, and the equations."""

import numpy as np
import pytest
from scipy import ndimage

from ppn_tf.keypoints import heatmaps
from tests.export.golden_files import read_cases

MOVED, STARTS, DECODED, PLACES = (
  read_cases(rule) for rule in ("moved_heatmaps", "start_heatmaps", "decoding", "present_places")
)


def names(cases):
  return [case["name"] for case in cases]


def decode(maps, stride):
  keypoints, scores = heatmaps.decode(maps[None], stride)
  return keypoints[0].numpy().astype(float), scores[0].numpy()


@pytest.mark.parametrize("case", DECODED, ids=names(DECODED))
def test_decoding_equals_tensorflow(case):
  keypoints, scores = decode(case["heatmaps"], case["stride"])
  np.testing.assert_allclose(case["keypoints"], keypoints, atol=2e-3)
  np.testing.assert_allclose(case["scores"], scores, atol=1e-6)


def center(affine, size, stride):
  """Returns the center of a crop [h, w] of cells in frame pixels."""
  middle = np.array([size[1] * stride - 1, size[0] * stride - 1]) / 2
  return (middle - affine[:, 2]) / affine[0, 0]


@pytest.mark.parametrize("case", MOVED, ids=names(MOVED))
def test_heatmaps_move_at_the_mean_speed_of_the_crop(case):
  maps, stride = case["maps"], case["stride"]
  size = maps.shape[:2]
  rows, columns = np.mgrid[: size[0], : size[1]]
  last, speed = np.array(case["affine"], np.float64), None
  for step, moved in zip(case["steps"], case["moved"]):
    affine, period = np.array(step["affine"], np.float64), step["period"]
    newest = (center(affine, size, stride) - center(last, size, stride)) / period
    share = period / (period + 0.05)
    speed = newest if speed is None else speed + share * (newest - speed)
    # From cells of this crop to frame pixels, back in time, to cells of the last crop.
    pixels = np.stack([columns, rows], axis=-1) * stride + (stride - 1) / 2
    places = (pixels - affine[:, 2]) / affine[0, 0] - period * speed
    cells = (places * last[0, 0] + last[:, 2] - (stride - 1) / 2) / stride
    expected = [
      ndimage.map_coordinates(
        channel.astype(float), [cells[..., 1], cells[..., 0]], order=1, mode="grid-constant"
      )
      for channel in np.moveaxis(maps, -1, 0)
    ]
    np.testing.assert_allclose(moved, np.stack(expected, axis=-1), atol=2e-4)
    maps, last = step["maps"], affine


@pytest.mark.parametrize("case", STARTS, ids=names(STARTS))
def test_start_heatmaps_keep_their_places_in_the_frame(case):
  maps, stride = case["maps"], case["stride"]
  old, new = (np.array(case[key], np.float64) for key in ("start_affine", "affine"))
  rows, columns = np.mgrid[: maps.shape[0], : maps.shape[1]]
  pixels = np.stack([columns, rows], axis=-1) * stride + (stride - 1) / 2
  places = (pixels - new[:, 2]) / new[0, 0] * old[0, 0] + old[:, 2]
  cells = (places - (case["start_stride"] - 1) / 2) / case["start_stride"]
  expected = [
    ndimage.map_coordinates(
      channel.astype(float), [cells[..., 1], cells[..., 0]], order=1, mode="grid-constant"
    )
    for channel in np.moveaxis(maps, -1, 0)
  ]
  np.testing.assert_allclose(case["moved"], np.stack(expected, axis=-1), atol=2e-4)


def window(place, size, stride):
  """Returns the weights [h, w] of the cells about a place in crop pixels."""
  weights = np.empty(size)
  x, y = (place - (stride - 1) / 2) / stride
  for row in range(size[0]):
    for column in range(size[1]):
      weight = 1.0
      for distance in (abs(row - y), abs(column - x)):
        weight *= min(max(2 - distance / 2, 0), 1)
      weights[row, column] = weight
  return weights


@pytest.mark.parametrize("case", PLACES, ids=names(PLACES))
def test_present_places_follow_their_equations(case):
  stride, places = case["stride"], None
  for frame, keypoints, scores in zip(case["frames"], case["keypoints"], case["scores"]):
    final, affine = frame["final"], np.array(frame["affine"], np.float64)
    peaks, heights = decode(final, stride)
    np.testing.assert_allclose(scores, heights, atol=1e-6)
    windows = np.stack([window(peak, final.shape[:2], stride) for peak in peaks], axis=-1)
    near, near_heights = decode((frame["preliminary"] * windows).astype(np.float32), stride)
    trust = np.minimum(1, np.maximum(0, near_heights) / 0.2)[:, None]
    current = (peaks + trust * (near - peaks) - affine[:, 2]) / affine[0, 0]
    places = current if places is None else places
    moved = np.hypot(*(current - places).T)[:, None] * affine[0, 0] / stride
    resting = frame["period"] / (frame["period"] + 0.05)
    places = places + (resting + (1 - resting) * np.minimum(1, moved / 1.5)) * (current - places)
    np.testing.assert_allclose(keypoints, places, atol=5e-3)


def test_present_places_have_every_kind_of_joint():
  shares = {case["name"]: case for case in PLACES}
  still = np.array(shares["final peaks lag"]["keypoints"])
  assert np.abs(np.diff(still, axis=0)).max() > 3
  assert max(f["preliminary"].max() for f in shares["low preliminary peaks"]["frames"]) < 0.2
  assert max(f["preliminary"].max() for f in shares["no preliminary peaks"]["frames"]) == 0
