"""Z-buffer rasterizer of skinned triangles, compiled by Numba."""

from typing import NamedTuple

import numba
import numpy as np

from .mesh import Materials, Mesh

FAR = np.float32(1e9)
_NEAR = 0.3  # dm in front of the camera
_compile = numba.njit(fastmath=True, cache=True, nogil=True)


class Fragments(NamedTuple):
  """Nearest face of each pixel.

  Attributes:
    depth: [h, w] float32, distance along the camera's axis in dm, or FAR.
    face: [h, w] int32, number of the face, or -1.
    shares: [h, w, 2] float32, barycentric coordinates of the face's first two vertices, which
      are correct in perspective.
  """

  depth: np.ndarray
  face: np.ndarray
  shares: np.ndarray


def clear_fragments(height: int, width: int) -> Fragments:
  """Creates fragments without any face."""
  return Fragments(
    np.full((height, width), FAR, np.float32),
    np.full((height, width), -1, np.int32),
    np.empty((height, width, 2), np.float32),
  )


@_compile
def skin_vertices(
  vertices: np.ndarray,
  bones: np.ndarray,
  weights: np.ndarray,
  rotations: np.ndarray,
  shifts: np.ndarray,
  posed: np.ndarray,
) -> None:
  """Applies linear blend skinning.

  Args:
    vertices: [V, 3] float32, rest pose.
    bones: [V, 4] int32.
    weights: [V, 4] float32.
    rotations: [B, 3, 3] float32.
    shifts: [B, 3] float32; a bone moves v to rotation v + shift.
    posed: [V, 3] float32, the result.
  """
  for i in range(vertices.shape[0]):
    x = y = z = np.float32(0.0)
    a, b, c = vertices[i, 0], vertices[i, 1], vertices[i, 2]
    for k in range(4):
      w = weights[i, k]
      if w > 0:
        n = bones[i, k]
        r = rotations[n]
        x += w * (r[0, 0] * a + r[0, 1] * b + r[0, 2] * c + shifts[n, 0])
        y += w * (r[1, 0] * a + r[1, 1] * b + r[1, 2] * c + shifts[n, 1])
        z += w * (r[2, 0] * a + r[2, 1] * b + r[2, 2] * c + shifts[n, 2])
    posed[i, 0], posed[i, 1], posed[i, 2] = x, y, z


@_compile
def compute_normals(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray) -> None:
  """Computes unit normals [V, 3] as sums over faces, weighted by area."""
  normals[:] = 0
  for i in range(faces.shape[0]):
    a, b, c = faces[i, 0], faces[i, 1], faces[i, 2]
    e0 = vertices[b, 0] - vertices[a, 0]
    e1 = vertices[b, 1] - vertices[a, 1]
    e2 = vertices[b, 2] - vertices[a, 2]
    f0 = vertices[c, 0] - vertices[a, 0]
    f1 = vertices[c, 1] - vertices[a, 1]
    f2 = vertices[c, 2] - vertices[a, 2]
    n0, n1, n2 = e1 * f2 - e2 * f1, e2 * f0 - e0 * f2, e0 * f1 - e1 * f0
    for j in (a, b, c):
      normals[j, 0] += n0
      normals[j, 1] += n1
      normals[j, 2] += n2
  for i in range(vertices.shape[0]):
    length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + 1e-12
    for k in range(3):
      normals[i, k] /= length


@_compile
def project_vertices(
  vertices: np.ndarray,
  rotation: np.ndarray,
  shift: np.ndarray,
  focal: float,
  middle: np.ndarray,
  screen: np.ndarray,
) -> None:
  """Projects vertices to pixels.

  Args:
    vertices: [V, 3] float32, world.
    rotation: [3, 3] float32, world to (right, down, forward).
    shift: [3] float32, position of the world's origin for the camera.
    focal: focal length in pixels; negative for a parallel projection of -focal pixels per dm.
    middle: [2] float32, pixel of the camera's axis; the first pixel's center is (0, 0).
    screen: [V, 3] float32, the result: x, y in pixels, depth in dm.
  """
  for i in range(vertices.shape[0]):
    a, b, c = vertices[i, 0], vertices[i, 1], vertices[i, 2]
    x = rotation[0, 0] * a + rotation[0, 1] * b + rotation[0, 2] * c + shift[0]
    y = rotation[1, 0] * a + rotation[1, 1] * b + rotation[1, 2] * c + shift[1]
    z = rotation[2, 0] * a + rotation[2, 1] * b + rotation[2, 2] * c + shift[2]
    scale = focal / max(z, 1e-3) if focal > 0 else -focal
    screen[i, 0], screen[i, 1], screen[i, 2] = middle[0] + scale * x, middle[1] + scale * y, z


@_compile
def find_bounds(screen: np.ndarray, bounds: np.ndarray) -> None:
  """Extends bounds (x1, y1, x2, y2) [4] to all vertices [V, 3] in front of the camera."""
  for i in range(screen.shape[0]):
    if screen[i, 2] > _NEAR:
      bounds[0], bounds[1] = min(bounds[0], screen[i, 0]), min(bounds[1], screen[i, 1])
      bounds[2], bounds[3] = max(bounds[2], screen[i, 0]), max(bounds[3], screen[i, 1])


@_compile
def scale_screen(screen: np.ndarray, scale: float, x: float, y: float) -> None:
  """Scales screen positions [V, 3] and shifts them by (x, y), in place."""
  for i in range(screen.shape[0]):
    screen[i, 0] = screen[i, 0] * scale + x
    screen[i, 1] = screen[i, 1] * scale + y


@_compile
def rasterize(
  screen: np.ndarray,
  mesh: Mesh,
  materials: Materials,
  fragments: Fragments,
  for_shadow: bool,
) -> None:
  """Finds the nearest face of each pixel.

  Args:
    screen: [V, 3] float32, see project_vertices.
    mesh: faces; front faces are clockwise on the screen.
    materials: materials of the faces.
    fragments: the result.
    for_shadow: whether to write only the depth, of both sides, in a parallel projection.
  """
  depth, face, shares = fragments
  # References to arrays are counted at each use of a tuple.
  faces, inside, material = mesh.faces, mesh.inside, mesh.material
  corners, points = mesh.corners, mesh.texture_points
  opacity, two_sided = materials.opacity, materials.two_sided
  texels, starts, sizes = materials.texels, materials.start, materials.size
  height, width = depth.shape
  for i in range(faces.shape[0]):
    a, b, c = faces[i, 0], faces[i, 1], faces[i, 2]
    az, bz, cz = screen[a, 2], screen[b, 2], screen[c, 2]
    if az < _NEAR or bz < _NEAR or cz < _NEAR:
      continue
    ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
    cx, cy = screen[c, 0], screen[c, 1]
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    m = material[i]
    if area == 0 or (area > 0 and not (for_shadow or two_sided[m])):
      continue
    has_holes = opacity[m] > 0 or min(inside[a], inside[b], inside[c]) < 0
    left, right = max(0.0, np.ceil(min(ax, bx, cx))), min(width - 1.0, np.floor(max(ax, bx, cx)))
    top, bottom = max(0.0, np.ceil(min(ay, by, cy))), min(height - 1.0, np.floor(max(ay, by, cy)))
    if right < left or bottom < top:
      continue
    inverse, ai, bi, ci = 1.0 / area, 1.0 / az, 1.0 / bz, 1.0 / cz
    for y in range(int(top), int(bottom) + 1):
      for x in range(int(left), int(right) + 1):
        w0 = ((bx - x) * (cy - y) - (by - y) * (cx - x)) * inverse
        w1 = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) * inverse
        w2 = 1 - w0 - w1
        if w0 < 0 or w1 < 0 or w2 < 0:
          continue
        if for_shadow:
          z = w0 * az + w1 * bz + w2 * cz
        else:
          z = 1 / (w0 * ai + w1 * bi + w2 * ci)
        if z >= depth[y, x]:
          continue
        p0, p1 = w0 * ai * z, w1 * bi * z
        if for_shadow:
          p0, p1 = w0, w1
        if has_holes:
          p2 = 1 - p0 - p1
          if p0 * inside[a] + p1 * inside[b] + p2 * inside[c] < 0:
            continue
          if opacity[m] > 0:
            d, e, f, n = corners[i, 0], corners[i, 1], corners[i, 2], sizes[m]
            u = p0 * points[d, 0] + p1 * points[e, 0] + p2 * points[f, 0]
            v = p0 * points[d, 1] + p1 * points[e, 1] + p2 * points[f, 1]
            column = min(int((u - np.floor(u)) * n), n - 1)
            row = min(max(int((1 - (v - np.floor(v))) * n), 0), n - 1)
            if texels[starts[m] + (row * n + column) * 4 + 3] < 255 * opacity[m]:
              continue
        depth[y, x] = z
        if not for_shadow:
          face[y, x] = i
          shares[y, x, 0], shares[y, x, 1] = p0, p1
