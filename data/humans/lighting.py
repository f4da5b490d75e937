"""Light of a scene, from a panorama."""

from typing import NamedTuple

import cv2
import numpy as np

from .camera import look_at
from .library import Library
from .mesh import Materials, Mesh
from .rasterizer import FAR, Fragments, project_vertices, rasterize
from .shading import Light, Shadow

_LOWEST_LAMP = 0.3  # radians over the horizon
_SHADOW_SIZE = 256
_LAMP_DISTANCE = 100.0


class Sky(NamedTuple):
  """Light, and the panorama that it comes from.

  Attributes:
    light: light of people and things.
    panorama: [H, W, 3] float32.
    shadow: 0..1, strength of shadows on the floor.
  """

  light: Light
  panorama: np.ndarray
  shadow: float


def sample_sky(library: Library, rng: np.random.Generator) -> Sky:
  """Draws a panorama and its rotation; its brightest place is the lamp."""
  panorama = library.get_panorama(int(rng.integers(len(library.files.panoramas))))
  height, width = panorama.shape[:2]
  panorama = np.roll(panorama, int(rng.integers(width)), axis=1)
  smooth = cv2.GaussianBlur(panorama.sum(axis=-1), (0, 0), height / 64)
  row, column = divmod(int(smooth.argmax()), width)
  elevation = max(_LOWEST_LAMP, (0.5 - row / height) * np.pi)
  azimuth = 2 * np.pi * column / width
  flat = np.cos(elevation)
  toward = np.array([flat * np.sin(azimuth), np.sin(elevation), flat * np.cos(azimuth)])
  reach = max(1, height // 40)
  lamp = panorama[max(0, row - reach) : row + reach, max(0, column - reach) : column + reach]
  ambient = rng.uniform(0.25, 0.7)
  lamp_strength = rng.uniform(0.3, 1.2) * (rng.random() < 0.9)
  light = Light(
    toward.astype(np.float32),
    lamp_strength * _soften(lamp),
    ambient * _soften(panorama[: height // 2]),
    ambient * rng.uniform(0.4, 0.8) * _soften(panorama[height // 2 :]),
  )
  return Sky(light, panorama, rng.uniform(0.2, 0.7) * min(1.0, float(lamp_strength) / ambient))


def _soften(colors: np.ndarray) -> np.ndarray:
  """Returns the mean color [3] of a part of a panorama, halfway to gray, of mean 1."""
  color = colors.reshape(-1, 3).mean(axis=0)
  return np.asarray(0.6 * color / (color.mean() + 1e-6) + 0.4, np.float32)


class LampView(NamedTuple):
  """Part of the world that gets shadows.

  Attributes:
    light: the lamp.
    center: [3], middle of the part.
    reach: its radius in dm.
  """

  light: Light
  center: np.ndarray
  reach: float


def cast_shadow(view: LampView, vertices: np.ndarray, mesh: Mesh, materials: Materials) -> Shadow:
  """Renders the depth seen from the lamp.

  Args:
    view: what the lamp sees.
    vertices: [V, 3] float32, world.
    mesh: faces of the vertices.
    materials: materials of the faces.
  """
  rotation = look_at(view.light.direction.astype(np.float64), np.zeros(3)).astype(np.float32)
  shift = np.asarray(-rotation @ view.center + (0, 0, _LAMP_DISTANCE), np.float32)
  scale = _SHADOW_SIZE / 2 / view.reach
  middle = np.full(2, _SHADOW_SIZE / 2, np.float32)
  screen = np.empty_like(vertices)
  project_vertices(vertices, rotation, shift, -scale, middle, screen)
  depth = np.full((_SHADOW_SIZE, _SHADOW_SIZE), FAR, np.float32)
  nothing = (np.zeros((1, 1), np.int32), np.zeros((1, 1, 2), np.float32))
  rasterize(screen, mesh, materials, Fragments(depth, *nothing), True)
  return Shadow(rotation, shift, scale, depth)
