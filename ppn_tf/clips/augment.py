"""Random changes of training clips: scale, rotation, mirroring and shift (section IV-B.1)."""

import dataclasses
import math
from typing import Tuple

from ppn_tf.runtime.settings import Bounds, Settings, number, numbers

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Augmentation(Settings):
  """Ranges of the random changes of a training clip; the defaults are the paper's."""

  scale_range: Tuple[float, float] = numbers(
    (0.8, 1.4),
    "Smallest and largest factor on the size of the person.",
    Bounds(0.05, 20.0),
    count=2,
    ascending=True,
  )
  max_rotation: float = number(40.0, "Largest rotation to either side, in degrees.", 0.0, 180.0)
  flip_probability: float = number(0.5, "Share of mirrored clips.", 0.0, 1.0)
  max_shift: float = number(
    0.0,
    "Largest shift of the crop to either side and up or down, in sides of the crop. The paper has "
    "none; a tracker crops by its own estimates and needs some.",
    0.0,
    1.0,
  )
  max_frame_step: int = number(
    1,
    "Largest distance of consecutive frames of a clip, for faster motion; drawn from 1 to this "
    "for each clip, and smaller where the clip is too short.",
    1,
    1000,
  )
  turn_probability: float = number(
    0.0, "Share of clips that are rotated by any angle, for people who are not upright.", 0.0, 1.0
  )
  neighbor_probability: float = number(
    0.0, "Share of clips with a second person, who has no labels.", 0.0, 1.0
  )
  color_jitter: float = number(
    0.0, "Strength of random changes of color, contrast, brightness and noise.", 0.0, 1.0
  )
  blur_probability: float = number(0.0, "Share of frames out of focus.", 0.0, 1.0)
  occlusion_probability: float = number(
    0.0, "Share of clips with something in front of the person.", 0.0, 1.0
  )


PAPER = Augmentation()


def draw(
  seed: tf.Tensor, augmentation: Augmentation = PAPER
) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
  """Draws the geometry of a clip's augmentation.

  Args:
    seed: [2] integer; equal seeds draw equal values.
    augmentation: ranges to draw from.
  Returns:
    scale (float32), rotation (float32 radians) and flip (bool), scalars, and shift [2] (x, y)
    float32, in sides of the crop.
  """
  seeds = tf.random.experimental.stateless_split(seed, 4)
  scale = tf.random.stateless_uniform([], seeds[0], *augmentation.scale_range)
  limit = math.radians(augmentation.max_rotation)
  rotation = tf.random.stateless_uniform([], seeds[1], -limit, limit)
  if augmentation.turn_probability:
    turn_seeds = tf.random.experimental.stateless_split(seeds[1], 2)
    turned = tf.random.stateless_uniform([], turn_seeds[0]) < augmentation.turn_probability
    any_angle = tf.random.stateless_uniform([], turn_seeds[1], -math.pi, math.pi)
    rotation = tf.where(turned, any_angle, rotation)
  flip = tf.random.stateless_uniform([], seeds[2]) < augmentation.flip_probability
  shift_limit = augmentation.max_shift
  shift = tf.random.stateless_uniform([2], seeds[3], -shift_limit, shift_limit)
  return scale, rotation, flip, shift
