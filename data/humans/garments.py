"""MakeHuman's garments, shoes and hair: meshes that are bound to a body's vertices."""

import pathlib
from typing import Dict, List, Tuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from ppn_tf.runtime.errors import InputError

from .assets import require
from .rig import strongest_bones
from .wavefront import read_surface


class Garment:
  """Content of an .mhclo file and its OBJ file.

  Attributes:
    name: name of the garment.
    surface: triangles; `fit` places their vertices.
    skin: bones of the vertices.
    components: [V], number of the connected part of each vertex.
    covered: numbers of body vertices under the garment.
  """

  def __init__(self, path: pathlib.Path, weights: np.ndarray):
    """Loads a garment.

    Args:
      path: the .mhclo file.
      weights: [B, N] skin weights of the body.
    Raises:
      InputError: the file is missing, or lacks a mesh or bindings.
    """
    self.name = path.stem
    mesh, self._scales, rows, self.covered = _read_mhclo(require(path))
    if not mesh or not rows:
      raise InputError(f"{path}: has no obj_file or no verts. Get the file again.")
    table = np.array(rows)
    self._vertices = table[:, :3].astype(int)
    self._shares, self._offsets = table[:, 3:6], table[:, 6:9]
    self.surface = read_surface(require(path.parent / mesh))
    mixed = (weights[self._vertices] * self._shares[..., None]).sum(axis=1).clip(0)
    self.skin = strongest_bones(mixed / mixed.sum(axis=1, keepdims=True))
    self.components = _find_components(self.surface.faces, len(table))

  def fit(self, body: np.ndarray) -> np.ndarray:
    """Returns the vertices on a body with vertices [V, 3]."""
    scale = np.ones(3)
    for axis, (first, second, length) in self._scales.items():
      scale[axis] = abs(body[first, axis] - body[second, axis]) / length
    placed = (body[self._vertices] * self._shares[..., None]).sum(axis=1)
    return np.asarray(placed + self._offsets * scale)


Scales = Dict[int, Tuple[int, int, float]]


def _read_mhclo(path: pathlib.Path) -> Tuple[str, Scales, List[List[float]], np.ndarray]:
  """Returns the name of the mesh, scales by axis, rows of bindings, and covered vertices."""
  mesh, section = "", ""
  scales: Scales = {}
  rows: List[List[float]] = []
  covered: List[int] = []
  for line in path.read_text(encoding="utf-8", errors="ignore").splitlines():
    words = line.split()
    if not words or words[0].startswith("#"):
      continue
    key = words[0]
    if key == "obj_file":
      mesh = words[1]
    elif key in ("x_scale", "y_scale", "z_scale"):
      scales["xyz".index(key[0])] = int(words[1]), int(words[2]), float(words[3])
    elif key in ("verts", "delete_verts"):
      section = key
    elif section == "verts" and key.isdigit():
      numbers = [float(word) for word in words[:9]]
      if len(numbers) == 1:
        rows.append([*numbers * 3, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
      else:
        rows.append(numbers + [0.0] * (9 - len(numbers)))
    elif section == "delete_verts":
      covered += _read_ranges(words)
  return mesh, scales, rows, np.array(sorted(set(covered)), int)


def _read_ranges(words: List[str]) -> List[int]:
  """Returns the numbers of "3 7 - 9": 3, 7, 8, 9."""
  numbers: List[int] = []
  place = 0
  while place < len(words):
    if place + 2 < len(words) and words[place + 1] == "-":
      numbers += range(int(words[place]), int(words[place + 2]) + 1)
      place += 3
    else:
      numbers += [int(words[place])] if words[place].isdigit() else []
      place += 1
  return numbers


def _find_components(faces: np.ndarray, count: int) -> np.ndarray:
  edges = np.concatenate([faces[:, :2], faces[:, 1:]])
  graph = sparse.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count))
  return np.asarray(csgraph.connected_components(graph, directed=False)[1])
