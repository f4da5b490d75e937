"""How a clip's crops may look besides: colours, noise, blur, and things in front of the person."""

from typing import Tuple

import tensorflow as tf

# Sides of what covers the person, in parts of the crop's, and how many things there are at most.
_COVER_SIDES = (0.08, 0.4)
_COVERS = 2


def change_appearance(
  frames: tf.Tensor, seed: tf.Tensor, color: float, blur: float, occlusion: float
) -> tf.Tensor:
  """Changes the look of a clip's crops; joints stay where they are.

  Args:
    frames: [T, H, W, 3] float32, 0..255.
    seed: [2] integer; equal seeds change alike.
    color: 0 leaves colours, 1 changes them beyond recognition; the whole clip alike.
    blur: how often a frame, each by itself, is out of focus.
    occlusion: how often something comes before a clip's person: up to two
      rectangles, of one colour or of another part of the crop, each at an even
      speed and in about two thirds of the frames.
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
  """Saturation, white balance, contrast, brightness, gamma and noise; some clips grey."""
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
  """Some frames as from a quarter to three quarters of their pixels."""
  size = tf.shape(frames)[1:3]

  def one(frame: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    seeds = tf.random.experimental.stateless_split(seed, 2)
    if tf.random.stateless_uniform([], seeds[0]) < probability:
      part = tf.random.stateless_uniform([], seeds[1], 0.25, 0.75)
      small = tf.cast(part * tf.cast(size, tf.float32), tf.int32)
      frame = tf.image.resize(tf.image.resize(frame, small, "area"), size)
    return tf.ensure_shape(frame, frames.shape[1:])

  seeds = tf.random.experimental.stateless_split(seed, frames.shape[0])
  return tf.map_fn(lambda pair: one(*pair), (frames, seeds), fn_output_signature=tf.float32)


def _cover(frames: tf.Tensor, seed: tf.Tensor, probability: float) -> tf.Tensor:
  """Rectangles that pass before the person."""
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
    there = tf.random.stateless_uniform([num_frames], seeds[3]) < 0.67
    there &= tf.random.stateless_uniform([], seeds[4]) < probability
    mask = there[:, None, None] & y[:, :, None] & x[:, None, :]
    places = tf.random.stateless_uniform([3], seeds[5], 0.25, 0.75)
    moved = tf.cast(places[:2] * [float(height), float(width)], tf.int32)
    elsewhere = tf.roll(frames, moved, axis=[1, 2])
    plain = tf.random.stateless_uniform([3], seeds[6], 0.0, 255.0)
    filling = tf.where(places[2] < 0.5, elsewhere, plain)
    frames = tf.where(mask[..., None], filling, frames)
  return frames
