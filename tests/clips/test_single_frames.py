"""Frames of drawn lots of clips: all there, and a clip's far apart."""

import numpy as np

from ppn_tf.clips.single_frames import spread_frames

import tensorflow as tf


def clips_of(lengths):
  """Clips of so many frames; a frame's values are its number."""

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
  """[N, 2] clip and frame numbers, in their order; everything of a frame must be its own."""
  found = []
  seed = tf.constant(seed, tf.int64)
  for one in spread_frames(clips_of(lengths), len(lengths), seed, group).as_numpy_iterator():
    clip, frame = one["clip"].decode().split(" frame ")
    assert one["frames"].tolist() == [frame.encode()]
    assert (one["keypoints"] == float(frame)).all() and one["keypoints"].shape == (1, 3, 2)
    assert (one["boxes"] == float(frame)).all() and one["boxes"].shape == (1, 4)
    assert one["visibility"].tolist() == [[True, int(frame) > 1, int(frame) > 1]]
    assert one["action"].decode() == f"action {clip}" and (one["image_size"] == int(clip)).all()
    found.append((int(clip), int(frame)))
  return np.array(found)


def assert_all_once(found, lengths):
  every = [(clip, frame) for clip, length in enumerate(lengths) for frame in range(length)]
  assert sorted(map(tuple, found)) == every


def test_frames_of_a_clip_keep_their_distance():
  lengths = [9] * 32
  found = spread(lengths, group=32)
  assert_all_once(found, lengths)
  for clip in range(32):
    (places,) = np.nonzero(found[:, 0] == clip)
    # A ninth of 288 frames is 32; by half of that, and what the others vary.
    assert np.diff(places).min() >= 10
    assert sorted(found[places, 1]) != found[places, 1].tolist(), "in the order of the clip"
  # No batch of half the group's clips, however it is cut, has many of one clip.
  batches = found[:, 0].reshape(-1, 16)
  assert np.mean([len(set(batch)) for batch in batches]) > 15.8


def test_a_long_clip_is_spread_over_all_of_its_group():
  lengths = [120] + [4] * 30
  found = spread(lengths, group=64)
  assert_all_once(found, lengths)
  (places,) = np.nonzero(found[:, 0] == 0)
  # Half of all frames: nowhere many in a row, not at the end either.
  assert np.diff(places).max() <= 8 and places[0] <= 8 and places[-1] >= 231
  for part in found.reshape(8, 30, 2):
    assert 10 <= (part[:, 0] == 0).sum() <= 20


def test_groups_are_about_equally_large():
  """Ten clips by at most four: 4, 4 and 2, and no clip in two groups."""
  lengths = [3] * 9 + [2]
  found = spread(lengths, group=4)
  assert_all_once(found, lengths)
  groups = [set(found[first:last, 0]) for first, last in ((0, 12), (12, 24), (24, 29))]
  assert groups == [{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}]
  # Five by at most four are three and two, not four and one.
  assert set(spread([3] * 5, group=4)[:9, 0]) == {0, 1, 2}


def test_images_are_shuffled():
  lengths = [1] * 40
  orders = [spread(lengths, group=64, seed=seed)[:, 0].tolist() for seed in (0, 1, 0)]
  assert sorted(orders[0]) == list(range(40)) and orders[0] == orders[2] != orders[1]
  assert np.abs(np.corrcoef(orders[0], range(40))[0, 1]) < 0.5


def test_no_clips_no_frames():
  assert len(spread([0, 0], group=4)) == 0
