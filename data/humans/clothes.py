"""Outfits: MakeHuman's suits in new colors, or shirts, trousers and skirts cut from its helpers."""

from typing import NamedTuple, Tuple

import numpy as np

from . import mesh as meshes
from .colors import sample_color
from .garments import Garment
from .mesh import Material, Model
from .retargeting import Frame
from .rig import Skin
from .textures import Texture, TexturePool
from .wavefront import Surface

_ARM_BONES = ("upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist")
_HIDDEN_SHARE = 0.08  # of a limb; the skin reaches this far under a hem


def sample_pattern(rng: np.random.Generator) -> Tuple[float, float, float, float]:
  """Draws the pattern of a material."""
  kind = int(rng.integers(meshes.ROWS, meshes.PRINT + 1))
  strength = rng.uniform(0.5, 1)
  if kind in (meshes.ROWS, meshes.COLUMNS):
    return kind, rng.uniform(0.8, 4), rng.uniform(0.2, 0.6), strength
  if kind == meshes.CHECKS:
    return kind, rng.uniform(0.8, 3), 0.5, strength
  if kind == meshes.CAMOUFLAGE:
    return kind, rng.uniform(0.5, 2), 0.5, strength
  return kind, rng.uniform(0.1, 0.7), 0.0, strength


def sample_cloth(rng: np.random.Generator, patterned: float) -> Material:
  """Draws cloth without a texture; `patterned` is the probability of a pattern."""
  cloth = Material(tint=sample_color(rng), two_sided=True)
  if rng.random() < patterned:
    cloth.pattern, cloth.pattern_color = sample_pattern(rng), sample_color(rng)
  return cloth


def add_suit(
  model: Model,
  garment: Garment,
  texture: Texture,
  pool: TexturePool,
  frame: Frame,
  body: np.ndarray,
  rng: np.random.Generator,
) -> None:
  """Adds a suit, whose upper and lower parts are often recolored.

  Args:
    model: person to dress.
    garment: the suit.
    texture: its texture.
    pool: holds the texture.
    frame: bones of the body.
    body: [V, 3], vertices of the body.
    rng: source of all random choices.
  """
  vertices, surface = garment.fit(body), garment.surface
  counts = np.bincount(garment.components)
  heights = np.bincount(garment.components, vertices[:, 1]) / counts
  is_low = heights < frame.head("upperleg01.L")[1] - 0.6
  lower = is_low[garment.components[surface.faces[:, 0]]]
  numbers = []
  for part in (~lower, lower):
    material = Material(texture, two_sided=True, opacity=0.3)
    if part.any() and rng.random() < 0.75:
      used = surface.texture_points[surface.corners[part].ravel()]
      material.tint, material.recolor = sample_color(rng), rng.uniform(0.6, 1)
      material.luminance = pool.measure_luminance(texture, used)
      if rng.random() < 0.25:
        material.pattern, material.pattern_color = sample_pattern(rng), sample_color(rng)
    numbers.append(model.add_material(material))
  material_of = np.where(lower, numbers[1], numbers[0])
  points = surface.texture_points
  model.add_part(vertices, garment.skin, surface.faces, surface.corners, points, material_of)


class Cut(NamedTuple):
  """Borders of cut garments.

  Attributes:
    sleeve: share of the arm that the shirt covers.
    hem: share of the leg that the trousers cover.
    neck, bottom: upper and lower end of the shirt, height in dm.
    waist: upper end of the trousers or skirt, height in dm.
    skirt: lower end of the skirt, height in dm; None for trousers.
  """

  sleeve: float
  hem: float
  neck: float
  bottom: float
  waist: float
  skirt: float


NO_SKIRT = np.inf


def sample_cut(rng: np.random.Generator, frame: Frame, is_woman: bool) -> Cut:
  """Draws the borders of cut garments."""
  hip, knee, neck = (frame.head(bone)[1] for bone in ("upperleg01.L", "lowerleg01.L", "neck01"))
  thigh = hip - knee
  has_skirt = is_woman and rng.random() < 0.3
  return Cut(
    sleeve=float(rng.choice([-0.05, 0.3, 0.45, 0.9], p=[0.2, 0.35, 0.15, 0.3])),
    hem=float(rng.choice([0.2, 0.35, 0.5, 0.75, 0.92], p=[0.1, 0.2, 0.1, 0.1, 0.5])),
    neck=neck - thigh * rng.uniform(-0.025, 0.08),
    bottom=hip - thigh * rng.uniform(-0.07, 0.2),
    waist=hip + thigh * rng.uniform(0.1, 0.28),
    skirt=hip - thigh * rng.uniform(0.45, 1.15) if has_skirt else NO_SKIRT,
  )


def add_cut_garments(
  model: Model,
  surface: Surface,
  frame: Frame,
  body: np.ndarray,
  cut: Cut,
  rng: np.random.Generator,
) -> np.ndarray:
  """Adds a shirt, and trousers or a skirt, cut from MakeHuman's helpers around the body.

  Args:
    model: person to dress.
    surface: base mesh with the helpers.
    frame: bones of the body.
    body: [V, 3], vertices of the body and the helpers.
    cut: borders of the garments.
    rng: source of all random choices.
  Returns:
    [V] bool, vertices of the body that the garments hide.
  """
  arm, leg, on_arm = _measure_limbs(frame, body)
  hip, knee = frame.head("upperleg01.L")[1], frame.head("lowerleg01.L")[1]
  neck, height, thigh = frame.head("neck01")[1], body[:, 1], hip - knee
  # Positive inside a garment, in dm; the rasterizer cuts at 0.
  along_arm, along_leg = (cut.sleeve - arm) * thigh, 2 * (cut.hem - leg) * thigh
  trunk = np.minimum(cut.neck - height, height - cut.bottom)
  shirt = np.where(on_arm, along_arm, trunk)
  trousers = np.where(on_arm, -9.0, np.minimum(cut.waist - height, along_leg))
  cloth = sample_cloth(rng, 0.5)
  lower_cloth = sample_cloth(rng, 0.2)
  if rng.random() < 0.2:
    lower_cloth.tint = cloth.tint
  upper, lower = model.add_material(cloth), model.add_material(lower_cloth)
  folds = 0.8 + 0.2 * np.sin(3 * body[:, 1:2] + 2 * body[:, :1])
  outward = folds * compute_normals(surface, body, "helper-tights") * thigh / 4.5
  skirted = np.isfinite(cut.skirt)
  loose = rng.uniform(0.05, 0.35, 2)
  # A shirt is worn over or in the trousers.
  loose = np.sort(loose) if rng.random() < 0.7 else loose
  if skirted:
    add_base_part(
      model, surface, surface.groups["helper-skirt"], frame.rig.skin, body, lower,
      height - cut.skirt,
    )  # fmt: skip
  else:
    _add_tights(model, surface, frame.rig.skin, body + loose[0] * outward, lower, trousers)
  _add_tights(model, surface, frame.rig.skin, body + loose[1] * outward, upper, shirt)
  bare = ~(on_arm & (arm > cut.sleeve - 0.1))
  hidden = (shirt > 0) & bare & (height < neck - 0.13 * thigh)
  if skirted:
    return np.asarray(hidden & (height > cut.waist))
  return np.asarray(hidden | ((trousers > 0) & (leg < cut.hem - _HIDDEN_SHARE)))


def _measure_limbs(frame: Frame, body: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Returns places along the arm and the leg, 0..1 [V], and whether a vertex is on an arm [V]."""
  mirrored = np.column_stack([np.abs(body[:, 0]), body[:, 1:]])

  def along(start: str, end: str) -> np.ndarray:
    span = frame.span(start, end)
    return np.asarray((mirrored - frame.head(start)) @ span / (span @ span))

  upper, lower = along("upperarm01.L", "lowerarm01.L"), along("lowerarm01.L", "wrist.L")
  arm = np.where(upper < 1, 0.5 * upper, 0.5 + 0.5 * lower)
  hip, knee, ankle = (frame.head(bone)[1] for bone in ("upperleg01.L", "lowerleg01.L", "foot.L"))
  height = body[:, 1]
  shank = 0.5 + 0.5 * (knee - height) / (knee - ankle)
  leg = np.where(height > knee, 0.5 * (hip - height) / (hip - knee), shank)
  rig = frame.rig
  bones = [rig.number[f"{bone}{side}"] for bone in _ARM_BONES for side in (".L", ".R")]
  return arm, leg, rig.weights[:, bones].sum(axis=1) > 0.5


def compute_normals(surface: Surface, vertices: np.ndarray, group: str) -> np.ndarray:
  """Computes unit normals [V, 3] of one group; zero elsewhere."""
  faces = surface.faces[surface.groups[group]]
  corners = vertices[faces]
  crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
  normals = np.stack(
    [
      np.bincount(faces.ravel(), np.repeat(crosses[:, axis], 3), len(vertices)) for axis in range(3)
    ],
    axis=1,
  )
  return np.asarray(normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9))


def _add_tights(
  model: Model,
  surface: Surface,
  skin: Skin,
  vertices: np.ndarray,
  material: int,
  inside: np.ndarray,
) -> None:
  chosen = surface.groups["helper-tights"] & (inside[surface.faces] > 0).any(axis=1)
  add_base_part(model, surface, chosen, skin, vertices, material, inside)


def add_base_part(
  model: Model,
  surface: Surface,
  chosen: np.ndarray,
  skin: Skin,
  vertices: np.ndarray,
  material: int,
  inside: np.ndarray,
) -> None:
  """Adds some faces of the base mesh.

  Args:
    model: person.
    surface: base mesh.
    chosen: [F] bool.
    skin: bones of all vertices.
    vertices: [V, 3] in dm.
    material: number of the material.
    inside: [V], see Mesh.
  """
  if not chosen.any():
    return
  used, faces = _renumber(surface.faces[chosen], len(vertices))
  points, corners = _renumber(surface.corners[chosen], len(surface.texture_points))
  part = Skin(skin.bones[used], skin.weights[used])
  model.add_part(
    vertices[used], part, faces, corners, surface.texture_points[points], np.array(material),
    inside[used],
  )  # fmt: skip


def _renumber(rows: np.ndarray, count: int) -> Tuple[np.ndarray, np.ndarray]:
  """Returns the numbers that occur in rows, in order, and the rows in terms of their places."""
  occurs = np.zeros(count, bool)
  occurs[rows] = True
  return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[rows]
