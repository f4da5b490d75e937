"""Meshes with skin weights and materials, as compiled functions read them."""

import dataclasses
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .rig import Skin
from .textures import PLAIN, Texture

# Kinds of Material.pattern[0].
NO_PATTERN, ROWS, COLUMNS, CHECKS, CAMOUFLAGE, PRINT = range(6)


@dataclasses.dataclass
class Material:
  """Look of a surface.

  Attributes:
    texture: texture that is multiplied by the tint.
    tint: [3], reflectance in linear light.
    recolor: 0..1, share of the texture's color that the tint replaces; its shading stays.
    luminance: mean luminance of the texture where it is recolored.
    opacity: alpha from which on a texel is solid; 0 for textures without holes.
    two_sided: whether the back of a face is drawn.
    shine: strength of highlights.
    pattern: kind, frequency per dm or area, duty cycle, strength.
    pattern_color: [3].
  """

  texture: Texture = PLAIN
  tint: np.ndarray = dataclasses.field(default_factory=lambda: np.ones(3))
  recolor: float = 0.0
  luminance: float = 1.0
  opacity: float = 0.0
  two_sided: bool = False
  shine: float = 0.02
  pattern: Tuple[float, float, float, float] = (NO_PATTERN, 0.0, 0.0, 0.0)
  pattern_color: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(3))


class Materials(NamedTuple):
  """M materials as arrays; see Material, TexturePool and Texture.

  `owner` is the number of the object that has the material.
  """

  texels: np.ndarray
  start: np.ndarray
  size: np.ndarray
  tint: np.ndarray
  recolor: np.ndarray
  luminance: np.ndarray
  opacity: np.ndarray
  two_sided: np.ndarray
  shine: np.ndarray
  pattern: np.ndarray
  pattern_color: np.ndarray
  owner: np.ndarray


class Mesh(NamedTuple):
  """Triangles in the rest pose.

  Attributes:
    vertices: [V, 3] float32 in dm.
    bones: [V, 4] int32.
    weights: [V, 4] float32.
    inside: [V] float32; a face is cut where the interpolated value is negative.
    faces: [F, 3] int32, numbers of vertices.
    corners: [F, 3] int32, numbers of texture points.
    texture_points: [U, 2] float32.
    material: [F] int32.
  """

  vertices: np.ndarray
  bones: np.ndarray
  weights: np.ndarray
  inside: np.ndarray
  faces: np.ndarray
  corners: np.ndarray
  texture_points: np.ndarray
  material: np.ndarray


@dataclasses.dataclass
class Model:
  """Mesh under construction, with its materials.

  Attributes:
    materials: materials in the order of their numbers.
    num_bones: bones that the vertices refer to.
  """

  num_bones: int
  materials: List[Material] = dataclasses.field(default_factory=list)
  _parts: List[Mesh] = dataclasses.field(default_factory=list)

  def add_material(self, material: Material) -> int:
    """Adds a material and returns its number."""
    self.materials.append(material)
    return len(self.materials) - 1

  def add_part(
    self,
    vertices: np.ndarray,
    skin: Skin,
    faces: np.ndarray,
    corners: np.ndarray,
    texture_points: np.ndarray,
    material: np.ndarray,
    inside: Optional[np.ndarray] = None,
  ) -> None:
    """Adds triangles; see Mesh. `material` is [F] or one number."""
    if inside is None:
      inside = np.ones(len(vertices))
    self._parts.append(
      Mesh(
        vertices.astype(np.float32),
        skin.bones,
        skin.weights,
        inside.astype(np.float32),
        faces.astype(np.int32),
        corners.astype(np.int32),
        texture_points.astype(np.float32),
        np.broadcast_to(material, len(faces)).astype(np.int32),
      )
    )

  def build(self) -> Mesh:
    """Joins the parts."""
    return _join(self._parts, [0] * len(self._parts), [0] * len(self._parts))


def join_models(models: Sequence[Model], texels: np.ndarray) -> Tuple[Mesh, Materials]:
  """Joins models to one mesh, whose bones and materials follow each other.

  Args:
    models: objects; their order gives Materials.owner.
    texels: values of the texture pool.
  """
  bones = np.cumsum([0, *(model.num_bones for model in models)])
  numbers = np.cumsum([0, *(len(model.materials) for model in models)])
  mesh = _join([model.build() for model in models], bones[:-1].tolist(), numbers[:-1].tolist())
  materials = [material for model in models for material in model.materials]
  owner = np.repeat(np.arange(len(models)), [len(model.materials) for model in models])

  def column(name: str, dtype: type = np.float32) -> np.ndarray:
    return np.array([getattr(material, name) for material in materials], dtype)

  return mesh, Materials(
    texels=texels,
    start=np.array([material.texture.start for material in materials], np.int64),
    size=np.array([material.texture.size for material in materials], np.int64),
    tint=column("tint"),
    recolor=column("recolor"),
    luminance=column("luminance"),
    opacity=column("opacity"),
    two_sided=column("two_sided", np.bool_),
    shine=column("shine"),
    pattern=column("pattern"),
    pattern_color=column("pattern_color"),
    owner=owner.astype(np.int32),
  )


def _join(parts: Sequence[Mesh], bones: Sequence[int], materials: Sequence[int]) -> Mesh:
  """Joins meshes after adding numbers to their bones and materials."""
  vertex = np.cumsum([0, *(len(part.vertices) for part in parts)])
  point = np.cumsum([0, *(len(part.texture_points) for part in parts)])
  joined = {
    name: np.concatenate([getattr(part, name) for part in parts])
    for name in ("vertices", "weights", "inside", "texture_points")
  }

  def shifted(name: str, shifts: Sequence[int]) -> np.ndarray:
    rows = [getattr(part, name) + np.int32(shift) for part, shift in zip(parts, shifts)]
    return np.concatenate(rows)

  return Mesh(
    **joined,
    bones=shifted("bones", bones),
    faces=shifted("faces", list(vertex)),
    corners=shifted("corners", list(point)),
    material=shifted("material", materials),
  )
