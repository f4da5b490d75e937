"""Tests of DARK in NumPy against ppn_tf.keypoints.heatmaps in TensorFlow."""

import numpy as np
import pytest

from ppn_tf.keypoints import dark, heatmaps

import tensorflow as tf


def draw_heatmaps(seed, size=(48, 40), joints=13, noise=0.02):
  """Returns noisy heatmaps of joints inside and outside the crop."""
  generator = np.random.default_rng(seed)
  places = generator.uniform(-12, 4 * max(size) + 12, (joints, 2))
  maps = heatmaps.encode(tf.constant(places, tf.float32), size, 4).numpy()
  return maps + generator.normal(0, noise, maps.shape).astype(np.float32)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_equals_tensorflow(seed, noise):
  maps = draw_heatmaps(seed, noise=noise)
  keypoints, scores = heatmaps.decode(tf.constant(maps), 4, "dark")
  points, point_scores = dark.decode(maps, 4)
  np.testing.assert_allclose(points, keypoints.numpy(), atol=1e-3)
  np.testing.assert_array_equal(point_scores, scores.numpy())
  assert points.dtype == np.float32


@pytest.mark.parametrize("level", [0.0, 0.5, -1.0])
def test_flat_map(level):
  maps = np.full((12, 10, 3), level, np.float32)
  keypoints, scores = heatmaps.decode(tf.constant(maps), 8, "dark")
  points, point_scores = dark.decode(maps, 8)
  np.testing.assert_allclose(points, keypoints.numpy())
  np.testing.assert_array_equal(point_scores, scores.numpy())


def test_gaussian_is_read_exactly():
  places = np.array([[40.3, 61.2], [77.7, 30.4]])
  maps = heatmaps.encode(tf.constant(places, tf.float32), (32, 32), 4).numpy()
  np.testing.assert_allclose(dark.decode(maps, 4)[0], places, atol=0.02)
