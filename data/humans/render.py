"""Renders the frames of a scene, and finds which joints are visible."""

from typing import List, NamedTuple, Tuple

import cv2
import numpy as np

from ppn_tf.keypoints.skeletons import COCO

from .lighting import LampView, cast_shadow
from .mesh import Materials, Mesh
from .rasterizer import (
  FAR,
  Fragments,
  clear_fragments,
  compute_normals,
  find_bounds,
  project_vertices,
  rasterize,
  scale_screen,
  skin_vertices,
)
from .scene import Scene
from .shading import Posed, darken_floor, shade
from .textures import LINEAR

OUTSIDE, HIDDEN, SEEN = 0, 1, 2
# Depth of joints under an adult's skin or clothes in dm.
_DEPTHS = {
  "nose": 0.5,
  "eye": 0.45,
  "ear": 0.7,
  "shoulder": 1.3,
  "elbow": 0.9,
  "wrist": 0.7,
  "hip": 1.6,
  "knee": 1.1,
  "ankle": 0.9,
}
DEPTHS: np.ndarray = np.array([_DEPTHS[name.rpartition("_")[2]] for name in COCO.joint_names])


class Frame(NamedTuple):
  """Rendered frame.

  Attributes:
    picture: [size, size, 3] float32, linear RGB.
    coverage: [size, size] float32, share of people and things in each pixel.
    fragments: faces of a part of the frame, in the middle of the exposure.
    corner: (x, y) of that part in pixels.
    scale: pixels of the fragments per pixel of the frame.
  """

  picture: np.ndarray
  coverage: np.ndarray
  fragments: Fragments
  corner: Tuple[int, int]
  scale: int


def _pose(scene: Scene, time: int) -> Posed:
  mesh = scene.mesh
  vertices, normals = np.empty_like(mesh.vertices), np.empty_like(mesh.vertices)
  skin_vertices(
    mesh.vertices, mesh.bones, mesh.weights, scene.rotations[time], scene.shifts[time], vertices
  )
  compute_normals(vertices, mesh.faces, normals)
  return Posed(vertices, normals, scene.camera.positions[time].astype(np.float32))


def _project(scene: Scene, posed: Posed, time: int) -> np.ndarray:
  camera = scene.camera
  rotation = camera.rotations[time].astype(np.float32)
  shift = (-camera.rotations[time] @ camera.positions[time]).astype(np.float32)
  screen = np.empty_like(posed.vertices)
  focal, middle = float(camera.focals[time]), camera.middle.astype(np.float32)
  project_vertices(posed.vertices, rotation, shift, focal, middle, screen)
  return screen


def _find_region(screens: List[np.ndarray], size: int) -> Tuple[int, int, int, int]:
  """Returns the part (x1, y1, x2, y2) of a frame that holds all vertices in front of the camera."""
  bounds = np.array([FAR, FAR, -FAR, -FAR])
  for screen in screens:
    find_bounds(screen, bounds)
  x1, y1 = np.floor(bounds[:2] - 2).clip(0, size - 2).astype(int)
  x2, y2 = np.ceil(bounds[2:] + 3).clip(2, size).astype(int)
  return x1, y1, max(x2, x1 + 2), max(y2, y1 + 2)


def render_frame(scene: Scene, number: int, size: int) -> Frame:
  """Renders a frame.

  Args:
    scene: the scene.
    number: number of the frame.
    size: height and width of the frame.
  """
  times = scene.exposures[number]
  middle = len(times) // 2
  scale = 2 if len(times) == 1 else 1  # several moments smooth edges, too
  poses = [_pose(scene, time) for time in times]
  screens = [_project(scene, posed, time) for posed, time in zip(poses, times)]
  x1, y1, x2, y2 = _find_region(screens, size)
  # The exposure of the background is worth its time only where it moves.
  picture = _show_background(scene, times)
  center = scene.actors[0].poses.heads[times[middle], 0]
  view = LampView(scene.sky.light, center, scene.reach)
  shadow = cast_shadow(view, poses[middle].vertices, scene.mesh, scene.materials)
  camera, time = scene.camera, times[middle]
  darken_floor(
    picture, camera.rotations[time].astype(np.float32), poses[middle].eye,
    float(camera.focals[time]), camera.middle.astype(np.float32), 0.0, shadow, scene.sky.shadow,
  )  # fmt: skip
  height, width = (y2 - y1) * scale, (x2 - x1) * scale
  light = np.zeros((height, width, 4), np.float32)
  kept = clear_fragments(height, width)
  for step, (posed, screen) in enumerate(zip(poses, screens)):
    jitter = (step * 0.618 % 1 - 0.5, step * 0.382 % 1 - 0.5) if step != middle else (0.0, 0.0)
    shift = (0.5 - x1) * scale - 0.5 + jitter[0], (0.5 - y1) * scale - 0.5 + jitter[1]
    scale_screen(screen, float(scale), float(shift[0]), float(shift[1]))
    fragments = kept if step == middle else clear_fragments(height, width)
    rasterize(screen, scene.mesh, scene.materials, fragments, False)
    shade(
      posed, scene.mesh, scene.materials, LINEAR, fragments, scene.sky.light, shadow, scale, light
    )
  light = cv2.resize(light, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA) / len(times)
  part = picture[y1:y2, x1:x2]
  part *= 1 - light[..., 3:]
  part += light[..., :3]
  coverage = np.zeros((size, size), np.float32)
  coverage[y1:y2, x1:x2] = light[..., 3]
  return Frame(picture, coverage, kept, (x1, y1), scale)


def _show_background(scene: Scene, times: np.ndarray) -> np.ndarray:
  """Returns the background of an exposure, blurred if the camera turns by more than a pixel."""
  middle = len(times) // 2
  first, last = (scene.backdrop.move(time) for time in (times[0], times[-1]))
  place = np.append(scene.camera.middle, 1.0)
  moved = first @ np.linalg.solve(last, place)
  if np.abs(moved[:2] / moved[2] - place[:2]).max() < 1:
    return scene.backdrop.show(times[middle])
  return np.asarray(np.mean([scene.backdrop.show(time) for time in times], axis=0), np.float32)


def find_states(
  frame: Frame,
  mesh: Mesh,
  materials: Materials,
  owner: int,
  joints: np.ndarray,
  depths: np.ndarray,
) -> np.ndarray:
  """Finds which joints of a person are visible.

  A joint is seen if, within one pixel of its place, the picture shows the person's own surface
  at most `depths` nearer than the joint, or something farther away than the joint.

  Args:
    frame: the rendered frame.
    mesh: faces of the fragments.
    materials: their materials.
    owner: number of the person, see Materials.owner.
    joints: [17, 3]: x, y in pixels of the frame, depth in dm.
    depths: [17], depth of the joints under the surface in dm.
  Returns:
    [17] uint8: OUTSIDE, HIDDEN or SEEN.
  """
  states = np.zeros(len(joints), np.uint8)
  size = frame.picture.shape[0]
  corner = np.array(frame.corner)
  places = (joints[:, :2] - corner + 0.5) * frame.scale - 0.5
  inside = ((joints[:, :2] >= -0.5) & (joints[:, :2] < size - 0.5)).all(axis=1)
  for k in np.flatnonzero(inside & (joints[:, 2] > 1)):
    x, y = np.round(places[k]).astype(int)
    rows, columns = slice(max(0, y - 1), max(0, y + 2)), slice(max(0, x - 1), max(0, x + 2))
    faces = frame.fragments.face[rows, columns]
    nearest = frame.fragments.depth[rows, columns]
    owners = np.where(faces >= 0, materials.owner[mesh.material[faces]], -1)
    limit = np.where(owners == owner, joints[k, 2] - depths[k], joints[k, 2])
    # Outside the rendered part there is only background.
    seen = not faces.size or bool((nearest > limit).any())
    states[k] = SEEN if seen else HIDDEN
  return states
