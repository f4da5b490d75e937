"""Tests of accelerations against tracks computed by hand."""

import numpy as np
import pytest

from ppn_tf.keypoints import jitter


def test_accelerations_of_steady_motion_and_a_corner():
  time = np.arange(5.0)
  steady = np.stack([3 * time, 7 - 2 * time], -1)
  # x is 0 0 0 3 3, which accelerates by 3 at frame 2 and by -3 at frame 3; y by 4 at frame 3.
  corner = np.array([[0, 0], [0, 0], [0, 0], [3, 0], [3, 4]], np.float32)
  accelerations = jitter.accelerations(np.stack([steady, corner], axis=1))
  np.testing.assert_allclose(accelerations, [[0, 0], [0, 3], [0, 5]], atol=1e-12)


@pytest.mark.parametrize("num_frames", [0, 1, 2])
def test_short_clips_have_no_accelerations(num_frames):
  assert jitter.accelerations(np.zeros((num_frames, 4, 2))).shape == (0, 4)
  assert jitter.three_in_a_row(np.ones((num_frames, 4), bool)).shape == (0, 4)


def test_three_in_a_row():
  visible = np.array([[1, 1, 1, 0, 1, 1], [1, 1, 1, 1, 1, 1]], bool).T
  expected = np.array([[1, 0, 0, 0], [1, 1, 1, 1]], bool).T
  np.testing.assert_array_equal(jitter.three_in_a_row(visible), expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("error")
def test_non_finite_keypoints_give_non_finite_accelerations(bad):
  keypoints = np.zeros((4, 1, 2))
  keypoints[0, 0, 0] = bad
  np.testing.assert_array_equal(np.isfinite(jitter.accelerations(keypoints)), [[False], [True]])
