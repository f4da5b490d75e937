"""Tests of crops: affines computed by hand, and pixels that move like points."""

import numpy as np
import pytest

from ppn_tf.keypoints import crops

import tensorflow as tf


def test_box_to_crop():
  boxes = np.array([[10.0, 20.0, 50.0, 100.0], [0.0, 0.0, 20.0, 8.0], [7.0, 7.0, 7.0, 7.0]])
  center, side = crops.box_to_crop(boxes)
  np.testing.assert_allclose(center, [[30, 60], [10, 4], [7, 7]])
  np.testing.assert_allclose(side, [100, 25, 1])
  np.testing.assert_allclose(crops.box_to_crop(boxes[:1], margin=1.0)[1], [80])


@pytest.mark.parametrize(
  ("rotation", "flip", "expected"),
  [
    # The center of a 50-pixel crop is 24.5, and 100 frame pixels become 50.
    (0.0, False, [[24.5, 24.5], [34.5, 24.5], [24.5, 19.5]]),
    # A quarter turn clockwise: right becomes below, and above becomes right.
    (np.pi / 2, False, [[24.5, 24.5], [24.5, 34.5], [29.5, 24.5]]),
    (0.0, True, [[24.5, 24.5], [14.5, 24.5], [24.5, 19.5]]),
    # The crop is mirrored after the turn.
    (np.pi / 2, True, [[24.5, 24.5], [24.5, 34.5], [19.5, 24.5]]),
  ],
)
def test_affine_by_hand(rotation, flip, expected):
  affine = crops.crop_affine([30.0, 60.0], 100.0, (50, 50), rotation, flip)
  points = [[30.0, 60.0], [50.0, 60.0], [30.0, 50.0]]
  np.testing.assert_allclose(crops.transform_points(affine, points), expected, atol=1e-4)


def test_side_is_the_extent_of_the_shorter_side_of_a_crop():
  affine = crops.crop_affine([30.0, 60.0], 64.0, (32, 48))
  np.testing.assert_allclose(
    crops.transform_points(affine, [[30.0, 60.0], [32.0, 62.0]]), [[23.5, 15.5], [24.5, 16.5]]
  )


def test_affine_round_trip():
  rng = np.random.default_rng(0)
  center, side = rng.uniform(0, 640, (200, 2)), rng.uniform(20, 800, 200)
  affine = crops.crop_affine(
    center, side, (256, 192), rng.uniform(-np.pi, np.pi, 200), rng.random(200) < 0.5
  )
  inverse = crops.invert_affine(affine)
  points = rng.uniform(0, 640, (200, 13, 2))
  # Uses points near the crop; points 40 crops away are irrelevant.
  points = center[:, None] + (points - 320) / 640 * 1.5 * side[:, None, None]
  mapped = crops.transform_points(affine, points)
  np.testing.assert_allclose(crops.transform_points(inverse, mapped), points, atol=1e-3)
  inside = rng.uniform(0, 255, (200, 13, 2))
  back = crops.transform_points(inverse, inside)
  np.testing.assert_allclose(crops.transform_points(affine, back), inside, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(("rotation", "flip"), [(0.0, False), (0.7, False), (-2.1, True)])
def test_pixels_move_like_points(rotation, flip, dtype):
  spot = np.array([70.3, 41.6])
  x, y = np.meshgrid(np.arange(160), np.arange(120))
  blob = 255 * np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * 4.0**2))
  frame = np.repeat(np.round(blob)[..., None], 3, axis=-1).astype(dtype)
  affine = crops.crop_affine([62.0, 50.0], 70.0, (96, 96), rotation, flip)
  crop = crops.crop_frames(frame[None], affine[None], (96, 96))
  assert crop.shape == (1, 96, 96, 3) and crop.dtype == tf.float32
  mass = crop.numpy()[0, ..., 0].astype(np.float64)
  y, x = np.mgrid[:96, :96]
  centroid = np.array([(mass * x).sum(), (mass * y).sum()]) / mass.sum()
  expected = crops.transform_points(affine, spot[None])[0]
  np.testing.assert_allclose(centroid, expected, atol=0.02)


def test_brightness_is_preserved():
  frame = np.random.default_rng(0).integers(0, 256, (1, 90, 90, 3)).astype(np.uint8)
  affine = crops.crop_affine([[45.0, 45.0]], [60.0], (64, 64), [0.4])
  crop = crops.crop_frames(frame, affine, (64, 64))
  assert float(tf.reduce_mean(crop)) == pytest.approx(frame.mean(), abs=1.0)
  np.testing.assert_allclose(
    crop, crops.crop_frames(frame.astype(np.float32), affine, (64, 64)), atol=1e-3
  )


def test_black_outside_the_frame():
  white = np.full((1, 20, 30, 3), 255, np.uint8)
  # One crop pixel per frame pixel; frame pixel (0, 0) becomes (20, 20).
  affine = crops.crop_affine([[11.5, 11.5]], [64.0], (64, 64))
  crop = crops.crop_frames(white, affine, (64, 64)).numpy()[0, ..., 0]
  expected = np.zeros((64, 64))
  expected[20:40, 20:50] = 255
  np.testing.assert_allclose(crop, expected)


def test_remap_applies_the_exact_affine():
  cells_y, cells_x = np.mgrid[:32, :40]

  def gaussian(x, y, sigma):  # in crop pixels
    square = (4 * cells_x + 1.5 - x) ** 2 + (4 * cells_y + 1.5 - y) ** 2
    return np.exp(-square / (2 * sigma**2)).astype(np.float32)

  old = np.array([[0.5, 0, 10], [0, 0.5, -20]], np.float32)
  new = np.array([[0.6, 0, -5], [0, 0.6, -30]], np.float32)
  point = np.array([110.0, 140.0])  # in the frame
  maps = gaussian(*(0.5 * point + (10, -20)), sigma=20)[..., None]
  moved = crops.remap_heatmaps(np.float32(maps)[None], old[None], new[None], stride=4)[0].numpy()
  expected = gaussian(*(0.6 * point + (-5, -30)), sigma=24)
  np.testing.assert_allclose(moved[2:-2, 2:-2, 0], expected[2:-2, 2:-2], atol=0.01)
