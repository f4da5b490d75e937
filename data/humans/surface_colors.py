"""Colors of rasterized faces: which samples are shaded, textures, and patterns."""

import numba
import numpy as np

from .mesh import CAMOUFLAGE, CHECKS, COLUMNS, ROWS, Materials, Mesh
from .rasterizer import Fragments

_compile = numba.njit(fastmath=True, cache=True, nogil=True)


@_compile
def find_shaded(mesh: Mesh, face: np.ndarray, scale: int, copies: np.ndarray) -> None:
  """Finds which samples are shaded, and for how many samples each of them stands.

  Args:
    mesh: materials of the faces.
    face: [h, w] int32, see Fragments.
    scale: 2 if a pixel has 2 x 2 samples; inside a material, two of them are shaded.
    copies: [h, w] int8, the result: 0 for samples that are not shaded, else 1, or 2 for a sample
      that also stands for its neighbor in the row.
  """
  material = mesh.material
  height, width = face.shape
  for row in range(0, height, scale):
    for column in range(0, width, scale):
      uniform, first = scale == 2, face[row, column]
      for k in range(scale * scale):
        i = face[row + (k >> 1), column + (k & 1)]
        copies[row + (k >> 1), column + (k & 1)] = 1 if i >= 0 else 0
        if i < 0 or first < 0 or material[i] != material[first]:
          uniform = False
      if uniform:
        copies[row, column] = copies[row + 1, column + 1] = 2
        copies[row, column + 1] = copies[row + 1, column] = 0


@_compile
def find_colors(
  mesh: Mesh,
  materials: Materials,
  linear: np.ndarray,
  fragments: Fragments,
  copies: np.ndarray,
  colors: np.ndarray,
) -> None:
  """Finds reflectances by bilinear interpolation of textures.

  Args:
    mesh: faces.
    materials: materials of the faces.
    linear: [256] float32, linear light of each value of a texture.
    fragments: faces of the samples.
    copies: [h, w] int8, see find_shaded.
    colors: [h, w, 3] float32, the result at shaded samples.
  """
  # References to arrays are counted at each use of a tuple.
  face, shares = fragments.face, fragments.shares
  corners, points, material = mesh.corners, mesh.texture_points, mesh.material
  texels, starts, sizes = materials.texels, materials.start, materials.size
  recolor, luminance, tint = materials.recolor, materials.luminance, materials.tint
  for row in range(face.shape[0]):
    for column in range(face.shape[1]):
      if copies[row, column] == 0:
        continue
      i = face[row, column]
      p0, p1, m = shares[row, column, 0], shares[row, column, 1], material[i]
      red = green = blue = np.float32(1.0)
      n = sizes[m]
      if n > 0:
        a, b, c, p2 = corners[i, 0], corners[i, 1], corners[i, 2], 1 - p0 - p1
        u = p0 * points[a, 0] + p1 * points[b, 0] + p2 * points[c, 0]
        v = p0 * points[a, 1] + p1 * points[b, 1] + p2 * points[c, 1]
        x, y = (u - np.floor(u)) * n - 0.5, (1 - (v - np.floor(v))) * n - 0.5
        left, top = int(np.floor(x)), int(np.floor(y))
        dx, dy = x - left, y - top
        red = green = blue = np.float32(0.0)
        for k in range(4):
          j, w = left + (k & 1), (dx if k & 1 else 1 - dx) * (dy if k >> 1 else 1 - dy)
          j = j + n if j < 0 else j - n if j >= n else j
          place = starts[m] + (min(max(top + (k >> 1), 0), n - 1) * n + j) * 4
          red += w * linear[texels[place]]
          green += w * linear[texels[place + 1]]
          blue += w * linear[texels[place + 2]]
      share = recolor[m]
      if share > 0:
        gray = 0.35 + 0.65 * (0.3 * red + 0.59 * green + 0.11 * blue) / luminance[m]
        colors[row, column, 0] = red + share * (gray * tint[m, 0] - red)
        colors[row, column, 1] = green + share * (gray * tint[m, 1] - green)
        colors[row, column, 2] = blue + share * (gray * tint[m, 2] - blue)
      else:
        colors[row, column, 0] = red * tint[m, 0]
        colors[row, column, 1] = green * tint[m, 1]
        colors[row, column, 2] = blue * tint[m, 2]


@_compile
def add_patterns(
  mesh: Mesh,
  materials: Materials,
  fragments: Fragments,
  copies: np.ndarray,
  colors: np.ndarray,
) -> None:
  """Adds the patterns of materials, which are fixed to the rest pose; see find_colors."""
  face, shares = fragments.face, fragments.shares
  faces, rest, material = mesh.faces, mesh.vertices, mesh.material
  patterns, pattern_colors = materials.pattern, materials.pattern_color
  for row in range(face.shape[0]):
    for column in range(face.shape[1]):
      i = face[row, column]
      if copies[row, column] == 0 or patterns[material[i], 0] == 0:
        continue
      m, p0, p1 = material[i], shares[row, column, 0], shares[row, column, 1]
      a, b, c, p2 = faces[i, 0], faces[i, 1], faces[i, 2], 1 - p0 - p1
      x = p0 * rest[a, 0] + p1 * rest[b, 0] + p2 * rest[c, 0]
      y = p0 * rest[a, 1] + p1 * rest[b, 1] + p2 * rest[c, 1]
      z = p0 * rest[a, 2] + p1 * rest[b, 2] + p2 * rest[c, 2]
      kind, frequency, duty = patterns[m, 0], patterns[m, 1], patterns[m, 2]
      in_row = y * frequency - np.floor(y * frequency) < duty
      in_column = x * frequency - np.floor(x * frequency) < duty
      if kind == ROWS:
        covered = in_row
      elif kind == COLUMNS:
        covered = in_column
      elif kind == CHECKS:
        covered = in_row != in_column
      elif kind == CAMOUFLAGE:
        wave = np.sin(3 * x * frequency + 2 * np.sin(2 * y * frequency + z))
        covered = wave * np.sin(3 * y * frequency + 2 * np.sin(2 * x * frequency)) > 0.3
      else:  # a print on the chest of an adult
        covered = x * x + (y - 3.5) ** 2 < frequency and z > 0
      if covered:
        for k in range(3):
          color = colors[row, column, k]
          colors[row, column, k] += patterns[m, 3] * (pattern_colors[m, k] - color)
