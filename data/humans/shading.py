"""Shading of rasterized faces in linear light: one lamp, sky and shadows."""

from typing import NamedTuple

import numba
import numpy as np

from .mesh import Materials, Mesh
from .rasterizer import FAR, Fragments
from .surface_colors import add_patterns, find_colors, find_shaded

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
def add_light(
  posed: Posed,
  mesh: Mesh,
  materials: Materials,
  fragments: Fragments,
  light: Light,
  shadow: Shadow,
  copies: np.ndarray,
  colors: np.ndarray,
  picture: np.ndarray,
) -> None:
  """Adds samples that are lit by Lambert's law, with Blinn's highlights, to a picture.

  Args:
    posed: mesh at this moment.
    mesh: faces.
    materials: materials of the faces.
    fragments: faces of the samples.
    light: lamp and sky.
    shadow: shadow of the lamp.
    copies: [h, w] int8, see find_shaded.
    colors: [h, w, 3] float32, reflectances.
    picture: [h, w, 4] float32, linear RGB and coverage, to which the samples are added.
  """
  face, shares = fragments.face, fragments.shares
  faces, material, shine, two_sided = (
    mesh.faces,
    mesh.material,
    materials.shine,
    materials.two_sided,
  )
  vertices, normals, eye = posed.vertices, posed.normals, posed.eye
  toward, lamp, above, below = light.direction, light.lamp, light.above, light.below
  r, shift, scale, lit_depth = shadow.rotation, shadow.shift, shadow.scale, shadow.depth
  size = lit_depth.shape[0]
  for row in range(face.shape[0]):
    for column in range(face.shape[1]):
      if copies[row, column] == 0:
        continue
      i = face[row, column]
      p0, p1, m = shares[row, column, 0], shares[row, column, 1], material[i]
      a, b, c, p2 = faces[i, 0], faces[i, 1], faces[i, 2], 1 - p0 - p1
      x = p0 * vertices[a, 0] + p1 * vertices[b, 0] + p2 * vertices[c, 0]
      y = p0 * vertices[a, 1] + p1 * vertices[b, 1] + p2 * vertices[c, 1]
      z = p0 * vertices[a, 2] + p1 * vertices[b, 2] + p2 * vertices[c, 2]
      nx = p0 * normals[a, 0] + p1 * normals[b, 0] + p2 * normals[c, 0]
      ny = p0 * normals[a, 1] + p1 * normals[b, 1] + p2 * normals[c, 1]
      nz = p0 * normals[a, 2] + p1 * normals[b, 2] + p2 * normals[c, 2]
      vx, vy, vz = eye[0] - x, eye[1] - y, eye[2] - z
      length = 1 / (np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9))
      if two_sided[m] and nx * vx + ny * vy + nz * vz < 0:
        length = -length
      nx, ny, nz = nx * length, ny * length, nz * length
      lit, highlight = 0.9 * (nx * toward[0] + ny * toward[1] + nz * toward[2]) + 0.1, 0.0
      if lit > 0:
        u = (r[0, 0] * x + r[0, 1] * y + r[0, 2] * z + shift[0]) * scale + size / 2
        v = (r[1, 0] * x + r[1, 1] * y + r[1, 2] * z + shift[1]) * scale + size / 2
        depth = r[2, 0] * x + r[2, 1] * y + r[2, 2] * z + shift[2] - _BIAS
        if 2 <= u < size - 2 and 2 <= v < size - 2:
          left, right, top, low = int(u - 0.3), int(u + 1.3), int(v - 0.3), int(v + 1.3)
          share = 0.25 * (lit_depth[top, left] > depth) + 0.25 * (lit_depth[top, right] > depth)
          share += 0.25 * (lit_depth[low, left] > depth) + 0.25 * (lit_depth[low, right] > depth)
          lit *= share
        near = 1 / np.sqrt(vx * vx + vy * vy + vz * vz)
        hx, hy, hz = toward[0] + vx * near, toward[1] + vy * near, toward[2] + vz * near
        cosine = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz)
        highlight = shine[m] * max(0.0, cosine) ** 24 * lit
      lit, sky = max(0.0, lit), 0.5 + 0.5 * ny
      for n in range(copies[row, column]):
        for k in range(3):
          ambient = below[k] + sky * (above[k] - below[k])
          value = colors[row, column, k] * (ambient + lamp[k] * lit) + highlight * lamp[k]
          picture[row, column ^ n, k] += value
        picture[row, column ^ n, 3] += 1


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
  """Adds shaded samples to a picture; see find_shaded, find_colors and add_light."""
  copies = np.empty(fragments.face.shape, np.int8)
  colors = np.empty((*fragments.face.shape, 3), np.float32)
  find_shaded(mesh, fragments.face, scale, copies)
  find_colors(mesh, materials, linear, fragments, copies, colors)
  if materials.pattern.any():
    add_patterns(mesh, materials, fragments, copies, colors)
  add_light(posed, mesh, materials, fragments, light, shadow, copies, colors, picture)


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
  r, shift, scale, depth = shadow.rotation, shadow.shift, shadow.scale, shadow.depth
  size = depth.shape[0]
  for row in range(picture.shape[0]):
    for column in range(picture.shape[1]):
      a, b = (column - middle[0]) / focal, (row - middle[1]) / focal
      dy = rotation[0, 1] * a + rotation[1, 1] * b + rotation[2, 1]
      if dy > -1e-3:
        continue
      t = (floor - eye[1]) / dy
      x = eye[0] + t * (rotation[0, 0] * a + rotation[1, 0] * b + rotation[2, 0])
      z = eye[2] + t * (rotation[0, 2] * a + rotation[1, 2] * b + rotation[2, 2])
      i = (r[0, 0] * x + r[0, 1] * floor + r[0, 2] * z + shift[0]) * scale + size / 2
      j = (r[1, 0] * x + r[1, 1] * floor + r[1, 2] * z + shift[1]) * scale + size / 2
      if not (4 <= i < size - 4 and 4 <= j < size - 4):
        continue
      covered = 0.0
      for k in range(9):
        if depth[int(j + 2.5 * (k // 3 - 1)), int(i + 2.5 * (k % 3 - 1))] < FAR:
          covered += 1 / 9
      for k in range(3):
        picture[row, column, k] *= 1 - strength * covered
