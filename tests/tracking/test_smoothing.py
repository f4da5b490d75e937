"""Tests of ppn_tf.tracking.smoothing against the reference implementation."""

import dataclasses

import numpy as np
import pytest

from ppn_tf.keypoints.jitter import accelerations
from ppn_tf.keypoints.poses import Pose
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.tracking.smoothing import OneEuroFilter, PoseSmoother
from tests.tracking.discs import joints

# Outputs of PyPI's OneEuroFilter 0.2.1, by Casiez and Roussel, with mincutoff=1, beta=0.5 and
# dcutoff=1, for these times and values in order.
TIMES = (1.0, 1.04, 1.08, 1.1, 1.3, 1.34, 1.38, 1.4)
VALUES = (3.0, 3.5, 2.75, 6.0, 9.0, 12.0, 11.5, 11.75)
GOLDEN = (
  3.0,
  3.1808822400923384,
  3.0889887145722215,
  4.6383253083617895,
  8.696522902033468,
  11.3734189174209,
  11.472146341502189,
  11.646550302985005,
)


def run(filter_, values, times, **arguments):
  return np.array([filter_(np.array(v), t, **arguments) for v, t in zip(values, times)])


def test_values_of_the_reference_implementation():
  np.testing.assert_allclose(run(OneEuroFilter(1.0, 0.5), VALUES, TIMES), GOLDEN, rtol=1e-9)


def test_values_of_an_array_are_filtered_separately():
  values = np.array([VALUES, VALUES[::-1]]).T
  filtered = run(OneEuroFilter(1.0, 0.5), values, TIMES)
  np.testing.assert_allclose(filtered[:, 0], GOLDEN, rtol=1e-9)
  np.testing.assert_allclose(filtered[:, 1], run(OneEuroFilter(1.0, 0.5), VALUES[::-1], TIMES))


def test_first_sample_at_time_0():
  # The published package ignores time 0.
  shifted = run(OneEuroFilter(1.0, 0.5), VALUES, np.array(TIMES) - TIMES[0])
  np.testing.assert_allclose(shifted, GOLDEN, rtol=1e-9)


def test_unit_scales_inputs_and_outputs():
  scaled = run(OneEuroFilter(1.0, 0.5), 40 * np.array(VALUES), TIMES, unit=40.0)
  np.testing.assert_allclose(scaled, 40 * np.array(GOLDEN), rtol=1e-9)


def test_missing_values_are_returned_and_ignored():
  smoother = OneEuroFilter(1.0, 0.5)
  first = smoother(np.array([1.0, 5.0]), 0.0)
  np.testing.assert_array_equal(first, [1.0, 5.0])
  result = smoother(np.array([np.nan, 6.0]), 0.1, valid=np.array([True, False]))
  assert np.isnan(result[0])
  assert result[1] == 6.0
  # Both values continue from their last samples, 0.2 s earlier.
  expected = OneEuroFilter(1.0, 0.5)
  expected(np.array([1.0, 5.0]), 0.0)
  values = np.array([2.0, 7.0])
  np.testing.assert_allclose(smoother(values, 0.2), expected(values, 0.2))


def test_equal_and_earlier_times():
  smoother = OneEuroFilter()
  smoother(np.array([1.0]), 1.0)
  np.testing.assert_array_equal(smoother(np.array([4.0]), 1.0), [4.0])


def pose(keypoints, score=0.9, **changes):
  scores = np.full(13, score, np.float32)
  plain = Pose(keypoints.astype(np.float32), scores, PENN_ACTION.joint_names, (0, 0, 100, 200))
  return dataclasses.replace(plain, **changes)


def test_jitter_is_removed_and_motion_kept():
  generator = np.random.default_rng(0)
  truth = np.stack([joints((100 + 60 * np.sin(t / 8), 100, 20)) for t in range(90)])
  noisy = truth + generator.normal(0, 1.0, truth.shape)
  smoother = PoseSmoother()
  smooth = np.stack([smoother(pose(x), t / 30).keypoints for t, x in enumerate(noisy)])
  assert smooth.dtype == np.float32
  assert accelerations(smooth).mean() < 0.8 * accelerations(noisy).mean()
  error = np.linalg.norm(smooth - truth, axis=-1).mean()
  assert error < 1.05 * np.linalg.norm(noisy - truth, axis=-1).mean()
  # Lag in frames, by least squares on the true velocity.
  velocity = np.gradient(truth, axis=0)[..., 0]
  lag = ((truth - smooth)[..., 0] * velocity).sum() / (velocity**2).sum()
  assert 0.0 < lag < 0.5


def test_smoothing_is_independent_of_resolution():
  generator = np.random.default_rng(1)
  walk = joints((100, 100, 20)) + np.cumsum(generator.normal(0, 2, (20, 13, 2)), axis=0)
  small, large = PoseSmoother(), PoseSmoother()
  for t, keypoints in enumerate(walk):
    smooth = small(pose(keypoints), t / 25).keypoints
    enlarged = large(pose(4 * keypoints, box=(0, 0, 400, 800)), t / 25).keypoints
    np.testing.assert_allclose(4 * smooth, enlarged, rtol=1e-4)


def test_lost_person_resets_the_filter():
  smoother = PoseSmoother(0.1, 0.0)
  start, end = joints((50, 60, 10)), joints((150, 60, 10))
  smoother(pose(start), 0.0)
  assert smoother(pose(end), 0.04).keypoints[0, 0] < 60  # still smoothed
  lost = pose(start, score=0.05, found=False)
  assert smoother(lost, 0.08) is lost
  np.testing.assert_allclose(smoother(pose(end), 0.12).keypoints, end, rtol=1e-6)
  moved = smoother(pose(start, restarted=True), 0.16)
  np.testing.assert_allclose(moved.keypoints, start, rtol=1e-6)


def test_joints_below_min_score_are_not_smoothed():
  smoother = PoseSmoother(0.1, 0.0)
  smoother(pose(joints((50, 60, 10))), 0.0)
  later = pose(joints((90, 60, 10)))
  later.scores[3] = 0.1
  result = smoother(later, 0.04).keypoints
  np.testing.assert_array_equal(result[3], later.keypoints[3])
  assert result[2, 0] < later.keypoints[2, 0] - 20


@pytest.mark.parametrize("values", [[], [[]]])
def test_empty_array(values):
  assert OneEuroFilter()(np.array(values), 0.0).shape == np.array(values).shape
