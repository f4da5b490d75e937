"""Backgrounds, and occluders that move in front of the person."""

import dataclasses
from typing import List, Tuple

import cv2
import numpy as np

from . import appearance


def sample_background(
  rng: np.random.Generator, size: Tuple[int, int], floor: float, difficulty: float
) -> np.ndarray:
  """Paints a background.

  Args:
    rng: source of all random choices.
    size: (height, width) in pixels.
    floor: row of the border between wall and ground.
    difficulty: 0..1; higher means more objects, stronger textures and colors.

  Returns:
    [height, width, 3] uint8 BGR.
  """
  height, width = size
  floor = int(np.clip(floor, 0, height))
  image = np.empty((height, width, 3), np.float32)
  image[:floor] = _surface(rng, (floor, width), difficulty)
  image[floor:] = _surface(rng, (height - floor, width), difficulty)
  for _ in range(rng.poisson(1 + 7 * difficulty)):
    _furniture(rng, image, floor, difficulty)
  for _ in range(rng.poisson(5 * difficulty)):
    _shape(rng, image, difficulty)
  if rng.random() < 0.15 + 0.5 * difficulty:
    _poles(rng, image)
  light = 1 + 0.12 * appearance.sample_blotches(rng, size, max(height, width) / 3)
  image *= light[..., None].clip(0.6, 1.4)
  return image.clip(0, 255).astype(np.uint8)


def _surface(rng: np.random.Generator, size: Tuple[int, int], difficulty: float) -> np.ndarray:
  """Paints a wall or the ground [h, w, 3]: a gradient with noise, stripes, planks or tiles."""
  height, width = size
  if not height:
    return np.zeros((0, width, 3), np.float32)
  near = np.array(appearance.sample_color(rng, 0.6), np.float32)
  far = near + rng.normal(0, 25, 3)
  down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
  image = (near + (far - near) * down) * np.ones((1, width, 1), np.float32)
  strength = rng.uniform(0, 8 + 34 * difficulty)
  grain = rng.uniform(2, 30)
  image += strength * appearance.sample_blotches(rng, size, grain)[..., None]
  if rng.random() < 0.2 + 0.5 * difficulty:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    step = rng.uniform(8, 60)
    wave = np.cos(2 * np.pi * (np.cos(angle) * columns + np.sin(angle) * rows) / step)
    image += (rng.uniform(5, 12 + 45 * difficulty) * np.tanh(3 * wave))[..., None]
  return image


def _furniture(rng: np.random.Generator, image: np.ndarray, floor: int, difficulty: float) -> None:
  """Paints a box with a lighter top and a darker side: a bench, cupboard, door or window."""
  height, width = image.shape[:2]
  wide, high = int(width * rng.uniform(0.05, 0.28)), int(height * rng.uniform(0.08, 0.45))
  left = int(rng.uniform(-0.1, 1.0) * width)
  bottom = int(floor + rng.uniform(-0.03, 0.12) * height)
  if rng.random() < 0.4:
    bottom = int(rng.uniform(0.1, 1.0) * floor)
  color = np.array(appearance.sample_color(rng, 0.5 + 0.5 * difficulty))
  side = max(2, int(wide * rng.uniform(0.1, 0.35)))
  top = bottom - high
  cv2.rectangle(image, (left, top), (left + wide, bottom), tuple(color), -1)
  cv2.rectangle(image, (left + wide - side, top), (left + wide, bottom), tuple(0.7 * color), -1)
  cv2.rectangle(image, (left, top), (left + wide, top + max(2, high // 12)), tuple(1.2 * color), -1)
  for shelf in range(rng.integers(0, 4)):
    row = top + (shelf + 1) * high // 4
    cv2.line(image, (left, row), (left + wide - side, row), tuple(0.6 * color), 2)


def _shape(rng: np.random.Generator, image: np.ndarray, difficulty: float) -> None:
  """Paints a blob, a triangle or a limb-like bar, sometimes in the color of skin."""
  height, width = image.shape[:2]
  center = rng.uniform(0, 1, 2) * (width, height)
  size = rng.uniform(0.03, 0.12) * height
  color = appearance.sample_color(rng, 0.4 + 0.6 * difficulty)
  if rng.random() < 0.25:
    color = (110.0, 145.0, 200.0)
  kind = rng.integers(3)
  if kind == 0:
    axes = (int(size * rng.uniform(0.5, 1.5)), int(size))
    cv2.ellipse(image, tuple(center.astype(int)), axes, rng.uniform(0, 180), 0, 360, color, -1)
  elif kind == 1:
    corners = center + rng.normal(0, size, (3, 2))
    cv2.fillPoly(image, [corners.astype(np.int32)], color)
  else:
    end = center + rng.normal(0, 2.5 * size, 2)
    thickness = max(2, int(0.5 * size))
    cv2.line(image, tuple(center.astype(int)), tuple(end.astype(int)), color, thickness)


def _poles(rng: np.random.Generator, image: np.ndarray) -> None:
  height, width = image.shape[:2]
  for _ in range(rng.integers(1, 4)):
    left, wide = int(rng.uniform(0, width)), int(width * rng.uniform(0.008, 0.03)) + 2
    across = np.linspace(-1, 1, wide, dtype=np.float32)
    shade = (1.1 - 0.5 * across**2)[None, :, None]
    pole = np.array(appearance.sample_color(rng, 0.5), np.float32) * shade
    image[:, left : left + wide] = pole[:, : max(0, width - left)]


@dataclasses.dataclass(frozen=True)
class Occluder:
  """Post or box that passes in front of the person.

  Attributes:
    texture: [h, w, 3] uint8 BGR.
    path: [N, 2], (x, y) of its top-left corner in pixels.
  """

  texture: np.ndarray
  path: np.ndarray


def sample_occluders(
  rng: np.random.Generator,
  times: np.ndarray,
  span: float,
  extent: np.ndarray,
  size: Tuple[int, int],
  difficulty: float,
) -> List[Occluder]:
  """Draws occluders that pass in front of the person; most clips have none.

  Args:
    rng: source of all random choices.
    times: [N], times of the pictures in frames.
    span: length of the clip in frames.
    extent: (x1, y1, x2, y2) in pixels, box of the person's motion.
    size: (height, width) of the frame.
    difficulty: 0..1; the fraction of clips with occluders is 0.1 + 0.6 * difficulty.
  """
  if rng.random() >= 0.1 + 0.6 * difficulty:
    return []
  occluders = []
  for _ in range(1 + int(rng.random() < 0.5 * difficulty)):
    person_wide, person_high = extent[2] - extent[0], extent[3] - extent[1]
    post = rng.random() < 0.6
    wide = person_high * (rng.uniform(0.04, 0.1) if post else rng.uniform(0.1, 0.22))
    high = 1.2 * size[0] if post else person_high * rng.uniform(0.12, 0.3)
    top = -0.1 * size[0] if post else rng.uniform(extent[1], extent[3] - high)
    # A point of the person is hidden while the width passes.
    speed = rng.choice((-1, 1)) * wide / rng.uniform(1.0, 4.0)
    middle = extent[0] + rng.uniform(0.15, 0.85) * person_wide
    meeting = times.min() + rng.uniform(0.15, 0.85) * span
    left = middle + speed * (times - meeting) - wide / 2
    rise = rng.uniform(-0.2, 0.2) * abs(speed) * (times - meeting) * (not post)
    shape = (max(2, int(high)), max(2, int(wide)))
    texture = appearance.sample_cloth(rng, shape, appearance.sample_color(rng))
    across = np.linspace(-1, 1, shape[1])
    texture = texture * (1.08 - 0.35 * across**2)[None, :, None]
    path = np.stack([left, top + rise], axis=-1)
    occluders.append(Occluder(texture.clip(0, 255).astype(np.uint8), path))
  return occluders
