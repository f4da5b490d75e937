"""Accelerations of tracks worked out by hand."""

import numpy as np
import pytest

from ppn_tf.keypoints import jitter


def test_steady_motion_has_none_and_a_corner_has_some():
  time = np.arange(5.0)
  steady = np.stack([3 * time, 7 - 2 * time], -1)
  # x goes 0 0 0 3 3: it bends by 3 at frame 2 and by -3 at frame 3; y by 4 at frame 3.
  corner = np.array([[0, 0], [0, 0], [0, 0], [3, 0], [3, 4]], np.float32)
  found = jitter.accelerations(np.stack([steady, corner], axis=1))
  np.testing.assert_allclose(found, [[0, 0], [0, 3], [0, 5]], atol=1e-12)


@pytest.mark.parametrize("num_frames", [0, 1, 2])
def test_short_clips_have_none(num_frames):
  assert jitter.accelerations(np.zeros((num_frames, 4, 2))).shape == (0, 4)
  assert jitter.seen_thrice(np.ones((num_frames, 4), bool)).shape == (0, 4)


def test_three_frames_on_end():
  visible = np.array([[1, 1, 1, 0, 1, 1], [1, 1, 1, 1, 1, 1]], bool).T
  expected = np.array([[1, 0, 0, 0], [1, 1, 1, 1]], bool).T
  np.testing.assert_array_equal(jitter.seen_thrice(visible), expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("error")
def test_what_is_no_number_stays_so(bad):
  keypoints = np.zeros((4, 1, 2))
  keypoints[0, 0, 0] = bad
  np.testing.assert_array_equal(np.isfinite(jitter.accelerations(keypoints)), [[False], [True]])
