"""Shading of rasterized faces in linear light: textures, patterns, one lamp, sky and shadows."""

from typing import NamedTuple, Tuple

import numba
import numpy as np

from .mesh import CAMOUFLAGE, CHECKS, COLUMNS, PRINT, ROWS, Materials, Mesh
from .rasterizer import FAR, Fragments

_compile = numba.njit(fastmath=True, cache=True, nogil=True)
_BIAS = np.float32(0.25)  # dm, against shadows of a face on itself


class Posed(NamedTuple):
  """Mesh at a moment.

  Attributes:
    vertices: [V, 3] float32, world.
    normals: [V, 3] float32.
    eye: [3] float32, position of the camera.
  """

  vertices: np.ndarray
  normals: np.ndarray
  eye: np.ndarray


class Light(NamedTuple):
  """Lamp at infinity, and light from above and below.

  Attributes:
    direction: [3] float32, towards the lamp.
    lamp, above, below: [3] float32, colors.
  """

  direction: np.ndarray
  lamp: np.ndarray
  above: np.ndarray
  below: np.ndarray


class Shadow(NamedTuple):
  """Depth seen from the lamp.

  Attributes:
    rotation: [3, 3] float32, world to the lamp's axes.
    shift: [3] float32.
    scale: pixels per dm.
    depth: [n, n] float32.
  """

  rotation: np.ndarray
  shift: np.ndarray
  scale: float
  depth: np.ndarray


@_compile
def _sample_texture(
  materials: Materials, linear: np.ndarray, m: int, u: float, v: float
) -> Tuple[float, float, float]:
  """Returns red, green and blue of a texture by bilinear interpolation."""
  n = materials.size[m]
  if n == 0:
    return np.float32(1.0), np.float32(1.0), np.float32(1.0)
  x = (u - np.floor(u)) * n - 0.5
  y = (1 - (v - np.floor(v))) * n - 0.5
  column, row = int(np.floor(x)), int(np.floor(y))
  dx, dy = x - column, y - row
  red = green = blue = np.float32(0.0)
  for k in range(4):
    i, j = column + (k & 1), min(max(row + (k >> 1), 0), n - 1)
    i = i + n if i < 0 else i - n if i >= n else i
    w = (dx if k & 1 else 1 - dx) * (dy if k >> 1 else 1 - dy)
    place = materials.start[m] + (j * n + i) * 4
    red += w * linear[materials.texels[place]]
    green += w * linear[materials.texels[place + 1]]
    blue += w * linear[materials.texels[place + 2]]
  return red, green, blue


@_compile
def _is_in_pattern(pattern: np.ndarray, x: float, y: float, z: float) -> bool:
  """Returns whether a point of the rest pose has the color of a pattern."""
  kind, frequency, duty = pattern[0], pattern[1], pattern[2]
  row = y * frequency - np.floor(y * frequency) < duty
  column = x * frequency - np.floor(x * frequency) < duty
  if kind == ROWS:
    return row
  if kind == COLUMNS:
    return column
  if kind == CHECKS:
    return row != column
  if kind == CAMOUFLAGE:
    first = np.sin(3 * x * frequency + 2 * np.sin(2 * y * frequency + z))
    return first * np.sin(3 * y * frequency + 2 * np.sin(2 * x * frequency)) > 0.3
  if kind == PRINT:  # on the chest of an adult
    return x * x + (y - 3.5) ** 2 < frequency and z > 0
  return False


@_compile
def _find_color(
  mesh: Mesh, materials: Materials, linear: np.ndarray, i: int, p0: float, p1: float
) -> Tuple[float, float, float]:
  """Returns the reflectance of a point of a face."""
  p2, m = 1 - p0 - p1, mesh.material[i]
  a, b, c = mesh.corners[i, 0], mesh.corners[i, 1], mesh.corners[i, 2]
  points = mesh.texture_points
  u = p0 * points[a, 0] + p1 * points[b, 0] + p2 * points[c, 0]
  v = p0 * points[a, 1] + p1 * points[b, 1] + p2 * points[c, 1]
  red, green, blue = _sample_texture(materials, linear, m, u, v)
  share, tint = materials.recolor[m], materials.tint
  if share > 0:
    gray = 0.35 + 0.65 * (0.3 * red + 0.59 * green + 0.11 * blue) / materials.luminance[m]
    red += share * (gray * tint[m, 0] - red)
    green += share * (gray * tint[m, 1] - green)
    blue += share * (gray * tint[m, 2] - blue)
  else:
    red, green, blue = red * tint[m, 0], green * tint[m, 1], blue * tint[m, 2]
  if materials.pattern[m, 0] > 0:
    a, b, c = mesh.faces[i, 0], mesh.faces[i, 1], mesh.faces[i, 2]
    rest = mesh.vertices
    x = p0 * rest[a, 0] + p1 * rest[b, 0] + p2 * rest[c, 0]
    y = p0 * rest[a, 1] + p1 * rest[b, 1] + p2 * rest[c, 1]
    z = p0 * rest[a, 2] + p1 * rest[b, 2] + p2 * rest[c, 2]
    if _is_in_pattern(materials.pattern[m], x, y, z):
      strength, color = materials.pattern[m, 3], materials.pattern_color
      red += strength * (color[m, 0] - red)
      green += strength * (color[m, 1] - green)
      blue += strength * (color[m, 2] - blue)
  return red, green, blue


@_compile
def _find_lit_share(shadow: Shadow, x: float, y: float, z: float) -> float:
  """Returns the share 0..1 of the lamp that reaches a point: the mean of four samples."""
  size, r, shift = shadow.depth.shape[0], shadow.rotation, shadow.shift
  column = (r[0, 0] * x + r[0, 1] * y + r[0, 2] * z + shift[0]) * shadow.scale + size / 2
  row = (r[1, 0] * x + r[1, 1] * y + r[1, 2] * z + shift[1]) * shadow.scale + size / 2
  depth = r[2, 0] * x + r[2, 1] * y + r[2, 2] * z + shift[2] - _BIAS
  if not (2 <= column < size - 2 and 2 <= row < size - 2):
    return 1.0
  # Both are positive, so that int() rounds down.
  i, j, k, n = int(column - 0.3), int(row - 0.3), int(column + 1.3), int(row + 1.3)
  lit = shadow.depth
  share = 0.25 * (lit[j, i] > depth) + 0.25 * (lit[j, k] > depth)
  return share + 0.25 * (lit[n, i] > depth) + 0.25 * (lit[n, k] > depth)


@_compile
def _shade_face(
  posed: Posed,
  mesh: Mesh,
  materials: Materials,
  linear: np.ndarray,
  light: Light,
  shadow: Shadow,
  i: int,
  p0: float,
  p1: float,
) -> Tuple[float, float, float]:
  """Returns red, green and blue of a point of a face."""
  vertices, normals, eye, toward = posed.vertices, posed.normals, posed.eye, light.direction
  p2, m = 1 - p0 - p1, mesh.material[i]
  a, b, c = mesh.faces[i, 0], mesh.faces[i, 1], mesh.faces[i, 2]
  x = p0 * vertices[a, 0] + p1 * vertices[b, 0] + p2 * vertices[c, 0]
  y = p0 * vertices[a, 1] + p1 * vertices[b, 1] + p2 * vertices[c, 1]
  z = p0 * vertices[a, 2] + p1 * vertices[b, 2] + p2 * vertices[c, 2]
  nx = p0 * normals[a, 0] + p1 * normals[b, 0] + p2 * normals[c, 0]
  ny = p0 * normals[a, 1] + p1 * normals[b, 1] + p2 * normals[c, 1]
  nz = p0 * normals[a, 2] + p1 * normals[b, 2] + p2 * normals[c, 2]
  vx, vy, vz = eye[0] - x, eye[1] - y, eye[2] - z
  scale = 1 / (np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9))
  if materials.two_sided[m] and nx * vx + ny * vy + nz * vz < 0:
    scale = -scale
  nx, ny, nz = nx * scale, ny * scale, nz * scale
  lit = 0.9 * (nx * toward[0] + ny * toward[1] + nz * toward[2]) + 0.1
  lit = lit * _find_lit_share(shadow, x, y, z) if lit > 0 else 0.0
  highlight = 0.0
  if materials.shine[m] > 0 and lit > 0:
    near = 1 / np.sqrt(vx * vx + vy * vy + vz * vz)
    hx, hy, hz = toward[0] + vx * near, toward[1] + vy * near, toward[2] + vz * near
    cosine = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz)
    highlight = materials.shine[m] * max(0.0, cosine) ** 24 * lit
  red, green, blue = _find_color(mesh, materials, linear, i, p0, p1)
  sky = 0.5 + 0.5 * ny
  lamp, above, below = light.lamp, light.above, light.below
  return (
    red * (below[0] + sky * (above[0] - below[0]) + lamp[0] * lit) + highlight * lamp[0],
    green * (below[1] + sky * (above[1] - below[1]) + lamp[1] * lit) + highlight * lamp[1],
    blue * (below[2] + sky * (above[2] - below[2]) + lamp[2] * lit) + highlight * lamp[2],
  )


@_compile
def _is_uniform(mesh: Mesh, face: np.ndarray, row: int, column: int) -> bool:
  """Returns whether the 2 x 2 samples of a pixel have the same material."""
  row, column = row & ~1, column & ~1
  first = face[row, column]
  if first < 0:
    return False
  m = mesh.material[first]
  for k in range(1, 4):
    i = face[row + (k >> 1), column + (k & 1)]
    if i < 0 or mesh.material[i] != m:
      return False
  return True


@_compile
def shade(
  posed: Posed,
  mesh: Mesh,
  materials: Materials,
  linear: np.ndarray,
  fragments: Fragments,
  light: Light,
  shadow: Shadow,
  scale: int,
  picture: np.ndarray,
) -> None:
  """Shades the fragments by Lambert's law, with Blinn's highlights.

  Args:
    posed: mesh at this moment.
    mesh: faces, and the rest pose, to which patterns are fixed.
    materials: materials of the faces.
    linear: [256] float32, linear light of each value of a texture.
    fragments: faces of the samples.
    light: lamp and sky.
    shadow: shadow of the lamp.
    scale: 2 if a pixel has 2 x 2 samples; inside a surface only two of them are shaded.
    picture: [h, w, 4] float32, linear RGB and coverage, to which the shaded samples are added.
  """
  for row in range(picture.shape[0]):
    for column in range(picture.shape[1]):
      i = fragments.face[row, column]
      if i < 0:
        continue
      copies = scale == 2 and _is_uniform(mesh, fragments.face, row, column)
      if copies and (row ^ column) & 1:
        continue
      p0, p1 = fragments.shares[row, column, 0], fragments.shares[row, column, 1]
      red, green, blue = _shade_face(posed, mesh, materials, linear, light, shadow, i, p0, p1)
      for k in range(2 if copies else 1):
        pixel = picture[row, column ^ k]
        pixel[0] += red
        pixel[1] += green
        pixel[2] += blue
        pixel[3] += 1


@_compile
def darken_floor(
  picture: np.ndarray,
  rotation: np.ndarray,
  eye: np.ndarray,
  focal: float,
  middle: np.ndarray,
  floor: float,
  shadow: Shadow,
  strength: float,
) -> None:
  """Darkens pixels of a background whose rays meet the floor in the shadow.

  Args:
    picture: [h, w, 3] float32, changed in place.
    rotation: [3, 3] float32, world to (right, down, forward).
    eye: [3] float32, position of the camera.
    focal: focal length in pixels.
    middle: [2] float32, pixel of the camera's axis.
    floor: height of the floor in dm.
    shadow: shadow of the lamp.
    strength: 0..1, share of the light that is lost.
  """
  size, r = shadow.depth.shape[0], shadow.rotation
  for row in range(picture.shape[0]):
    for column in range(picture.shape[1]):
      a, b = (column - middle[0]) / focal, (row - middle[1]) / focal
      dy = rotation[0, 1] * a + rotation[1, 1] * b + rotation[2, 1]
      if dy > -1e-3:
        continue
      t = (floor - eye[1]) / dy
      x = eye[0] + t * (rotation[0, 0] * a + rotation[1, 0] * b + rotation[2, 0])
      z = eye[2] + t * (rotation[0, 2] * a + rotation[1, 2] * b + rotation[2, 2])
      i = (r[0, 0] * x + r[0, 1] * floor + r[0, 2] * z + shadow.shift[0]) * shadow.scale + size / 2
      j = (r[1, 0] * x + r[1, 1] * floor + r[1, 2] * z + shadow.shift[1]) * shadow.scale + size / 2
      if not (4 <= i < size - 4 and 4 <= j < size - 4):
        continue
      covered = 0.0
      for k in range(9):
        if shadow.depth[int(j + 2.5 * (k // 3 - 1)), int(i + 2.5 * (k % 3 - 1))] < FAR:
          covered += 1 / 9
      for k in range(3):
        picture[row, column, k] *= 1 - strength * covered
