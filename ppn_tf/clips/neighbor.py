"""A second person next to a clip's person, whom a network has to ignore."""

import tensorflow as tf

# Relative to the crop's width: distance from the person's outermost joint to the neighbor's image,
# width of the fade, and largest gap between the image's edge and the neighbor.
_DISTANCE, _FADE, _BETWEEN = 0.04, 0.04, 0.15
# Fraction of the neighbor's width that may lie outside the image.
_HIDDEN = 0.5


def add_neighbor(
  frames: tf.Tensor, keypoints: tf.Tensor, visible: tf.Tensor, seed: tf.Tensor, probability: float
) -> tf.Tensor:
  """Adds a copy of the person next to it, from its outermost joint to the crop's border.

  The copy is mirrored or not, and moves forwards or backwards. It looks and moves like the
  person, so only the position in the crop tells whose joints are labeled. Nothing of it is visible
  where the person fills the crop.

  Args:
    frames: [T, H, W, 3] float32, 0..255.
    keypoints: [T, K, 2] float32, (x, y) in crop pixels.
    visible: [T, K] bool, whether joints are visible and inside the crop.
    seed: [2] integer; equal seeds give equal changes.
    probability: probability of a neighbor.
  Returns:
    [T, H, W, 3] float32, 0..255.
  """
  width = float(frames.shape[2])
  seeds = tf.random.experimental.stateless_split(seed, 2)
  is_there, mirrored, backwards, is_left = tf.unstack(
    tf.random.stateless_uniform([4], seeds[0]) < [probability, 0.5, 0.5, 0.5]
  )
  x = keypoints[..., 0]
  left = tf.reduce_min(tf.where(visible, x, width))
  right = tf.reduce_max(tf.where(visible, x, 0.0))
  hidden = _HIDDEN * tf.maximum(right - left, 0.0)
  gap = tf.random.stateless_uniform([], seeds[1], -hidden, _BETWEEN * width)
  is_there &= left <= right

  copy = tf.where(mirrored, frames[:, :, ::-1], frames)
  copy = tf.where(backwards, copy[::-1], copy)
  copy_left = tf.where(mirrored, width - 1.0 - right, left)
  copy_right = tf.where(mirrored, width - 1.0 - left, right)
  edge = tf.where(is_left, left - _DISTANCE * width, right + _DISTANCE * width)
  shift = tf.where(is_left, edge - gap - copy_right, edge + gap - copy_left)
  columns = tf.range(width)
  source = tf.cast(tf.clip_by_value(tf.round(columns - shift), 0.0, width - 1.0), tf.int32)
  beyond = tf.where(is_left, edge - columns, columns - edge)
  share = tf.clip_by_value(beyond / (_FADE * width), 0.0, 1.0) * tf.cast(is_there, tf.float32)
  return frames + share[:, None] * (tf.gather(copy, source, axis=2) - frames)
