"""Reader of Wavefront OBJ files, as MakeHuman writes them."""

import pathlib
from typing import Dict, List, NamedTuple, Tuple

import numpy as np


class Surface(NamedTuple):
  """Triangles with texture coordinates.

  Attributes:
    vertices: [V, 3] float64.
    texture_points: [U, 2] float64; (0, 0) is the bottom left of a texture.
    faces: [F, 3] int32, numbers of vertices.
    corners: [F, 3] int32, numbers of texture points.
    groups: [F] bool by the name of a group, its faces.
  """

  vertices: np.ndarray
  texture_points: np.ndarray
  faces: np.ndarray
  corners: np.ndarray
  groups: Dict[str, np.ndarray]


def read_surface(path: pathlib.Path) -> Surface:
  """Reads a file; polygons become fans of triangles."""
  vertices: List[List[float]] = []
  points: List[List[float]] = []
  faces: List[Tuple[int, int, int]] = []
  corners: List[Tuple[int, int, int]] = []
  names: List[str] = []
  name = ""
  for line in path.read_text(encoding="utf-8", errors="ignore").splitlines():
    words = line.split()
    if not words:
      continue
    if words[0] == "v":
      vertices.append([float(word) for word in words[1:4]])
    elif words[0] == "vt":
      points.append([float(word) for word in words[1:3]])
    elif words[0] in ("g", "o"):
      name = words[1] if len(words) > 1 else ""
    elif words[0] == "f":
      parts = [word.split("/") for word in words[1:]]
      ends = [int(part[0]) - 1 for part in parts]
      places = [int(part[1]) - 1 if len(part) > 1 and part[1] else 0 for part in parts]
      for k in range(1, len(parts) - 1):
        faces.append((ends[0], ends[k], ends[k + 1]))
        corners.append((places[0], places[k], places[k + 1]))
        names.append(name)
  table = np.array(names)
  return Surface(
    np.array(vertices, np.float64),
    np.array(points or [[0.0, 0.0]], np.float64),
    np.array(faces, np.int32),
    np.array(corners, np.int32),
    {str(name): table == name for name in np.unique(table)},
  )
