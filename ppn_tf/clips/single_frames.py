"""Clips taken frame by frame, in an order in which a clip's frames stand far apart."""

from typing import Dict, Tuple

import tensorflow as tf

Clip = Dict[str, tf.Tensor]
_OF_FRAMES = ("frames", "keypoints", "visibility", "boxes")


def spread_frames(
  clips: tf.data.Dataset, num_clips: int, seed: tf.Tensor, group: int
) -> tf.data.Dataset:
  """Every frame of every clip once, as clips of one frame.

  Clips are taken together in groups, and a group's frames are ordered so that
  each clip is spread over all of it: the j-th of its n frames, which are
  shuffled, stands somewhere in the j-th n-th, and no two of them closer than
  half that. Drawing from each clip in turn would leave an epoch's end to its
  longest clips; drawing from a buffer would let a clip's frames meet.

  Args:
    clips: as `records.parse` gives them.
    num_clips: how many there are; groups are made about equally large.
    seed: scalar int64; the same seed gives the same order.
    group: clips of a group at most. Their frames are held in memory, encoded.
  """
  groups = -(-num_clips // group)
  size = -(-num_clips // groups)

  def frames(number: tf.Tensor, batch: Clip) -> tf.data.Dataset:
    order, rows = _order(batch["frames"].row_lengths(), tf.stack([seed, number]))
    values = {name: tf.gather(batch[name].values, order) for name in _OF_FRAMES}
    per_clip = {name: tf.gather(batch[name], rows) for name in ("action", "image_size")}
    starts = tf.gather(batch["frames"].row_starts(), rows)
    where = tf.strings.as_string(tf.cast(order, tf.int64) - starts)
    names = tf.strings.join([tf.gather(batch["clip"], rows), " frame ", where])
    one_frame = {name: value[:, None] for name, value in values.items()}
    return tf.data.Dataset.from_tensor_slices({"clip": names, **per_clip, **one_frame})

  return clips.ragged_batch(size).enumerate().flat_map(frames)


def _order(lengths: tf.Tensor, seed: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
  """[N] numbers of all frames in their new order, and [N] of which clip each is.

  Args:
    lengths: [clips] int64, frames of each clip; N is their sum.
    seed: [2] int64.
  """
  rows = tf.repeat(tf.range(tf.size(lengths)), lengths)
  count = tf.size(rows)
  seeds = tf.random.experimental.stateless_split(seed, 3)
  # Shuffled within each clip; sorting by clips last leaves them one after another.
  shuffled = tf.random.experimental.stateless_shuffle(tf.range(count), seeds[0])
  shuffled = tf.gather(shuffled, tf.argsort(tf.gather(rows, shuffled), stable=True))
  turn = tf.range(count) - tf.repeat(tf.cast(tf.cumsum(lengths, exclusive=True), tf.int32), lengths)
  phase = tf.gather(tf.random.stateless_uniform(tf.shape(lengths), seeds[1]), rows)
  offset = 0.5 * (phase + tf.random.stateless_uniform([count], seeds[2]))
  place = (tf.cast(turn, tf.float32) + offset) / tf.cast(tf.gather(lengths, rows), tf.float32)
  order = tf.argsort(place, stable=True)
  return tf.gather(shuffled, order), tf.gather(rows, order)
