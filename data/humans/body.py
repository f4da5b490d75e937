"""Shapes of MakeHuman's body: weighted sums of targets (macro details) over the base mesh."""

import gzip
import pathlib
from typing import Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import assets
from .wavefront import read_surface

# Vertices of the skin; helpers for garments and joints follow.
NUM_SKIN_VERTICES = 13380
_AGES = ((0.0, 0.1875, 0.5, 1.0), ("baby", "child", "young", "old"))
_MUSCLES = ((0.0, 0.5, 1.0), ("minmuscle", "averagemuscle", "maxmuscle"))
_WEIGHTS = ((0.0, 0.5, 1.0), ("minweight", "averageweight", "maxweight"))
_CUPS = ((0.0, 0.5, 1.0), ("mincup", "averagecup", "maxcup"))
_HEIGHTS = ((0.0, 0.5, 1.0), ("minheight", "", "maxheight"))
_PROPORTIONS = ((0.0, 0.5, 1.0), ("uncommonproportions", "", "idealproportions"))
_NEGLIGIBLE = 1e-4


class Shape(NamedTuple):
  """Parameters of a body, from 0 to 1.

  Attributes:
    male: 0 for a woman, 1 for a man.
    age: 0 for a baby, .1875 for a child, .5 for 25 years, 1 for 90 years.
    muscle, weight, height, proportions, cup: .5 is the average.
    origins: shares of "african", "asian" and "caucasian", whose sum is 1.
  """

  male: float
  age: float
  muscle: float
  weight: float
  height: float
  proportions: float
  cup: float
  origins: Dict[str, float]


def _blend(value: float, knots: Tuple[Sequence[float], Sequence[str]]) -> Dict[str, float]:
  """Returns the weights of the two knots about a value, by name."""
  places, names = knots
  shares = [float(np.interp(value, places, row)) for row in np.eye(len(places))]
  return {name: share for name, share in zip(names, shares) if name and share > _NEGLIGIBLE}


def weigh_targets(shape: Shape) -> Iterator[Tuple[str, float]]:
  """Yields the names of targets and their weights, as MakeHuman multiplies them."""
  for gender, by_gender in (("male", shape.male), ("female", 1 - shape.male)):
    for age, by_age in _blend(shape.age, _AGES).items():
      for origin, share in shape.origins.items():
        yield f"macrodetails/{origin}-{gender}-{age}.target", by_gender * by_age * share
      for muscle, by_muscle in _blend(shape.muscle, _MUSCLES).items():
        for weight, by_weight in _blend(shape.weight, _WEIGHTS).items():
          share = by_gender * by_age * by_muscle * by_weight
          kind = f"{gender}-{age}-{muscle}-{weight}"
          yield f"macrodetails/universal-{kind}.target", share
          for height, more in _blend(shape.height, _HEIGHTS).items():
            yield f"macrodetails/height/{kind}-{height}.target", share * more
          for proportion, more in _blend(shape.proportions, _PROPORTIONS).items():
            yield f"macrodetails/proportions/{kind}-{proportion}.target", share * more
          if gender == "female" and age != "baby":
            for cup, more in _blend(shape.cup, _CUPS).items():
              yield f"breast/{kind}-{cup}-averagefirmness.target", share * more


class Body:
  """Base mesh and its targets.

  Attributes:
    surface: triangles of the base mesh in dm, y up, facing z; groups name helpers.
  """

  def __init__(self, folder: pathlib.Path):
    """Loads the base mesh from a folder of assets."""
    self._folder = folder / assets.TARGETS
    self.surface = read_surface(folder / assets.MESH)
    self._targets: Dict[str, Optional[Tuple[np.ndarray, np.ndarray]]] = {}

  def shape_vertices(self, shape: Shape) -> np.ndarray:
    """Returns the vertices [V, 3] of a body in the rest pose, in dm."""
    vertices = self.surface.vertices.copy()
    for name, weight in weigh_targets(shape):
      target = self._read_target(name) if weight > _NEGLIGIBLE else None
      if target is not None:
        numbers, shifts = target
        if len(numbers) == len(vertices):
          vertices += weight * shifts
        else:
          vertices[numbers] += weight * shifts
    return vertices

  def _read_target(self, name: str) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """Returns numbers [N] and shifts [N, 3] of vertices; None for a target that does not exist."""
    if name not in self._targets:
      self._targets[name] = None
      for path in (self._folder / name, self._folder / f"{name}.gz"):
        if path.is_file():
          data = path.read_bytes()
          text = gzip.decompress(data) if path.suffix == ".gz" else data
          lines = [line for line in text.splitlines() if line.strip() and line[:1] != b"#"]
          rows = np.array(b" ".join(lines).split(), np.float64).reshape(-1, 4)
          self._targets[name] = self._spread(rows[:, 0].astype(np.int32), rows[:, 1:])
          break
    return self._targets[name]

  def _spread(self, numbers: np.ndarray, shifts: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Returns the shifts of all vertices if many are shifted, because adding them is faster."""
    shifts = shifts.astype(np.float32)
    if len(numbers) < len(self.surface.vertices) / 5:
      return numbers, shifts
    spread = np.zeros(self.surface.vertices.shape, np.float32)
    spread[numbers] = shifts
    return np.arange(len(spread), dtype=np.int32), spread
