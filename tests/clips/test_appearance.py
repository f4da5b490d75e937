"""Tests of ppn_tf.clips.appearance."""

import numpy as np

from ppn_tf.clips.appearance import change_appearance

import tensorflow as tf

NUM_FRAMES, SIDE = 4, 48


def clip(seed=0):
  rng = np.random.default_rng(seed)
  return rng.uniform(0, 255, (NUM_FRAMES, SIDE, SIDE, 3)).astype(np.float32)


def change(frames, seed, **strengths):
  strengths = {"color": 0.0, "blur": 0.0, "occlusion": 0.0, **strengths}
  return change_appearance(tf.constant(frames), tf.constant([3, seed]), **strengths).numpy()


def test_zero_strengths_keep_the_clip():
  np.testing.assert_array_equal(change(clip(), 0), clip())


def test_equal_seeds_give_equal_frames_in_the_range_of_pixels():
  strengths = {"color": 1.0, "blur": 0.5, "occlusion": 1.0}
  first, repeated, different = (change(clip(), seed, **strengths) for seed in (1, 1, 2))
  np.testing.assert_array_equal(first, repeated)
  assert np.abs(first - different).mean() > 1
  assert first.min() >= 0 and first.max() <= 255


def test_colour_changes_all_frames_and_positions_alike():
  """Expects equal pixels to stay equal, up to noise, at all positions and in all frames."""
  frames = np.tile(np.float32([200, 90, 40]), (NUM_FRAMES, SIDE, SIDE, 1))
  frames[:, ::2] = [30, 60, 220]
  results = np.stack([change(frames, seed, color=0.6) for seed in range(12)])
  for half in (results[:, :, ::2], results[:, :, 1::2]):
    pixels = half.reshape(12, NUM_FRAMES, -1, 3)
    means = pixels.mean(axis=(1, 2))
    # The noise of at most 0.6 * 15 is averaged over half of the pixels.
    np.testing.assert_allclose(
      pixels.mean(axis=2), np.repeat(means[:, None], NUM_FRAMES, axis=1), atol=1.0
    )
    assert means.std(axis=0).min() > 10


def test_frames_are_blurred_independently():
  """Expects each frame of noise to be either smoothed by blurring or unchanged."""
  frames = clip()
  num_kept, num_frames = 0, 0
  for seed in range(20):
    blurred = change(frames, seed, blur=0.3)
    for original, result in zip(frames, blurred):
      num_frames += 1
      if np.array_equal(original, result):
        num_kept += 1
      else:
        assert result.std() < 0.75 * original.std()
        np.testing.assert_allclose(result.mean(), original.mean(), rtol=0.05)
  # 12 is three standard deviations of 80 draws with probability 0.3.
  assert abs(num_frames - num_kept - 24) <= 12


def test_occluders_are_rectangles_in_some_frames():
  frames = clip()
  shares, uncovered = [], 0
  for seed in range(30):
    masks = (change(frames, seed, occlusion=1.0) != frames).any(axis=-1)
    shares += list(masks.mean(axis=(1, 2)))
    uncovered += sum(not mask.any() for mask in masks)
    for mask in masks:
      rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
      if len(rows) and mask.mean() == len(rows) * len(columns) / SIDE**2:  # a single rectangle
        assert max(len(rows), len(columns)) <= 0.4 * SIDE + 1
        assert rows[-1] - rows[0] + 1 == len(rows) and columns[-1] - columns[0] + 1 == len(columns)
  assert max(shares) <= 2 * 0.4**2 * 1.1
  assert 0.02 < np.mean(shares) < 0.15
  # Two rectangles that each cover two of three frames leave one of nine frames uncovered.
  assert 0.02 < uncovered / len(shares) < 0.4


def test_low_occlusion_leaves_most_clips_unchanged():
  frames = clip()
  unchanged = [np.array_equal(change(frames, seed, occlusion=0.05), frames) for seed in range(20)]
  assert sum(unchanged) > 12
