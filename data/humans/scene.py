"""Scenes: people, furniture, light and backgrounds of a clip, at all times of its exposures."""

import dataclasses
from typing import List, NamedTuple, Tuple

import numpy as np

from .actors import Actor, sample_actor
from .backgrounds import Backdrop, Pictures, sample_background
from .camera import Camera, Subject, sample_camera
from .library import Library
from .lighting import Sky, sample_sky
from .mesh import Materials, Mesh, join_models
from .staging import Placed, sample_company, sample_furnishing


@dataclasses.dataclass(frozen=True)
class Settings:
  """Settings of all clips in a data set.

  Attributes:
    seed: seed of the data set.
    num_frames: T, frames of each clip.
    size: height and width of a frame in pixels.
  """

  seed: int
  num_frames: int
  size: int


class Scene(NamedTuple):
  """Everything that a clip shows, at N = T x S times.

  Attributes:
    mesh, materials: all people, then all furniture; their place is Materials.owner.
    rotations: [N, B, 3, 3] float32, of all bones.
    shifts: [N, B, 3] float32, see rasterizer.skin_vertices.
    actors: people, the first of whom the camera films.
    camera: the camera.
    sky: light.
    backdrop: background.
    exposures: [T, S], numbers of the times that are averaged into each frame.
    reach: radius in dm about the first person that shadows cover.
  """

  mesh: Mesh
  materials: Materials
  rotations: np.ndarray
  shifts: np.ndarray
  actors: List[Actor]
  camera: Camera
  sky: Sky
  backdrop: Backdrop
  exposures: np.ndarray
  reach: float

  def get_moments(self) -> np.ndarray:
    """Returns the numbers [T] of the middle of each exposure, to which the labels belong."""
    return np.asarray(self.exposures[:, self.exposures.shape[1] // 2])


def sample_times(rng: np.random.Generator, num_frames: int) -> np.ndarray:
  """Draws exposures: short ones, or three or five moments while the shutter is open.

  Returns:
    [T, S] in frames.
  """
  count = int(rng.choice([1, 3, 5], p=[0.55, 0.3, 0.15]))
  shutter = {1: 0.0, 3: rng.uniform(0.15, 0.4), 5: rng.uniform(0.4, 0.9)}[count]
  # Each moment stands for an equal part of the exposure.
  offsets = (np.arange(count) - (count - 1) / 2) / count * shutter
  return np.arange(num_frames)[:, None] + offsets


def sample_scene(
  library: Library,
  pictures: Pictures,
  settings: Settings,
  rng: np.random.Generator,
  plain: bool = False,
) -> Scene:
  """Draws a scene.

  Args:
    library: assets.
    pictures: sources of backgrounds.
    settings: number and size of frames.
    rng: source of all random choices.
    plain: whether to show one person who moves as recorded, without furniture and cuts.
  """
  exposures = sample_times(rng, settings.num_frames)
  times = exposures.ravel()
  first = sample_actor(library, rng, times, plain)
  subject = Subject(first.get_whole(), first.get_upper(), 0.0)
  camera = sample_camera(rng, subject, times, settings.size, can_cut=not plain)
  actors, placed = [first], []
  if not plain:
    actors += sample_company(library, rng, first, camera, times)
    placed = sample_furnishing(library, rng, first, camera, times)
  sky = sample_sky(library, rng)
  count = int(camera.shots.max()) + 1
  shots = [sample_background(rng, pictures, sky, settings.size) for _ in range(count)]
  models = [actor.person.model for actor in actors] + [item.furniture.model for item in placed]
  mesh, materials = join_models(models, library.pool.values)
  rotations, shifts = _move_bones(actors, placed, len(times))
  return Scene(
    mesh=mesh,
    materials=materials,
    rotations=rotations,
    shifts=shifts,
    actors=actors,
    camera=camera,
    sky=sky,
    backdrop=Backdrop(shots, camera, settings.size),
    exposures=np.arange(len(times)).reshape(exposures.shape),
    reach=_measure_reach(actors),
  )


def _measure_reach(actors: List[Actor]) -> float:
  """Returns the distance in dm of the farthest bone from the first person's root, 14 to 32."""
  center = actors[0].poses.heads[:, :1]
  distances = [np.abs(actor.poses.heads - center).max() for actor in actors]
  return float(np.clip(1.3 * max(distances), 14, 32))


def _move_bones(
  actors: List[Actor], placed: List[Placed], count: int
) -> Tuple[np.ndarray, np.ndarray]:
  """Returns rotations [N, B, 3, 3] and shifts [N, B, 3] of all bones."""
  rotations = [actor.poses.rotations for actor in actors]
  rotations += [np.broadcast_to(item.rotation, (count, 1, 3, 3)) for item in placed]
  shifts = [actor.get_shifts() for actor in actors] + [item.path[:, None] for item in placed]
  return (
    np.ascontiguousarray(np.concatenate(rotations, axis=1), np.float32),
    np.ascontiguousarray(np.concatenate(shifts, axis=1), np.float32),
  )
