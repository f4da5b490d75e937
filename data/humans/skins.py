"""Textures of skin, computed from positions on the body: brows, lips, cheeks, stubble, blotches.

A texture holds factors of the skin's color; a material's tint adds the color.
"""

from typing import Dict, NamedTuple, Tuple

import cv2
import numpy as np
from scipy.special import expit

from .colors import GAMMA
from .mesh import Material, Model, join_models
from .rasterizer import FAR, Fragments, clear_fragments, rasterize
from .rig import Rig, Skin
from .textures import Texture, TexturePool
from .wavefront import Surface

KINDS = ("plain", "lips", "stubble", "beard", "cropped", "cropped_beard")
_SIZE = 512
_VARIANTS = 2
# A factor of 1 is this value of the texture, so that factors up to 1.3 fit.
_UNIT = 0.75


class Landmarks(NamedTuple):
  """Places of a face in the rest pose of the base mesh, in dm.

  Attributes:
    eye: [3], center of the left eye.
    mouth: [3], center of the lips.
    chin: [3].
  """

  eye: np.ndarray
  mouth: np.ndarray
  chin: np.ndarray


def find_landmarks(rig: Rig, vertices: np.ndarray) -> Landmarks:
  """Finds the landmarks of a body with vertices [V, 3]."""
  heads, tails = rig.place(vertices)
  lips = [number for name, number in rig.number.items() if name.startswith("oris")]
  eye = heads[rig.number["eye.L"]]
  return Landmarks(eye, tails[lips].mean(axis=0), tails[rig.number["jaw"]])


def paint_skins(pool: TexturePool, surface: Surface, rig: Rig) -> Dict[str, Tuple[Texture, ...]]:
  """Paints all kinds of skin, and returns the variants of each kind."""
  positions, drawn = _unwrap(surface)
  marks = find_landmarks(rig, surface.vertices)
  textures = {}
  for kind in KINDS:
    variants = []
    for variant in range(_VARIANTS):
      rng = np.random.default_rng([KINDS.index(kind), variant])
      factors = _paint(positions, marks, kind, rng)
      factors[~drawn] = 1
      values = 255 * (_UNIT * factors.clip(0, 1 / _UNIT)) ** (1 / GAMMA)
      variants.append(pool.add((f"skin {kind}", variant), values.round().astype(np.uint8)))
    textures[kind] = tuple(variants)
  return textures


def make_skin(texture: Texture, color: np.ndarray, shine: float) -> Material:
  """Creates the material of a painted skin with a color [3]."""
  return Material(texture, tint=color / _UNIT, shine=shine)


def _unwrap(surface: Surface) -> Tuple[np.ndarray, np.ndarray]:
  """Returns the position [S, S, 3] of each texel on the body, and whether it is on the skin."""
  is_skin = surface.groups["body"]
  corners, faces = surface.corners[is_skin], surface.faces[is_skin]
  points = surface.texture_points
  flat = np.column_stack([points[:, 0], 1 - points[:, 1]]) * _SIZE - 0.5
  screen = np.column_stack([flat, np.ones(len(flat))]).astype(np.float32)
  model = Model(1)
  model.add_material(Material(two_sided=True))
  bones = np.zeros((len(points), 4), np.int32)
  skin = Skin(bones, bones.astype(np.float32))
  model.add_part(np.zeros((len(points), 3)), skin, corners, corners, points, np.zeros(1))
  fragments = clear_fragments(_SIZE, _SIZE)
  mesh, materials = join_models([model], np.zeros(4, np.uint8))
  rasterize(screen, mesh, materials, fragments, False)
  drawn = fragments.depth < FAR
  fragments.shares[~drawn] = 0
  return _interpolate(surface.vertices[faces], fragments), drawn


def _interpolate(places: np.ndarray, fragments: Fragments) -> np.ndarray:
  """Interpolates the positions [F, 3, 3] of faces to [S, S, 3]."""
  triangle = places[fragments.face.clip(0)]
  p0, p1 = fragments.shares[..., :1], fragments.shares[..., 1:]
  return triangle[..., 0, :] * p0 + triangle[..., 1, :] * p1 + triangle[..., 2, :] * (1 - p0 - p1)


def _spot(x: np.ndarray, y: np.ndarray, width: float, height: float) -> np.ndarray:
  """Returns an ellipse with soft borders, 1 in its middle."""
  return _step(1 - np.hypot(x / width, y / height), 0.5)


def _paint(
  positions: np.ndarray, marks: Landmarks, kind: str, rng: np.random.Generator
) -> np.ndarray:
  """Returns factors of the skin's color, [S, S, 3]."""
  x, y, z = np.abs(positions[..., 0]), positions[..., 1], positions[..., 2]
  eye, mouth, chin = marks
  front = _step(z - (mouth[2] - 0.6), 0.15) * (y > chin[1] - 0.5)
  factors = np.ones((*x.shape, 3))

  def mix(amount: np.ndarray, color: Tuple[float, float, float]) -> None:
    factors[:] += amount[..., None] * (np.array(color) - factors)

  blotches = np.zeros(x.shape)
  for cells, amplitude in ((12, 0.04), (40, 0.03), (160, 0.02)):
    noise = rng.standard_normal((cells, cells))
    blotches += amplitude * cv2.resize(noise, x.shape[::-1], interpolation=cv2.INTER_CUBIC)
  mix(0.5 * front * _spot(x - 1.2 * eye[0], y - (mouth[1] + 0.3), 0.3, 0.25), (1.05, 0.8, 0.75))
  mix(0.45 * front * _spot(x - eye[0], y - eye[1], 0.27, 0.17), (0.72, 0.62, 0.6))
  width, height = 0.27 * rng.uniform(0.9, 1.1), 0.1 * rng.uniform(0.9, 1.1)
  lips = front * _spot(x, y - mouth[1], width, height)
  mix((0.9 if kind == "lips" else 0.6) * lips, (0.85, 0.38, 0.38))
  mix(0.8 * front * _spot(x, y - mouth[1], width, 0.018), (0.25, 0.12, 0.12))
  nostril = y - mouth[1] - 0.42 * (eye[1] - mouth[1])
  mix(0.6 * front * _spot(x - 0.08, nostril, 0.07, 0.04), (0.35, 0.22, 0.2))
  mix(0.25 * front * _spot(x - 0.16, nostril - 0.08, 0.06, 0.2), (0.6, 0.5, 0.48))
  arch = eye[1] + 0.2 - 0.35 * (x - eye[0]) ** 2
  mix(0.85 * front * _spot(x - eye[0], y - arch, 0.2, 0.04), (0.16, 0.12, 0.1))
  if kind in ("stubble", "beard", "cropped_beard"):
    jaw = front * _step(mouth[1] + 0.16 - y + 0.5 * (x > 0.35) * (x - 0.35), 0.05)
    jaw = jaw * _step(y - (chin[1] - 0.25), 0.1) * (1 - _spot(x, y - mouth[1], width, 0.09))
    mix((0.35 if kind == "stubble" else 0.85) * jaw, (0.14, 0.11, 0.1))
  if kind.startswith("cropped"):
    hairline = eye[1] + 0.75 - 1.1 * (z < eye[2] - 0.75) - 0.5 * (z < eye[2] - 1.2)
    mix(0.8 * _step(y - hairline, 0.06), (0.12, 0.1, 0.09))
  return factors * (1 + blotches)[..., None]


def _step(value: np.ndarray, width: float) -> np.ndarray:
  """Returns a smooth step from 0 to 1 at 0."""
  return np.asarray(expit(4 * value / width))
