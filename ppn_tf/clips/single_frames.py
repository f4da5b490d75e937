"""Single frames of clips, in an order that keeps frames of one clip far apart."""

from typing import Dict, Tuple

import tensorflow as tf

Clip = Dict[str, tf.Tensor]
_OF_FRAMES = ("frames", "keypoints", "visibility", "boxes")


def spread_frames(
  clips: tf.data.Dataset, num_clips: int, seed: tf.Tensor, group: int
) -> tf.data.Dataset:
  """Yields every labelled frame of every clip once, as clips of one frame.

  A frame without a visible joint would teach nothing.

  Clips form groups, and each clip is spread over its group: the j-th of its n shuffled frames lies
  in the j-th n-th of the group, at least half of that from its neighbors. Drawing from each clip
  in turn would leave only the longest clips at the end of an epoch. Drawing from a buffer would
  put frames of one clip next to each other.

  Args:
    clips: as `records.parse` gives them.
    num_clips: number of clips; groups have about equal sizes.
    seed: scalar int64; the same seed gives the same order.
    group: maximum number of clips in a group. Their encoded frames are kept in memory.
  """
  groups = -(-num_clips // group)
  size = -(-num_clips // groups)

  def frames(number: tf.Tensor, batch: Clip) -> tf.data.Dataset:
    order, rows = _order(batch["frames"].row_lengths(), tf.stack([seed, number]))
    values = {name: tf.gather(batch[name].values, order) for name in _OF_FRAMES}
    per_clip = {name: tf.gather(batch[name], rows) for name in ("action", "image_size")}
    numbers = tf.strings.as_string(tf.gather(batch["numbers"].values, order))
    names = tf.strings.join([tf.gather(batch["clip"], rows), " frame ", numbers])
    one_frame = {name: value[:, None] for name, value in values.items()}
    return tf.data.Dataset.from_tensor_slices({"clip": names, **per_clip, **one_frame})

  return clips.map(_keep_labelled).ragged_batch(size).enumerate().flat_map(frames)


def _keep_labelled(clip: Clip) -> Clip:
  """Keeps the frames with a visible joint, and adds their numbers in the clip."""
  numbers = tf.where(tf.reduce_any(clip["visibility"], axis=-1))[:, 0]
  kept = {name: tf.gather(clip[name], numbers) for name in _OF_FRAMES}
  return {**clip, **kept, "numbers": numbers}


def _order(lengths: tf.Tensor, seed: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
  """Returns [N] numbers of all frames in the new order, and [N] the clip of each.

  Args:
    lengths: [clips] int64, frames of each clip; N is their sum.
    seed: [2] int64.
  """
  rows = tf.repeat(tf.range(tf.size(lengths)), lengths)
  count = tf.size(rows)
  seeds = tf.random.experimental.stateless_split(seed, 3)
  # Frames are shuffled within each clip, because the last sort by clips is stable.
  shuffled = tf.random.experimental.stateless_shuffle(tf.range(count), seeds[0])
  shuffled = tf.gather(shuffled, tf.argsort(tf.gather(rows, shuffled), stable=True))
  turn = tf.range(count) - tf.repeat(tf.cast(tf.cumsum(lengths, exclusive=True), tf.int32), lengths)
  phase = tf.gather(tf.random.stateless_uniform(tf.shape(lengths), seeds[1]), rows)
  offset = 0.5 * (phase + tf.random.stateless_uniform([count], seeds[2]))
  place = (tf.cast(turn, tf.float32) + offset) / tf.cast(tf.gather(lengths, rows), tf.float32)
  order = tf.argsort(place, stable=True)
  return tf.gather(shuffled, order), tf.gather(rows, order)
