"""One random scale, rotation, mirroring and shift for a whole clip (section IV-B.1)."""

import math
from typing import Tuple

import tensorflow as tf


def draw(
  seed: tf.Tensor,
  scale_range: Tuple[float, float] = (0.8, 1.4),
  max_rotation: float = 40.0,
  flip_probability: float = 0.5,
  max_shift: float = 0.0,
  turn_probability: float = 0.0,
) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
  """Draws a clip's augmentation.

  Args:
    seed: [2] integer; equal seeds draw equal values.
    scale_range: factors on the person's size, uniform.
    max_rotation: degrees to either side, uniform.
    flip_probability: how often the clip is mirrored.
    max_shift: part of the crop's side by which its centre moves at most, to
      either side and up or down, uniform. The paper has none; a tracker, whose
      boxes are its own guesses, wants some.
    turn_probability: how often the rotation is any angle, uniform, for people who
      are not upright.
  Returns:
    scale (float32), rotation (float32 radians) and flip (bool), scalars, and
    shift [2] (x, y) float32, in crop sides.
  """
  seeds = tf.random.experimental.stateless_split(seed, 4)
  scale = tf.random.stateless_uniform([], seeds[0], *scale_range)
  limit = math.radians(max_rotation)
  rotation = tf.random.stateless_uniform([], seeds[1], -limit, limit)
  if turn_probability:
    turn = tf.random.experimental.stateless_split(seeds[1], 2)
    turned = tf.random.stateless_uniform([], turn[0]) < turn_probability
    anywhere = tf.random.stateless_uniform([], turn[1], -math.pi, math.pi)
    rotation = tf.where(turned, anywhere, rotation)
  flip = tf.random.stateless_uniform([], seeds[2]) < flip_probability
  shift = tf.random.stateless_uniform([2], seeds[3], -max_shift, max_shift)
  return scale, rotation, flip, shift
