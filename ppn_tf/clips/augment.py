"""One random scale, rotation and mirroring for a whole clip (section IV-B.1)."""

import math
from typing import Tuple

import tensorflow as tf


def draw(
  seed: tf.Tensor,
  scale_range: Tuple[float, float] = (0.8, 1.4),
  max_rotation: float = 40.0,
  flip_probability: float = 0.5,
) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
  """Draws a clip's augmentation.

  Args:
    seed: [2] integer; equal seeds draw equal values.
    scale_range: factors on the person's size, uniform.
    max_rotation: degrees to either side, uniform.
    flip_probability: how often the clip is mirrored.
  Returns:
    scale (float32), rotation (float32 radians) and flip (bool), scalars.
  """
  seeds = tf.random.experimental.stateless_split(seed, 3)
  scale = tf.random.stateless_uniform([], seeds[0], *scale_range)
  limit = math.radians(max_rotation)
  rotation = tf.random.stateless_uniform([], seeds[1], -limit, limit)
  flip = tf.random.stateless_uniform([], seeds[2]) < flip_probability
  return scale, rotation, flip
