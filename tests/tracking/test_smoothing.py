"""The One-Euro filter beside its authors' own, and poses smoothed by it."""

import dataclasses

import numpy as np
import pytest

from ppn_tf.keypoints.jitter import accelerations
from ppn_tf.keypoints.poses import Pose
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.tracking.smoothing import OneEuroFilter, PoseSmoother
from tests.tracking.discs import joints

# From PyPI's OneEuroFilter 0.2.1, by Casiez and Roussel, with mincutoff=1, beta=0.5 and
# dcutoff=1: f(value, time) for these, one after another.
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


def test_the_authors_own_answers():
  np.testing.assert_allclose(run(OneEuroFilter(1.0, 0.5), VALUES, TIMES), GOLDEN, rtol=1e-9)


def test_each_value_of_an_array_has_a_filter():
  values = np.array([VALUES, VALUES[::-1]]).T
  both = run(OneEuroFilter(1.0, 0.5), values, TIMES)
  np.testing.assert_allclose(both[:, 0], GOLDEN, rtol=1e-9)
  np.testing.assert_allclose(both[:, 1], run(OneEuroFilter(1.0, 0.5), VALUES[::-1], TIMES))


def test_a_video_may_begin_at_time_0():
  # The published package takes time 0 for none.
  shifted = run(OneEuroFilter(1.0, 0.5), VALUES, np.array(TIMES) - TIMES[0])
  np.testing.assert_allclose(shifted, GOLDEN, rtol=1e-9)


def test_a_unit_scales_values_and_answers_alike():
  scaled = run(OneEuroFilter(1.0, 0.5), 40 * np.array(VALUES), TIMES, unit=40.0)
  np.testing.assert_allclose(scaled, 40 * np.array(GOLDEN), rtol=1e-9)


def test_missing_values_are_given_back_and_leave_no_trace():
  one = OneEuroFilter(1.0, 0.5)
  before = one(np.array([1.0, 5.0]), 0.0)
  np.testing.assert_array_equal(before, [1.0, 5.0])
  found = one(np.array([np.nan, 6.0]), 0.1, valid=np.array([True, False]))
  assert np.isnan(found[0])
  assert found[1] == 6.0
  # Both go on from their last samples, 0.2 s ago.
  other = OneEuroFilter(1.0, 0.5)
  other(np.array([1.0, 5.0]), 0.0)
  values = np.array([2.0, 7.0])
  np.testing.assert_allclose(one(values, 0.2), other(values, 0.2))


def test_a_time_that_does_not_advance():
  one = OneEuroFilter()
  one(np.array([1.0]), 1.0)
  np.testing.assert_array_equal(one(np.array([4.0]), 1.0), [4.0])


def pose(keypoints, score=0.9, **changes):
  scores = np.full(13, score, np.float32)
  plain = Pose(keypoints.astype(np.float32), scores, PENN_ACTION.joint_names, (0, 0, 100, 200))
  return dataclasses.replace(plain, **changes)


def test_trembling_goes_and_motion_stays():
  generator = np.random.default_rng(0)
  truth = np.stack([joints((100 + 60 * np.sin(t / 8), 100, 20)) for t in range(90)])
  noisy = truth + generator.normal(0, 1.0, truth.shape)
  smoother = PoseSmoother()
  smooth = np.stack([smoother(pose(x), t / 30).keypoints for t, x in enumerate(noisy)])
  assert smooth.dtype == np.float32
  assert accelerations(smooth).mean() < 0.8 * accelerations(noisy).mean()
  error = np.linalg.norm(smooth - truth, axis=-1).mean()
  assert error < 1.05 * np.linalg.norm(noisy - truth, axis=-1).mean()
  # How many frames behind the truth, by least squares on its velocity.
  velocity = np.gradient(truth, axis=0)[..., 0]
  lag = ((truth - smooth)[..., 0] * velocity).sum() / (velocity**2).sum()
  assert 0.0 < lag < 0.5


def test_all_resolutions_alike():
  generator = np.random.default_rng(1)
  walk = joints((100, 100, 20)) + np.cumsum(generator.normal(0, 2, (20, 13, 2)), axis=0)
  small, large = PoseSmoother(), PoseSmoother()
  for t, keypoints in enumerate(walk):
    one = small(pose(keypoints), t / 25).keypoints
    other = large(pose(4 * keypoints, box=(0, 0, 400, 800)), t / 25).keypoints
    np.testing.assert_allclose(4 * one, other, rtol=1e-4)


def test_who_is_lost_begins_anew():
  smoother = PoseSmoother(0.1, 0.0)
  here, there = joints((50, 60, 10)), joints((150, 60, 10))
  smoother(pose(here), 0.0)
  assert smoother(pose(there), 0.04).keypoints[0, 0] < 60  # held back
  gone = pose(here, score=0.05, found=False)
  assert smoother(gone, 0.08) is gone
  np.testing.assert_allclose(smoother(pose(there), 0.12).keypoints, there, rtol=1e-6)
  moved = smoother(pose(here, restarted=True), 0.16)
  np.testing.assert_allclose(moved.keypoints, here, rtol=1e-6)


def test_joints_below_the_score_are_left_as_they_are():
  smoother = PoseSmoother(0.1, 0.0)
  smoother(pose(joints((50, 60, 10))), 0.0)
  later = pose(joints((90, 60, 10)))
  later.scores[3] = 0.1
  found = smoother(later, 0.04).keypoints
  np.testing.assert_array_equal(found[3], later.keypoints[3])
  assert found[2, 0] < later.keypoints[2, 0] - 20


@pytest.mark.parametrize("values", [[], [[]]])
def test_nothing_to_filter(values):
  assert OneEuroFilter()(np.array(values), 0.0).shape == np.array(values).shape
