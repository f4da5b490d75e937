"""Somebody else beside a clip's person, whom a network has to leave alone."""

import tensorflow as tf

# In parts of the crop's width: from the person's outermost joint to where the other's picture
# begins, over what it fades in, and how far from there the other is at most.
_DISTANCE, _FADE, _BETWEEN = 0.04, 0.04, 0.15
# What of the other's width may lie outside its picture.
_HIDDEN = 0.5


def add_neighbor(
  frames: tf.Tensor, keypoints: tf.Tensor, seen: tf.Tensor, seed: tf.Tensor, probability: float
) -> tf.Tensor:
  """Puts the person a second time beside itself, from its outermost joint to the crop's border.

  The other one, mirrored or not and in the frames' order or backwards, looks and
  moves as the person does, so that only the place in the crop tells whose joints
  are meant. Where a person fills the crop nothing is to be seen of another.

  Args:
    frames: [T, H, W, 3] float32, 0..255.
    keypoints: [T, K, 2] float32, (x, y) in crop pixels.
    seen: [T, K] bool: joints that are known and in the crop.
    seed: [2] integer; equal seeds change alike.
    probability: how often there is somebody.
  Returns:
    [T, H, W, 3] float32, 0..255.
  """
  width = float(frames.shape[2])
  seeds = tf.random.experimental.stateless_split(seed, 2)
  is_there, mirrored, backwards, is_left = tf.unstack(
    tf.random.stateless_uniform([4], seeds[0]) < [probability, 0.5, 0.5, 0.5]
  )
  x = keypoints[..., 0]
  left = tf.reduce_min(tf.where(seen, x, width))
  right = tf.reduce_max(tf.where(seen, x, 0.0))
  hidden = _HIDDEN * tf.maximum(right - left, 0.0)
  between = tf.random.stateless_uniform([], seeds[1], -hidden, _BETWEEN * width)
  is_there &= left <= right

  other = tf.where(mirrored, frames[:, :, ::-1], frames)
  other = tf.where(backwards, other[::-1], other)
  other_left = tf.where(mirrored, width - 1.0 - right, left)
  other_right = tf.where(mirrored, width - 1.0 - left, right)
  edge = tf.where(is_left, left - _DISTANCE * width, right + _DISTANCE * width)
  shift = tf.where(is_left, edge - between - other_right, edge + between - other_left)
  columns = tf.range(width)
  source = tf.cast(tf.clip_by_value(tf.round(columns - shift), 0.0, width - 1.0), tf.int32)
  beyond = tf.where(is_left, edge - columns, columns - edge)
  share = tf.clip_by_value(beyond / (_FADE * width), 0.0, 1.0) * tf.cast(is_there, tf.float32)
  return frames + share[:, None] * (tf.gather(other, source, axis=2) - frames)
