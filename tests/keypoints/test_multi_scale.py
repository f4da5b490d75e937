"""Tests of heatmaps of several crops against enlargement by OpenCV and drawn joints."""

import cv2
import numpy as np
import pytest

from ppn_tf.keypoints import crops, heatmaps, multi_scale

STRIDE, CELLS, JOINTS = 4, 16, 3
RNG = np.random.default_rng(3)


def make_affines(centers, sides):
  """Returns affines [N, T, 2, 3] to crops of 64 x 64 pixels."""
  return np.stack(
    [
      crops.crop_affine(np.float32(centers), np.full(len(centers), side, np.float32), (64, 64))
      for side in sides
    ]
  )


def enlarge(maps, corner, size, frame_size):
  """Returns [H, W, K], a crop's heatmaps enlarged to `size` pixels at `corner` of a frame."""
  big = cv2.resize(maps, (size, size), interpolation=cv2.INTER_LINEAR)
  wide = np.zeros((frame_size[0] + 400, frame_size[1] + 400, maps.shape[-1]), np.float32)
  y, x = corner[1] + 200, corner[0] + 200
  wide[y : y + size, x : x + size] = big
  return wide[200:-200, 200:-200]


@pytest.mark.parametrize(
  ("frame_size", "center"),
  [((64, 64), (31.5, 31.5)), ((120, 200), (90.5, 40.5)), ((90, 70), (4.5, 80.5))],
)
def test_peaks_equal_the_enlarged_sum(frame_size, center):
  sides = (64, 128, 96)  # in frame pixels; the corners below are whole pixels
  maps = RNG.normal(size=(3, 2, CELLS, CELLS, JOINTS)).astype(np.float32)
  keypoints, scores = multi_scale.peaks_in_frame(
    maps, make_affines([center] * 2, sides), STRIDE, np.array(frame_size)
  )
  for t in range(2):
    total = sum(
      enlarge(maps[n, t], [int(round(c + 0.5 - side / 2)) for c in center], side, frame_size)
      for n, side in enumerate(sides)
    )
    for k in range(JOINTS):
      y, x = np.unravel_index(total[..., k].argmax(), frame_size)
      np.testing.assert_array_equal(keypoints[t, k], [x, y])
      np.testing.assert_allclose(scores[t, k], total[..., k].max() / 3, rtol=1e-4)


def test_crop_outside_the_frame_gives_positions_inside():
  maps = RNG.random((1, 1, CELLS, CELLS, JOINTS)).astype(np.float32)
  keypoints, _ = multi_scale.peaks_in_frame(
    maps, make_affines([(-500.0, 900.0)], [64]), STRIDE, np.array([90, 70])
  )
  assert ((keypoints >= 0) & (keypoints <= [69, 89])).numpy().all()


@pytest.mark.parametrize(("decoder", "tolerance"), [("frame", 3.2), ("dark", 0.4), ("argmax", 5.5)])
def test_drawn_joints_are_found(decoder, tolerance):
  centers = np.array([[150.2, 140.7], [163.9, 133.3]])
  affines = make_affines(centers, (160, 128, 100))
  points = (centers[:, None] + RNG.uniform(-35, 35, (2, JOINTS, 2))).astype(np.float32)
  maps = np.stack(
    [
      heatmaps.encode(crops.transform_points(affine, points), (CELLS, CELLS), STRIDE)
      for affine in affines
    ]
  )
  keypoints, scores = multi_scale.read(maps, affines, STRIDE, np.array([400, 400]), decoder)
  # A cell is 10 pixels wide in the first crop and 6.25 in the last. The error is half a cell or
  # far less, but a blurred neighbour may be slightly higher.
  assert np.abs(keypoints - points).max() <= tolerance
  assert (np.abs(scores - 1) < 0.15).all()


def test_unknown_decoder():
  maps = np.zeros((1, 1, CELLS, CELLS, JOINTS), np.float32)
  with pytest.raises(ValueError, match="Received: 'best'"):
    multi_scale.read(maps, make_affines([(0, 0)], [64]), STRIDE, np.array([9, 9]), "best")
