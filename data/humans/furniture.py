"""Things that stand about people and hide them: boxes, tables, chairs, poles, rails and balls."""

from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np

from .clothes import sample_pattern
from .colors import sample_color
from .library import Library
from .mesh import Material, Model
from .rig import BONES_PER_VERTEX, Skin

Piece = Tuple[np.ndarray, np.ndarray, np.ndarray]
_SIDES = 14  # of a pole or a ball


class Furniture(NamedTuple):
  """Thing with one bone at its foot.

  Attributes:
    model: mesh and materials.
    reach: radius of its foot in dm.
  """

  model: Model
  reach: float


def make_cuboid(low: np.ndarray, high: np.ndarray) -> Piece:
  """Makes a cuboid between two corners, [3] each.

  Returns:
    Vertices [24, 3], four for each side, faces [12, 3] that are counterclockwise from outside,
    and texture points [24, 2].
  """
  sides: List[np.ndarray] = []
  faces: List[Tuple[int, int, int]] = []
  square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
  for axis in range(3):
    for end in (0, 1):
      corners = np.empty((4, 3))
      corners[:, axis] = end
      # Counterclockwise from outside at the high end, so turned around at the low one.
      corners[:, [(axis + 1) % 3, (axis + 2) % 3]] = square if end else square[::-1]
      first = 4 * len(sides)
      faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
      sides.append(low + corners * (high - low))
  return np.concatenate(sides), np.array(faces, np.int32), np.tile(square, (6, 1))


def make_lathe(radii: np.ndarray, heights: np.ndarray) -> Piece:
  """Makes a body of revolution about the y axis.

  Args:
    radii: [N] from the lowest to the highest ring, in dm.
    heights: [N] in dm.
  Returns:
    Vertices, faces that are counterclockwise from outside, and texture points.
  """
  angles = np.linspace(0, 2 * np.pi, _SIDES + 1)
  ring = np.stack([np.sin(angles), np.zeros_like(angles), np.cos(angles)], axis=-1)
  vertices = ring[None] * radii[:, None, None] + heights[:, None, None] * np.array([0, 1, 0])
  points = np.stack(np.meshgrid(angles / (2 * np.pi), np.linspace(0, 1, len(radii))), axis=-1)
  faces = []
  for row in range(len(radii) - 1):
    for side in range(_SIDES):
      a = row * (_SIDES + 1) + side
      b = a + _SIDES + 1
      faces += [(a, a + 1, b + 1), (a, b + 1, b)]
  return vertices.reshape(-1, 3), np.array(faces, np.int32), points.reshape(-1, 2)


def _box(rng: np.random.Generator) -> List[Piece]:
  width, height, depth = rng.uniform((2, 3, 2), (12, 11, 8))
  return [
    make_cuboid(np.array([-width / 2, 0, -depth / 2]), np.array([width, 2 * height, depth]) / 2)
  ]


def _table(rng: np.random.Generator) -> List[Piece]:
  width, height, depth = rng.uniform((8, 5.5, 5), (20, 10, 9))
  half, leg = np.array([width, 0, depth]) / 2, rng.uniform(0.2, 0.5)
  top = np.array([0, height, 0])
  pieces = [make_cuboid(top - half - (0, rng.uniform(0.2, 1.5), 0), top + half)]
  for x in (-1, 1):
    for z in (-1, 1):
      foot = (half - leg) * (x, 0, z)
      pieces.append(make_cuboid(foot - (leg, 0, leg), foot + (leg, height - 0.1, leg)))
  return pieces


def _chair(rng: np.random.Generator) -> List[Piece]:
  seat, back, half = rng.uniform(4, 5), rng.uniform(8, 11), rng.uniform(2, 2.6)
  pieces = [make_cuboid(np.array([-half, seat - 0.4, -half]), np.array([half, seat, half]))]
  low = seat + rng.uniform(0.2, 2)
  pieces.append(make_cuboid(np.array([-half, low, -half]), np.array([half, back, 0.3 - half])))
  for x in (-1, 1):
    for z in (-1, 1):
      foot, top = np.array([x * (half - 0.2), 0, z * (half - 0.2)]), back if z < 0 else seat
      pieces.append(make_cuboid(foot - (0.2, 0, 0.2), foot + (0.2, top, 0.2)))
  return pieces


def _pole(rng: np.random.Generator) -> List[Piece]:
  radius = rng.uniform(0.2, 1.5)
  return [make_lathe(np.array([radius, radius]), np.array([0, rng.uniform(15, 40)]))]


def _rail(rng: np.random.Generator) -> List[Piece]:
  width, thick = rng.uniform(20, 60), rng.uniform(0.15, 0.4)
  pieces = []
  for height in rng.uniform(4, 11, rng.integers(1, 4)):
    low = np.array([-width / 2, height, -thick])
    pieces.append(make_cuboid(low, low + (width, 2 * thick, 2 * thick)))
  for x in np.arange(-width / 2, width / 2, rng.uniform(6, 20)):
    pieces.append(make_cuboid(np.array([x, 0, -thick]), np.array([x + 2 * thick, 11, thick])))
  return pieces


def _ball(rng: np.random.Generator) -> List[Piece]:
  radius, turn = rng.uniform(1, 4), np.linspace(-np.pi / 2, np.pi / 2, 9)
  return [make_lathe(radius * np.cos(turn), rng.uniform(0, 8) + radius * (1 + np.sin(turn)))]


KINDS: Dict[str, Callable[[np.random.Generator], List[Piece]]] = {
  "box": _box,
  "table": _table,
  "chair": _chair,
  "pole": _pole,
  "rail": _rail,
  "ball": _ball,
}


def sample_furniture(library: Library, rng: np.random.Generator) -> Furniture:
  """Draws a thing of any kind, plain, patterned or with a photograph as its surface."""
  pieces = KINDS[str(rng.choice(list(KINDS)))](rng)
  model = Model(1)
  material = Material(tint=sample_color(rng), shine=rng.uniform(0, 0.3), two_sided=True)
  chance = rng.random()
  if chance < 0.4:
    material.texture = library.get_still(int(rng.integers(len(library.stills))))
    material.tint = rng.uniform(0.5, 1.3, 3) if chance < 0.2 else np.full(3, rng.uniform(0.5, 1.3))
  elif chance < 0.6:
    material.pattern, material.pattern_color = sample_pattern(rng), sample_color(rng)
  number = np.array(model.add_material(material))
  reach = 0.0
  for vertices, faces, points in pieces:
    shape = (len(vertices), BONES_PER_VERTEX)
    weights = np.zeros(shape, np.float32)
    weights[:, 0] = 1
    model.add_part(vertices, Skin(np.zeros(shape, np.int32), weights), faces, faces, points, number)
    reach = max(reach, float(np.abs(vertices[:, [0, 2]]).max()))
  return Furniture(model, reach)
