"""Tests of the loss against Eq. 1 in NumPy."""

import numpy as np
import pytest

from ppn_tf.keypoints import losses


def test_mean_squared_error_counts_only_weighted_joints():
  # Two clips, a map of 1 x 2 cells, two joints.
  predicted = np.zeros((2, 1, 2, 2), np.float32)
  target = np.zeros((2, 1, 2, 2), np.float32)
  target[0, 0, 0, 0], target[0, 0, 1, 0] = 1, 3  # joint 0 of clip 0: mean (1 + 9) / 2 = 5
  target[0, 0, 0, 1] = 100  # joint 1 of clip 0 does not count
  target[1, 0, 0, 1] = 2  # joint 1 of clip 1: mean 4 / 2 = 2; joint 0 there: 0
  weights = np.array([[1, 0], [1, 1]], np.float32)
  assert float(losses.heatmap_mse(predicted, target, weights)) == pytest.approx((5 + 0 + 2) / 3)


def test_zero_weights_give_zero_loss():
  maps = np.ones((1, 2, 2, 3), np.float32)
  assert float(losses.heatmap_mse(maps, 0 * maps, np.zeros((1, 3), np.float32))) == 0.0


def random_batch():
  rng = np.random.default_rng(0)
  initial = rng.normal(size=(2, 4, 5, 3)).astype(np.float32)
  final, targets = rng.normal(size=(2, 2, 6, 4, 5, 3)).astype(np.float32)
  weights = (rng.random((2, 6, 3)) < 0.7).astype(np.float32)
  return initial, final, targets, weights


def mse(predicted, target, weights):
  return (((predicted - target) ** 2).mean(axis=(1, 2)) * weights).sum() / weights.sum()


def test_equation_1_has_an_initial_term_and_a_term_per_frame():
  initial, final, targets, weights = random_batch()
  loss_first, loss_final = losses.clip_loss(initial, final, targets, weights)
  assert float(loss_first) == pytest.approx(mse(initial, targets[:, 0], weights[:, 0]), rel=1e-5)
  terms = [mse(final[:, t], targets[:, t], weights[:, t]) for t in range(6)]
  assert float(loss_final) == pytest.approx(sum(terms), rel=1e-5)


def test_without_initial_heatmaps_there_is_no_initial_term():
  _, final, targets, weights = random_batch()
  loss_first, loss_final = losses.clip_loss(None, final, targets, weights)
  assert float(loss_first) == 0.0 and float(loss_final) > 0.0
