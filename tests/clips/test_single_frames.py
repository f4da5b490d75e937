"""Tests that single frames of shuffled clips are complete, and far apart within a clip."""

import numpy as np

from ppn_tf.clips.single_frames import spread_frames

import tensorflow as tf


def make_clips(lengths):
  """Returns a data set of clips with given lengths; the values of a frame are its number."""

  def clip(number):
    frames = tf.range(tf.gather(tf.constant(lengths), number))
    value = tf.cast(frames, tf.float32)
    return {
      "clip": tf.strings.as_string(number),
      "action": tf.strings.join(["action ", tf.strings.as_string(number)]),
      "frames": tf.strings.as_string(frames),
      "keypoints": tf.tile(value[:, None, None], [1, 3, 2]),
      "visibility": tf.stack([value >= 0, value > 1, value > 1], axis=-1),
      "boxes": tf.tile(value[:, None], [1, 4]),
      "image_size": tf.fill([2], tf.cast(number, tf.int32)),
    }

  return tf.data.Dataset.range(len(lengths)).map(clip)


def spread(lengths, group, seed=0):
  """Returns [N, 2] clip and frame numbers in order, and checks the values of each frame."""
  frames = []
  seed = tf.constant(seed, tf.int64)
  for item in spread_frames(make_clips(lengths), len(lengths), seed, group).as_numpy_iterator():
    clip, frame = item["clip"].decode().split(" frame ")
    assert item["frames"].tolist() == [frame.encode()]
    assert (item["keypoints"] == float(frame)).all() and item["keypoints"].shape == (1, 3, 2)
    assert (item["boxes"] == float(frame)).all() and item["boxes"].shape == (1, 4)
    assert item["visibility"].tolist() == [[True, int(frame) > 1, int(frame) > 1]]
    assert item["action"].decode() == f"action {clip}" and (item["image_size"] == int(clip)).all()
    frames.append((int(clip), int(frame)))
  return np.array(frames)


def assert_all_once(frames, lengths):
  expected = [(clip, frame) for clip, length in enumerate(lengths) for frame in range(length)]
  assert sorted(map(tuple, frames)) == expected


def test_frames_of_a_clip_are_far_apart():
  lengths = [9] * 32
  frames = spread(lengths, group=32)
  assert_all_once(frames, lengths)
  for clip in range(32):
    (places,) = np.nonzero(frames[:, 0] == clip)
    # The mean distance is 288 / 9 = 32 frames, less up to half of it and the jitter of other clips.
    assert np.diff(places).min() >= 10
    assert sorted(frames[places, 1]) != frames[places, 1].tolist(), "frames are in clip order"
  # A batch of half as many frames as clips rarely has two frames of a clip.
  batches = frames[:, 0].reshape(-1, 16)
  assert np.mean([len(set(batch)) for batch in batches]) > 15.8


def test_long_clip_is_spread_over_its_group():
  lengths = [120] + [4] * 30
  frames = spread(lengths, group=64)
  assert_all_once(frames, lengths)
  (places,) = np.nonzero(frames[:, 0] == 0)
  # The clip has half of all frames, with short gaps from start to end.
  assert np.diff(places).max() <= 8 and places[0] <= 8 and places[-1] >= 231
  for part in frames.reshape(8, 30, 2):
    assert 10 <= (part[:, 0] == 0).sum() <= 20


def test_groups_have_similar_sizes():
  """Splits ten clips into groups of 4, 4 and 2, without a clip in two groups."""
  lengths = [3] * 9 + [2]
  frames = spread(lengths, group=4)
  assert_all_once(frames, lengths)
  groups = [set(frames[first:last, 0]) for first, last in ((0, 12), (12, 24), (24, 29))]
  assert groups == [{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}]
  # Five clips make groups of three and two, not of four and one.
  assert set(spread([3] * 5, group=4)[:9, 0]) == {0, 1, 2}


def test_clips_of_single_frames_are_shuffled():
  lengths = [1] * 40
  orders = [spread(lengths, group=64, seed=seed)[:, 0].tolist() for seed in (0, 1, 0)]
  assert sorted(orders[0]) == list(range(40)) and orders[0] == orders[2] != orders[1]
  assert np.abs(np.corrcoef(orders[0], range(40))[0, 1]) < 0.5


def test_empty_clips_give_no_frames():
  assert len(spread([0, 0], group=4)) == 0
