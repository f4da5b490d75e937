"""MakeHuman's default rig: bones, their places in a body, and skin weights."""

import json
import pathlib
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
from scipy import sparse

from . import assets

BONES_PER_VERTEX = 4


class Skin(NamedTuple):
  """Bones that move vertices.

  Attributes:
    bones: [V, 4] int32.
    weights: [V, 4] float32, whose sum is 1.
  """

  bones: np.ndarray
  weights: np.ndarray


def strongest_bones(weights: np.ndarray) -> Skin:
  """Returns the strongest bones of weights [V, B]."""
  last = weights.shape[1] - BONES_PER_VERTEX
  bones = np.argpartition(weights, last, axis=1)[:, last:]
  chosen = np.take_along_axis(weights, bones, axis=1)
  chosen = chosen / chosen.sum(axis=1, keepdims=True)
  return Skin(bones.astype(np.int32), chosen.astype(np.float32))


class Rig:
  """Bones of the base mesh.

  Attributes:
    names: names of B bones, parents first.
    number: numbers of the bones by name.
    parents: [B], -1 for the root.
    weights: [V, B] float32, whose sums are 1. The head moves the whole face.
    skin: the strongest of these weights.
  """

  def __init__(self, folder: pathlib.Path, num_vertices: int):
    """Loads the rig from a folder of assets.

    Args:
      folder: folder of assets.
      num_vertices: V, vertices of the base mesh.
    """
    bones = json.loads((folder / assets.RIG).read_text(encoding="utf-8"))
    groups = json.loads((folder / assets.GROUPS).read_text(encoding="utf-8"))
    self.names = _sort_by_parent(bones)
    self.number: Dict[str, int] = {name: i for i, name in enumerate(self.names)}
    parents = [bones[name]["parent"] for name in self.names]
    self.parents: np.ndarray = np.array([self.number[p] if p else -1 for p in parents])
    self._heads, self._tails = (
      _average([_vertices_of(bones[name][end], groups) for name in self.names], num_vertices)
      for end in ("head", "tail")
    )
    lists = json.loads((folder / assets.WEIGHTS).read_text(encoding="utf-8"))["weights"]
    self.weights = self._read_weights(lists, num_vertices)
    self.skin = strongest_bones(self.weights)

  def place(self, vertices: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Returns heads [B, 3] and tails [B, 3] of the bones in a body with vertices [V, 3]."""
    return self._heads @ vertices, self._tails @ vertices

  def _read_weights(self, lists: Dict[str, List], num_vertices: int) -> np.ndarray:
    head = self.number["head"]
    moved_by = np.arange(len(self.names))
    for bone, parent in enumerate(self.parents):
      if parent >= 0 and moved_by[parent] == head:
        moved_by[bone] = head
    weights = np.zeros((num_vertices, len(self.names)), np.float32)
    for name, pairs in lists.items():
      if name in self.number and pairs:
        rows = np.array(pairs)
        np.add.at(weights, (rows[:, 0].astype(int), moved_by[self.number[name]]), rows[:, 1])
    sums = weights.sum(axis=1)
    weights[sums < 1e-6, self.number["root"]] = 1
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _sort_by_parent(bones: Dict[str, Dict]) -> List[str]:
  names: List[str] = []
  remaining = dict(bones)
  while remaining:
    for name in list(remaining):
      parent = remaining[name]["parent"]
      if not parent or parent in names:
        names.append(name)
        del remaining[name]
  return names


def _vertices_of(end: Dict, groups: Dict[str, List]) -> List[int]:
  """Returns the vertices whose mean is an end of a bone."""
  if end["strategy"] == "CUBE":
    return [i for first, last in groups[end["cube_name"]] for i in range(first, last + 1)]
  if end["strategy"] == "VERTEX":
    return [end["vertex_index"]]
  return list(end["vertex_indices"])


def _average(members: List[List[int]], count: int) -> sparse.csr_matrix:
  """Returns the matrix [N, count] that computes the mean of each list of vertices."""
  rows = np.repeat(np.arange(len(members)), [len(vertices) for vertices in members])
  columns = np.concatenate([np.array(vertices) for vertices in members])
  values = np.concatenate([np.full(len(vertices), 1 / len(vertices)) for vertices in members])
  return sparse.csr_matrix((values, (rows, columns)), shape=(len(members), count))
