"""Looks of people: skin, hair, faces, clothes and shoes as small BGR textures."""

import dataclasses
from typing import Dict, Optional, Tuple

import cv2
import numpy as np

Color = Tuple[float, float, float]

# (height, width). A wrap texture surrounds a part, with its middle column in front
# and the person's left to the right of that; a strip runs along a limb.
WRAP = (72, 144)
STRIP = (64, 32)

_SKINS = (
  (190, 210, 245),
  (160, 185, 232),
  (135, 165, 215),
  (105, 140, 198),
  (80, 112, 170),
  (58, 84, 135),
  (42, 60, 100),
  (34, 46, 76),
)
_HAIRS = (
  (22, 22, 26),
  (28, 34, 46),
  (36, 55, 85),
  (45, 80, 130),
  (110, 165, 205),
  (40, 65, 150),
  (150, 150, 155),
)


@dataclasses.dataclass(frozen=True)
class Looks:
  """Textures of a person.

  Attributes:
    wraps: chest, hips, head -> WRAP BGR uint8.
    strips: neck, nose, tail and every limb part -> STRIP BGR uint8.
    loose: part -> factor of its width (wide trousers, sleeves).
    tail: length of the hair at the back of the head, in body heights.
  """

  wraps: Dict[str, np.ndarray]
  strips: Dict[str, np.ndarray]
  loose: Dict[str, float]
  tail: float


def color_from_hsv(hue: float, saturation: float, value: float) -> Color:
  """Converts hue 0..180, saturation and value 0..255 to BGR 0..255."""
  pixel = np.array([[[hue % 180, saturation, value]]], np.float32).clip(0, 255).astype(np.uint8)
  blue, green, red = cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0]
  return float(blue), float(green), float(red)


def sample_color(rng: np.random.Generator, vivid: float = 1.0) -> Color:
  """Draws the color of a garment or an object; a third are gray, black or white."""
  if rng.random() < 0.33:
    return color_from_hsv(rng.uniform(0, 180), rng.uniform(0, 35), rng.uniform(20, 245))
  saturation = rng.uniform(60, 240) * vivid
  return color_from_hsv(rng.uniform(0, 180), saturation, rng.uniform(45, 240))


def sample_cloth(rng: np.random.Generator, size: Tuple[int, int], base: Color) -> np.ndarray:
  """Draws a texture [h, w, 3] float32: plain, striped, checked, dotted or blotched cloth."""
  height, width = size
  rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
  second = np.array(sample_color(rng), np.float32)
  pattern = rng.choice(["plain", "rows", "columns", "checks", "dots", "blotches"], p=_PATTERN_ODDS)
  step, phase = rng.uniform(7, 18), rng.uniform(0, 6)
  across = np.sin(2 * np.pi * rows / step + phase)
  along = np.sin(2 * np.pi * columns / step)
  amount = {
    "plain": np.zeros_like(rows),
    "rows": (across > rng.uniform(-0.3, 0.6)).astype(np.float32),
    "columns": (along > rng.uniform(-0.3, 0.6)).astype(np.float32),
    "checks": 0.5 * (across > 0) + 0.5 * (along > 0),
    "dots": (across * along > 0.45).astype(np.float32),
    "blotches": (sample_blotches(rng, size, step) > 0.15).astype(np.float32),
  }[str(pattern)]
  strength = rng.uniform(0.35, 1.0)
  texture = np.array(base, np.float32) + (strength * amount)[..., None] * (second - base)
  folds = 1 + 0.07 * sample_blotches(rng, size, 14) + 0.03 * rng.standard_normal(size)
  return (texture * folds[..., None]).astype(np.float32)


_PATTERN_ODDS = (0.5, 0.14, 0.12, 0.1, 0.06, 0.08)


def sample_blotches(rng: np.random.Generator, size: Tuple[int, int], grain: float) -> np.ndarray:
  """Draws smooth noise [h, w] float32 of about unit deviation; `grain` is in pixels."""
  height, width = size
  cells = rng.standard_normal((int(height / grain) + 2, int(width / grain) + 2))
  return cv2.resize(cells.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)


def _plain(color: Color, size: Tuple[int, int]) -> np.ndarray:
  return np.broadcast_to(np.array(color, np.float32), (*size, 3)).copy()


def _scale(color: Color, factor: float) -> Color:
  return factor * color[0], factor * color[1], factor * color[2]


def _angles() -> Tuple[np.ndarray, np.ndarray]:
  """Returns the angle around a part in radians, 0 in front, and the height from 0 (top) to 1."""
  height, width = WRAP
  around = (np.arange(width) + 0.5) / width * 2 * np.pi - np.pi
  down = (np.arange(height) + 0.5) / height
  return np.broadcast_to(around, WRAP), np.broadcast_to(down[:, None], WRAP)


def _head(rng: np.random.Generator, skin: Color, hair: Color, tail: float) -> np.ndarray:
  around, down = _angles()
  away = np.abs(around)
  face = _plain(skin, WRAP)
  face *= (1 - 0.06 * rng.standard_normal((*WRAP, 1))).clip(0.85, 1.15)
  front = rng.uniform(0.2, 0.3)
  back = 1.0 if tail > 0 else rng.uniform(0.72, 0.9)
  hairline = np.interp(away, [0.7, 1.1, 1.5, 1.9], [front, 0.42, 0.55, back])
  if rng.random() < 0.06:
    hairline = np.zeros(WRAP)
  lips = (0.55 * skin[0], 0.5 * skin[1], 0.85 * skin[2])

  def mark(angle: float, height: float, wide: float, high: float, color: Color) -> None:
    face[((around - angle) / wide) ** 2 + ((down - height) / high) ** 2 < 1] = color

  if rng.random() < 0.2:
    face[(down > 0.68) & (away < 1.25)] = hair
  for angle in (-0.42, 0.42):
    mark(angle, 0.40, 0.24, 0.035, hair if sum(hair) < sum(skin) else _scale(skin, 0.35))
    mark(angle, 0.48, 0.19, 0.055, (235, 235, 235))
    mark(angle, 0.48, 0.11, 0.06, (30, 25, 25))
    mark(4 * angle, 0.5, 0.16, 0.1, _scale(skin, 0.78))
  mark(0, 0.62, 0.12, 0.07, _scale(skin, 0.8))
  mark(0, 0.77, 0.3, 0.045, lips)
  covered = down < hairline
  face[covered] = np.array(hair) * (1 + 0.12 * rng.standard_normal((int(covered.sum()), 1)))
  if rng.random() < 0.2:
    face[down < 0.3] = sample_color(rng)
  return face


def _shirt(rng: np.random.Generator, base: Color, skin: Color) -> np.ndarray:
  around, down = _angles()
  shirt = sample_cloth(rng, WRAP, base)
  mark = np.array(sample_color(rng), np.float32)
  style = rng.random()
  if style < 0.45:
    high, wide = rng.uniform(0.1, 0.22), rng.uniform(0.3, 0.6)
    shirt[(np.abs(down - 0.42) < high) & (np.abs(around) < wide)] = mark
  elif style < 0.65:
    shirt[np.abs(around) < rng.uniform(0.06, 0.2)] = mark
  elif style < 0.8:
    shirt[around > 0] = 0.4 * shirt[around > 0] + 0.6 * mark
  neckline = rng.uniform(0.1, 0.3)
  shirt[down < neckline * (1 - (around / 0.75) ** 2)] = skin
  return shirt


def _blend_along(top: np.ndarray, bottom: np.ndarray, share: float) -> np.ndarray:
  """Returns a strip that is `top` for the first `share` of its length, then `bottom`."""
  rows = (np.arange(STRIP[0]) + 0.5) / STRIP[0]
  return np.where((rows < share)[:, None, None], top, bottom)


def _finish_strip(texture: np.ndarray) -> np.ndarray:
  across = (np.arange(STRIP[1]) + 0.5) / STRIP[1] * 2 - 1
  shade = 1.06 - 0.42 * np.abs(across) ** 2.2
  return (texture * shade[None, :, None]).clip(0, 255).astype(np.uint8)


def sample_looks(rng: np.random.Generator, scenery: Optional[Color] = None) -> Looks:
  """Draws the looks of a person.

  Args:
    rng: source of all random choices.
    scenery: BGR color that the clothes resemble (a hard case of low contrast), or None.
  """
  skin = _scale(_SKINS[rng.integers(len(_SKINS))], rng.uniform(0.92, 1.08))
  hair = _HAIRS[rng.integers(len(_HAIRS))]
  tail = float(rng.uniform(0.1, 0.2)) if rng.random() < 0.3 else 0.0

  def garment() -> Color:
    if scenery is None:
      return sample_color(rng)
    blue, green, red = np.clip(np.array(scenery) + rng.normal(0, 22, 3), 5, 250)
    return blue, green, red

  shirt, trousers, shoes = garment(), garment(), sample_color(rng)
  bare = _plain(skin, STRIP)
  sleeve = float(rng.choice([0.0, 0.55, 0.75, 2.0], p=[0.12, 0.3, 0.28, 0.3]))
  leg = float(rng.choice([0.55, 0.85, 1.5, 2.0], p=[0.15, 0.25, 0.1, 0.5]))
  fabric = sample_cloth(rng, STRIP, shirt)
  denim = sample_cloth(rng, STRIP, trousers)
  sock = _plain(sample_color(rng, 0.4), STRIP)
  strips = {"neck": bare * 0.8, "nose": bare * 1.05, "tail": _plain(hair, STRIP)}
  accent_side = rng.choice(["right", "left", "none"], p=[0.2, 0.2, 0.6])
  accent = sample_cloth(rng, STRIP, sample_color(rng))
  calf = _blend_along(bare, sock, rng.uniform(0.55, 1.0))
  for side in ("right", "left"):
    arm = accent if side == accent_side else fabric
    strips[f"{side}_upper_arm"] = _blend_along(arm, bare, sleeve)
    strips[f"{side}_forearm"] = _blend_along(arm, bare, 0.95 if sleeve > 1 else 0.0)
    strips[f"{side}_hand"] = bare * 0.98
    strips[f"{side}_thigh"] = _blend_along(denim, bare, leg)
    strips[f"{side}_shank"] = _blend_along(denim, calf, leg - 1.0)
    strips[f"{side}_foot"] = _plain(shoes, STRIP)
  if accent_side != "none" and rng.random() < 0.5:
    shank = f"{accent_side}_shank"
    strips[shank] = _blend_along(accent, strips[shank], 0.35)
  wide = rng.uniform(1.0, 1.25)
  loose = {name: wide for name in ("thigh", "shank") if leg > 1}
  if sleeve > 0:
    loose["upper_arm"] = rng.uniform(1.0, 1.2)
  hips = sample_cloth(rng, WRAP, trousers)
  if rng.random() < 0.4:
    hips[: rng.integers(6, 26)] = sample_cloth(rng, WRAP, shirt)[:1]
  return Looks(
    wraps={
      "chest": _shirt(rng, shirt, skin).clip(0, 255).astype(np.uint8),
      "hips": hips.clip(0, 255).astype(np.uint8),
      "head": _head(rng, skin, hair, tail).clip(0, 255).astype(np.uint8),
    },
    strips={name: _finish_strip(texture) for name, texture in strips.items()},
    loose=loose,
    tail=tail,
  )
