"""Tests of ppn_tf.clips.appearance."""

import numpy as np

from ppn_tf.clips.appearance import change_appearance

import tensorflow as tf

NUM_FRAMES, SIDE = 4, 48


def clip(seed=0):
  rng = np.random.default_rng(seed)
  return rng.uniform(0, 255, (NUM_FRAMES, SIDE, SIDE, 3)).astype(np.float32)


def changed(frames, seed, **strengths):
  strengths = {"color": 0.0, "blur": 0.0, "occlusion": 0.0, **strengths}
  return change_appearance(tf.constant(frames), tf.constant([3, seed]), **strengths).numpy()


def test_nothing_asked_nothing_changed():
  np.testing.assert_array_equal(changed(clip(), 0), clip())


def test_equal_seeds_change_alike_and_values_stay_pixels():
  everything = {"color": 1.0, "blur": 0.5, "occlusion": 1.0}
  one, same, other = (changed(clip(), seed, **everything) for seed in (1, 1, 2))
  np.testing.assert_array_equal(one, same)
  assert np.abs(one - other).mean() > 1
  assert one.min() >= 0 and one.max() <= 255


def test_colour_treats_all_frames_and_places_alike():
  """Two equal pixels stay equal, but for noise, wherever and whenever they are seen."""
  frames = np.tile(np.float32([200, 90, 40]), (NUM_FRAMES, SIDE, SIDE, 1))
  frames[:, ::2] = [30, 60, 220]
  seen = np.stack([changed(frames, seed, color=0.6) for seed in range(12)])
  for place in (seen[:, :, ::2], seen[:, :, 1::2]):
    pixels = place.reshape(12, NUM_FRAMES, -1, 3)
    middle = pixels.mean(axis=(1, 2))
    # Noise of at most 0.6 * 15, over half of the pixels.
    np.testing.assert_allclose(
      pixels.mean(axis=2), np.repeat(middle[:, None], NUM_FRAMES, axis=1), atol=1.0
    )
    assert middle.std(axis=0).min() > 10


def test_a_frame_is_out_of_focus_by_itself():
  """Blurring halves white noise's deviation, or more; it leaves the other frames alone."""
  frames = clip()
  kept, total = 0, 0
  for seed in range(20):
    found = changed(frames, seed, blur=0.3)
    for before, after in zip(frames, found):
      total += 1
      if np.array_equal(before, after):
        kept += 1
      else:
        assert after.std() < 0.75 * before.std()
        np.testing.assert_allclose(after.mean(), before.mean(), rtol=0.05)
  # 80 draws of probability 0.3: three deviations are 12.
  assert abs(total - kept - 24) <= 12


def test_what_covers_is_rectangles_that_come_and_go():
  frames = clip()
  shares, uncovered = [], 0
  for seed in range(30):
    different = (changed(frames, seed, occlusion=1.0) != frames).any(axis=-1)
    shares += list(different.mean(axis=(1, 2)))
    uncovered += sum(not one.any() for one in different)
    for one in different:
      rows, columns = np.flatnonzero(one.any(axis=1)), np.flatnonzero(one.any(axis=0))
      if len(rows) and one.mean() == len(rows) * len(columns) / SIDE**2:  # a single rectangle
        assert max(len(rows), len(columns)) <= 0.4 * SIDE + 1
        assert rows[-1] - rows[0] + 1 == len(rows) and columns[-1] - columns[0] + 1 == len(columns)
  assert max(shares) <= 2 * 0.4**2 * 1.1
  assert 0.02 < np.mean(shares) < 0.15
  # Two rectangles, each there in two frames of three: one frame of nine has none.
  assert 0.02 < uncovered / len(shares) < 0.4


def test_never_covered_where_nothing_comes():
  frames = clip()
  untouched = [np.array_equal(changed(frames, s, occlusion=0.05), frames) for s in range(20)]
  assert sum(untouched) > 12
