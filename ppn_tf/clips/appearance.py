"""Random changes of a clip's look: colors, noise, blur, and occluders."""

from typing import Tuple

import tensorflow as tf

# Sides of occluders relative to the crop, and their maximum number.
_COVER_SIDES = (0.08, 0.4)
_COVERS = 2


def change_appearance(
  frames: tf.Tensor, seed: tf.Tensor, color: float, blur: float, occlusion: float
) -> tf.Tensor:
  """Changes the look of a clip's crops, but not the positions of joints.

  Args:
    frames: [T, H, W, 3] float32, 0..255.
    seed: [2] integer; equal seeds give equal changes.
    color: strength of color changes, the same for the whole clip: 0 is none, 1 is extreme.
    blur: probability of blur, drawn for each frame.
    occlusion: probability of an occluder, drawn for up to two rectangles. Each has one color or
      shows another part of the crop, moves at constant speed, and is visible in about two thirds
      of the frames.
  Returns:
    [T, H, W, 3] float32, 0..255.
  """
  seeds = tf.random.experimental.stateless_split(seed, 3)
  if occlusion:
    frames = _cover(frames, seeds[0], occlusion)
  if blur:
    frames = _defocus(frames, seeds[1], blur)
  if color:
    frames = _recolor(frames, seeds[2], color)
  return frames


def _recolor(frames: tf.Tensor, seed: tf.Tensor, strength: float) -> tf.Tensor:
  """Changes saturation, white balance, contrast, brightness and gamma, and adds noise."""
  seeds = tf.random.experimental.stateless_split(seed, 8)

  def factor(number: int, amount: float, shape: Tuple[int, ...] = ()) -> tf.Tensor:
    limit = amount * strength
    return tf.exp(tf.random.stateless_uniform(shape, seeds[number], -limit, limit))

  luma = tf.constant([0.299, 0.587, 0.114])
  grey = tf.reduce_sum(frames * luma, axis=-1, keepdims=True)
  is_grey = tf.random.stateless_uniform([], seeds[0]) < 0.2 * strength
  saturation = tf.where(is_grey, 0.0, factor(1, 1.0))
  frames = grey + (frames - grey) * saturation
  frames *= factor(2, 0.4, (3,))
  middle = tf.reduce_mean(frames)
  frames = middle + (frames - middle) * factor(3, 0.6)
  frames += tf.random.stateless_uniform([], seeds[4], -60.0, 60.0) * strength
  frames = 255.0 * tf.clip_by_value(frames / 255.0, 0.0, 1.0) ** factor(5, 0.5)
  deviation = tf.random.stateless_uniform([], seeds[6], 0.0, 15.0 * strength)
  frames += deviation * tf.random.stateless_normal(tf.shape(frames), seeds[7])
  return tf.clip_by_value(frames, 0.0, 255.0)


def _defocus(frames: tf.Tensor, seed: tf.Tensor, probability: float) -> tf.Tensor:
  """Blurs some frames by resizing them to a quarter to three quarters of their size and back."""
  size = tf.shape(frames)[1:3]

  def defocus_frame(frame: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    seeds = tf.random.experimental.stateless_split(seed, 2)

    def resize() -> tf.Tensor:
      part = tf.random.stateless_uniform([], seeds[1], 0.25, 0.75)
      small = tf.cast(part * tf.cast(size, tf.float32), tf.int32)
      return tf.image.resize(tf.image.resize(frame, small, "area"), size)

    is_blurred = tf.random.stateless_uniform([], seeds[0]) < probability
    return tf.ensure_shape(tf.cond(is_blurred, resize, lambda: frame), frames.shape[1:])

  seeds = tf.random.experimental.stateless_split(seed, frames.shape[0])
  return tf.map_fn(
    lambda pair: defocus_frame(*pair), (frames, seeds), fn_output_signature=tf.float32
  )


def _cover(frames: tf.Tensor, seed: tf.Tensor, probability: float) -> tf.Tensor:
  """Draws moving rectangles over the person."""
  num_frames, height, width, _ = frames.shape
  for seeds in tf.unstack(
    tf.reshape(tf.random.experimental.stateless_split(seed, 7 * _COVERS), [_COVERS, 7, 2])
  ):
    half = tf.random.stateless_uniform([2], seeds[0], *_COVER_SIDES) / 2.0
    start = tf.random.stateless_uniform([2], seeds[1])
    speed = tf.random.stateless_normal([2], seeds[2], stddev=0.03)
    center = start + tf.range(num_frames, dtype=tf.float32)[:, None] * speed
    y = tf.abs(tf.linspace(0.0, 1.0, height) - center[:, :1]) < half[0]
    x = tf.abs(tf.linspace(0.0, 1.0, width) - center[:, 1:]) < half[1]
    is_visible = tf.random.stateless_uniform([num_frames], seeds[3]) < 0.67
    is_visible &= tf.random.stateless_uniform([], seeds[4]) < probability
    mask = is_visible[:, None, None] & y[:, :, None] & x[:, None, :]
    places = tf.random.stateless_uniform([3], seeds[5], 0.25, 0.75)
    moved = tf.cast(places[:2] * [float(height), float(width)], tf.int32)
    elsewhere = tf.roll(frames, moved, axis=[1, 2])
    plain = tf.random.stateless_uniform([3], seeds[6], 0.0, 255.0)
    filling = tf.where(places[2] < 0.5, elsewhere, plain)
    frames = tf.where(mask[..., None], filling, frames)
  return frames
