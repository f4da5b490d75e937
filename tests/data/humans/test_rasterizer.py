"""Tests of the renderer on single triangles and boxes, against OpenCV and cases by hand."""

import cv2
import numpy as np
import pytest

pytest.importorskip("numba", reason="numba, of the extra humans, is not installed")

from data.humans.camera import Camera, look_at
from data.humans.furniture import make_cuboid, make_lathe
from data.humans.lighting import LampView, cast_shadow
from data.humans.mesh import Material, Model, join_models
from data.humans.rasterizer import (
  FAR,
  clear_fragments,
  compute_normals,
  project_vertices,
  rasterize,
  skin_vertices,
)
from data.humans.render import HIDDEN, OUTSIDE, SEEN, Frame, find_states
from data.humans.rig import Skin
from data.humans.shading import Light, Posed, Shadow, shade
from data.humans.textures import LINEAR, TexturePool

NO_TEXELS = np.zeros(4, np.uint8)


def make_model(vertices, faces, material=None, inside=None):
  """Returns a model with one bone and one material."""
  model = Model(1)
  model.add_material(material or Material(two_sided=True))
  bones = np.zeros((len(vertices), 4), np.int32)
  weights = np.tile(np.array([1, 0, 0, 0], np.float32), (len(vertices), 1))
  points = np.asarray(vertices)[:, :2]
  faces = np.array(faces)
  model.add_part(
    np.array(vertices, float), Skin(bones, weights), faces, faces, points, np.array(0), inside
  )
  return model


def rasterize_screen(screen, faces, size, material=None, inside=None, texels=NO_TEXELS):
  mesh, materials = join_models([make_model(screen, faces, material, inside)], texels)
  fragments = clear_fragments(*size)
  rasterize(mesh.vertices, mesh, materials, fragments, False)
  return fragments


def test_camera_agrees_with_opencv():
  rng = np.random.default_rng(0)
  points = rng.normal(0, 5, (1, 50, 3))
  position, target = np.array([[3.0, 8, 40]]), np.array([[0.0, 1, 0]])
  rotation = look_at(position, target)
  camera = Camera(rotation, position, np.array([310.0]), np.array([127.5, 100]), np.zeros(1, int))
  projected = camera.project(points)
  intrinsics = np.array([[310.0, 0, 127.5], [0, 310, 100], [0, 0, 1]])
  shift = -rotation[0] @ position[0]
  expected, _ = cv2.projectPoints(points[0], cv2.Rodrigues(rotation[0])[0], shift, intrinsics, None)
  np.testing.assert_allclose(projected[0, :, :2], expected[:, 0], atol=1e-6)
  np.testing.assert_allclose(projected[0, :, 2], points[0] @ rotation[0, 2] + shift[2])
  screen = np.empty((50, 3), np.float32)
  project_vertices(
    points[0].astype(np.float32), rotation[0].astype(np.float32), shift.astype(np.float32), 310.0,
    camera.middle.astype(np.float32), screen,
  )  # fmt: skip
  np.testing.assert_allclose(screen, projected[0], rtol=1e-4, atol=1e-3)
  # A point above the target is higher in the picture, where rows are smaller.
  assert camera.project(np.array([[[0.0, 2, 0]]]))[0, 0, 1] < 100


def test_triangles_cover_the_pixels_that_opencv_fills():
  rng = np.random.default_rng(1)
  compared = 0
  for corners in rng.uniform(-5, 64, (40, 3, 2)).round():
    screen = np.column_stack([corners, np.full(3, 20.0)])
    covered = rasterize_screen(screen, [[0, 1, 2]], (50, 60)).face >= 0
    filled = np.zeros((50, 60), np.uint8)
    cv2.fillConvexPoly(filled, corners.astype(np.int32), 1)
    # OpenCV also draws the outline.
    inner = cv2.erode(np.pad(filled, 1), np.ones((3, 3), np.uint8))[1:-1, 1:-1]
    assert not (covered & (filled == 0)).any()
    assert covered[inner > 0].all()
    compared += int(inner.sum())
  assert compared > 5000


def test_depth_is_that_of_the_plane():
  screen = np.array([[2.0, 3, 10], [50, 6, 40], [8, 44, 25]])
  fragments = rasterize_screen(screen, [[0, 1, 2]], (50, 60))
  # 1 / depth is linear in the picture.
  plane = np.linalg.solve(np.column_stack([screen[:, :2], np.ones(3)]), 1 / screen[:, 2])
  rows, columns = np.nonzero(fragments.face >= 0)
  expected = 1 / (columns * plane[0] + rows * plane[1] + plane[2])
  assert len(rows) > 500
  np.testing.assert_allclose(fragments.depth[rows, columns], expected, rtol=1e-3)
  assert (fragments.depth[fragments.face < 0] == FAR).all()


def test_the_nearest_face_wins_whatever_the_order():
  square = [[0, 0], [40, 0], [40, 40], [0, 40]]
  near = np.column_stack([np.array(square) * 0.5, np.full(4, 10.0)])
  far = np.column_stack([square, np.full(4, 20.0)])
  quads = np.array([[0, 1, 2], [0, 2, 3]])
  for first, second in ((near, far), (far, near)):
    screen = np.concatenate([first, second])
    depth = rasterize_screen(screen, np.concatenate([quads, quads + 4]), (41, 41)).depth
    assert depth[10, 10] == 10 and depth[30, 30] == 20


def test_backs_cuts_and_holes_are_not_drawn():
  corners = np.array([[0.0, 0, 10], [0, 40, 10], [40, 0, 10]])
  solid = Material()
  front = rasterize_screen(corners, [[0, 1, 2]], (41, 41), solid)
  assert (front.face >= 0).sum() > 700
  assert (rasterize_screen(corners, [[0, 2, 1]], (41, 41), solid).face < 0).all()
  half = rasterize_screen(corners, [[0, 1, 2]], (41, 41), solid, np.array([1.0, 1.0, -1.0]))
  assert half.face[5, 15] == 0 and half.face[5, 25] < 0
  pool = TexturePool()
  image = np.full((8, 8, 4), 255, np.uint8)
  image[:, 4:, 3] = 0
  holey = Material(pool.add(("holes", 0), image), opacity=0.5)
  corners[:, :2] /= 40  # texture points, from 0 to 1
  mesh, materials = join_models([make_model(corners, [[0, 1, 2]], holey)], pool.values)
  fragments = clear_fragments(41, 41)
  rasterize(mesh.vertices * np.float32([40, 40, 1]), mesh, materials, fragments, False)
  assert fragments.face[5, 15] == 0 and fragments.face[5, 25] < 0


def test_skinning_mixes_bones():
  turn = cv2.Rodrigues(np.array([0.0, 0, np.pi / 2]))[0]
  rotations = np.stack([np.eye(3), turn]).astype(np.float32)
  shifts = np.array([[1, 0, 0], [0, 2, 0]], np.float32)
  bones = np.array([[0, 1, 0, 0]] * 2, np.int32)
  weights = np.array([[1, 0, 0, 0], [0.25, 0.75, 0, 0]], np.float32)
  posed = np.empty((2, 3), np.float32)
  skin_vertices(np.array([[4, 0, 0]] * 2, np.float32), bones, weights, rotations, shifts, posed)
  # The second bone turns (4, 0, 0) to (0, 4, 0), and shifts it to (0, 6, 0).
  np.testing.assert_allclose(posed, [[5, 0, 0], [0.25 * 5, 0.75 * 6, 0]], atol=1e-6)


@pytest.mark.parametrize(
  "piece",
  [
    make_cuboid(np.array([-1.0, 0, -2]), np.array([1.0, 3, 2])),
    make_lathe(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0, 2, 2])),
  ],
)
def test_faces_of_furniture_look_outward(piece):
  vertices, faces, _ = piece
  corners = vertices[faces]
  normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
  outward = corners.mean(axis=1) - vertices.mean(axis=0)
  area = np.linalg.norm(normals, axis=1)
  assert ((normals * outward).sum(axis=1)[area > 1e-9] > 0).all() and (area > 1e-9).sum() >= 12
  # Divergence theorem: the flux of the position is three times the volume.
  volume = (corners[:, 0] * normals).sum() / 6
  assert volume == pytest.approx(2 * 3 * 4 if len(vertices) == 24 else 2 * np.pi, rel=0.05)


def shade_square(light, depth=FAR, tint=(0.5, 0.25, 1.0)):
  """Shades a square at z = 0 seen from z = 10, and returns its middle pixel."""
  corners = np.array([[-5.0, -5, 0], [5, -5, 0], [5, 5, 0], [-5, 5, 0]])
  material = Material(tint=np.array(tint), shine=0.0)
  model = make_model(corners, [[0, 1, 2], [0, 2, 3]], material)
  mesh, materials = join_models([model], NO_TEXELS)
  normals = np.empty_like(mesh.vertices)
  compute_normals(mesh.vertices, mesh.faces, normals)
  np.testing.assert_allclose(normals, [[0, 0, 1]] * 4, atol=1e-6)
  rotation = look_at(np.array([0.0, 0, 10]), np.zeros(3)).astype(np.float32)
  screen = np.empty_like(mesh.vertices)
  middle = np.full(2, 10, np.float32)
  project_vertices(mesh.vertices, rotation, np.float32([0, 0, 10]), 20.0, middle, screen)
  fragments = clear_fragments(21, 21)
  rasterize(screen, mesh, materials, fragments, False)
  shadow = Shadow(np.eye(3, dtype=np.float32), np.float32([0, 0, 100]), 1.0,
                  np.full((32, 32), depth, np.float32))  # fmt: skip
  picture = np.zeros((21, 21, 4), np.float32)
  posed = Posed(mesh.vertices, normals, np.float32([0, 0, 10]))
  shade(posed, mesh, materials, LINEAR, fragments, light, shadow, 1, picture)
  return picture[10, 10]


def test_shading_follows_lamberts_law():
  zero, white = np.zeros(3, np.float32), np.ones(3, np.float32)
  toward = np.float32([0, np.sin(np.pi / 3), np.cos(np.pi / 3)])
  # A tenth of the lamp's light wraps around.
  expected = (0.9 * 0.5 + 0.1) * np.array([0.5, 0.25, 1.0])
  lit = shade_square(Light(toward, white, zero, zero))
  np.testing.assert_allclose(lit, [*expected, 1], rtol=1e-4)
  np.testing.assert_allclose(shade_square(Light(toward, white, zero, zero), 50.0)[:3], 0)
  # A wall gets half of the light from above, and half from below.
  ambient = shade_square(Light(toward, zero, white, 0.5 * white))
  np.testing.assert_allclose(ambient[:3], 0.75 * np.array([0.5, 0.25, 1.0]), rtol=1e-4)


def test_a_box_casts_a_shadow():
  vertices, faces, _ = make_cuboid(np.array([-1.0, 4, -1]), np.array([1.0, 6, 1]))
  mesh, materials = join_models([make_model(vertices, faces)], NO_TEXELS)
  color = np.ones(3, np.float32)
  # The lamp shines along (-1, -1, 0), so the shadow is 5 dm to the left, on the floor.
  light = Light(np.float32([1, 1, 0]) / np.float32(np.sqrt(2)), color, color, color)
  view = LampView(light, np.array([0.0, 5, 0]), 14.0)
  shadow = cast_shadow(view, mesh.vertices, mesh, materials)
  places = np.array([[-5.0, 0, 0], [0, 0, 0], [0, 5, 0], [-5.0, 0, 3]])
  axes = (places @ shadow.rotation.T + shadow.shift) * shadow.scale
  columns, rows = (axes[:, :2] + 128).round().astype(int).T
  covered = shadow.depth[rows, columns] < places @ shadow.rotation[2] + shadow.shift[2] - 0.1
  assert covered.tolist() == [True, False, True, False]


def test_joints_behind_a_box_are_hidden():
  """A body at depth 50 fills the frame; a box at depth 40 covers its left half."""
  square = np.array([[0.0, 0], [63, 0], [63, 63], [0, 63]])
  body = np.column_stack([square, np.full(4, 50.0)])
  box = np.column_stack([square * (0.5, 1), np.full(4, 40.0)])
  quads = [[0, 1, 2], [0, 2, 3]]
  mesh, materials = join_models([make_model(body, quads), make_model(box, quads)], NO_TEXELS)
  fragments = clear_fragments(64, 64)
  rasterize(mesh.vertices, mesh, materials, fragments, False)
  picture = np.zeros((64, 64, 3), np.float32)
  frame = Frame(picture, picture[..., 0], fragments, (0, 0), 1)
  joints = np.array([
    [10, 30, 51], [50, 30, 51], [50, 30, 53], [-3, 30, 51], [50, 70, 51], [10, 30, 39],
    [63.4, 5, 51],
  ], float)  # fmt: skip
  depths = np.full(len(joints), 1.5)
  states = find_states(frame, mesh, materials, 0, joints, depths).tolist()
  # The third is too deep in the body, the sixth is in front of the box.
  assert states == [HIDDEN, SEEN, HIDDEN, OUTSIDE, OUTSIDE, SEEN, SEEN]
  # Of the box' own joints, the first lies far behind it.
  assert find_states(frame, mesh, materials, 1, joints[[0, 5]], depths[:2]).tolist() == [
    HIDDEN,
    SEEN,
  ]
