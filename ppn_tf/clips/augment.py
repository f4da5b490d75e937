"""Random changes of training clips: scale, rotation, mirroring and shift (section IV-B.1)."""

import dataclasses
import math
from typing import Tuple

import tensorflow as tf

_PROBABILITIES = (
  "flip_probability",
  "turn_probability",
  "neighbor_probability",
  "color_jitter",
  "blur_probability",
  "occlusion_probability",
)


@dataclasses.dataclass(frozen=True)
class Augmentation:
  """Ranges of the random changes of a training clip; the defaults are the paper's.

  Attributes:
    scale_range: smallest and largest factor on the person's size, uniform.
    max_rotation: largest rotation to either side in degrees, uniform.
    flip_probability: share of mirrored clips.
    max_shift: largest shift of the crop to either side and up or down, in sides of the crop,
      uniform. The paper has none; a tracker crops by its own estimates and needs some.
    max_frame_step: largest distance of consecutive frames of a clip; drawn from 1 to this for
      each clip, and smaller where the clip is too short.
    turn_probability: share of clips that are rotated by any angle, for people who are not
      upright.
    neighbor_probability: share of clips with a second person, see `neighbor.add_neighbor`.
    color_jitter: strength of the change of colors, 0 to 1, see `appearance`.
    blur_probability: share of frames out of focus, see `appearance`.
    occlusion_probability: share of clips with something in front of the person.
  Raises:
    ValueError: a value is not finite or out of range.
  """

  scale_range: Tuple[float, float] = (0.8, 1.4)
  max_rotation: float = 40.0
  flip_probability: float = 0.5
  max_shift: float = 0.0
  max_frame_step: int = 1
  turn_probability: float = 0.0
  neighbor_probability: float = 0.0
  color_jitter: float = 0.0
  blur_probability: float = 0.0
  occlusion_probability: float = 0.0

  def __post_init__(self) -> None:
    smallest, largest = self.scale_range
    if not 0.0 < smallest <= largest < math.inf:
      raise ValueError(
        "scale_range must be two positive numbers, the smaller one first. "
        f"Received: {self.scale_range}"
      )
    if not 0.0 <= self.max_rotation <= 180.0:
      raise ValueError(f"max_rotation must be 0 to 180 degrees. Received: {self.max_rotation}")
    if not 0.0 <= self.max_shift <= 1.0:
      raise ValueError(f"max_shift must be 0 to 1 sides of the crop. Received: {self.max_shift}")
    if not self.max_frame_step >= 1:
      raise ValueError(f"max_frame_step must be at least 1. Received: {self.max_frame_step}")
    for name in _PROBABILITIES:
      if not 0.0 <= getattr(self, name) <= 1.0:
        raise ValueError(f"{name} must be 0 to 1. Received: {getattr(self, name)}")


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
