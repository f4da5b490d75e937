"""Places of further people and of furniture relative to the first person and the camera."""

from typing import List, NamedTuple

import numpy as np

from .actors import Actor, sample_actor
from .camera import Camera
from .furniture import Furniture, sample_furniture
from .library import Library

MAX_PEOPLE = 3
_PEOPLE_ODDS = (0.66, 0.24, 0.1)
PLACES = ("beside", "behind", "in front", "crossing")
_PLACE_ODDS = (0.34, 0.26, 0.15, 0.25)
_WALK = 0.45  # dm per frame, where a recording does not move on


class Placed(NamedTuple):
  """Furniture in the world.

  Attributes:
    furniture: the thing.
    rotation: [3, 3].
    path: [N, 3] in dm, its foot.
  """

  furniture: Furniture
  rotation: np.ndarray
  path: np.ndarray


class _Ground(NamedTuple):
  """Directions on the floor, as the camera sees them in the middle of the clip.

  Attributes:
    center: [3], the first person's place.
    right, near: [3], unit vectors to the camera's right and towards it.
    distance: from the person to the camera in dm.
  """

  center: np.ndarray
  right: np.ndarray
  near: np.ndarray
  distance: float

  def at(self, across: float, nearer: float) -> np.ndarray:
    """Returns the place [3] some dm to the right and nearer to the camera."""
    return self.center + across * self.right + nearer * self.near


def _find_ground(actor: Actor, camera: Camera) -> _Ground:
  middle = len(camera.positions) // 2
  center = actor.poses.heads[middle, 0] * (1, 0, 1)
  way = (camera.positions[middle] - center) * (1, 0, 1)
  distance = float(np.linalg.norm(way))
  near = way / (distance + 1e-9)
  right = camera.rotations[middle, 0] * (1, 0, 1)
  return _Ground(center, right / (np.linalg.norm(right) + 1e-9), near, distance)


def sample_company(
  library: Library, rng: np.random.Generator, first: Actor, camera: Camera, times: np.ndarray
) -> List[Actor]:
  """Draws up to two further people beside, behind or in front of the first one, or crossing.

  Args:
    library: assets.
    rng: source of all random choices.
    first: the person whom the camera films.
    camera: the camera.
    times: [N] in frames.
  """
  ground = _find_ground(first, camera)
  people = []
  for _ in range(int(rng.choice(MAX_PEOPLE, p=_PEOPLE_ODDS))):
    actor = sample_actor(library, rng, times)
    place = str(rng.choice(PLACES, p=_PLACE_ODDS))
    side = rng.choice([-1, 1])
    middle = len(times) // 2
    yaw = rng.uniform(0, 2 * np.pi)
    path = np.zeros((len(times), 3))
    if place == "beside":
      target = ground.at(side * rng.uniform(5, 13), rng.uniform(-6, 5))
    elif place == "behind":
      target = ground.at(rng.uniform(-10, 10), -rng.uniform(6, 45))
    elif place == "in front":
      nearer = min(rng.uniform(6, 14), 0.5 * ground.distance)
      target = ground.at(side * rng.uniform(1, 8), nearer)
    else:
      nearer = rng.choice([-1, 1]) * min(rng.uniform(5, 12), 0.5 * ground.distance)
      target = ground.at(rng.uniform(-4, 4), nearer)
      yaw, path = _cross(actor, side * ground.right, times)
    turned = actor.move(yaw, path)
    offset = turned.poses.heads[middle, 0] * (1, 0, 1)
    people.append(turned.move(0.0, target - offset))
  return people


def _cross(actor: Actor, direction: np.ndarray, times: np.ndarray) -> tuple:
  """Returns the yaw and a path [N, 3] by which an actor walks in a direction [3]."""
  way = (actor.poses.heads[-1, 0] - actor.poses.heads[0, 0]) * (1, 0, 1)
  span = max(1.0, float(times[-1] - times[0]))
  speed = float(np.linalg.norm(way)) / span
  if speed < _WALK / 2:
    # Face the direction, and slide.
    facing = actor.poses.rotations[:, 0, :, 2].mean(axis=0)
    yaw = _heading(direction) - _heading(facing)
    return yaw, _WALK * (times - times.mean())[:, None] * direction
  return _heading(direction) - _heading(way), np.zeros((len(times), 3))


def _heading(direction: np.ndarray) -> float:
  return float(np.arctan2(direction[0], direction[2]))


def sample_furnishing(
  library: Library, rng: np.random.Generator, first: Actor, camera: Camera, times: np.ndarray
) -> List[Placed]:
  """Draws furniture: in 45 % of the clips in front of the first person, in others around them.

  Args:
    library: assets.
    rng: source of all random choices.
    first: the person whom the camera films.
    camera: the camera.
    times: [N] in frames.
  """
  ground = _find_ground(first, camera)
  placed = []
  count = rng.integers(1, 3) if rng.random() < 0.45 else 0
  for _ in range(count):
    thing = sample_furniture(library, rng)
    nearer = rng.uniform(4, 10) + 0.3 * thing.reach
    if nearer > 0.7 * ground.distance:
      continue
    place = ground.at(rng.uniform(-6, 6), nearer)
    speed = rng.normal(0, 0.8) if rng.random() < 0.3 else 0.0
    path = place + speed * (times - times.mean())[:, None] * ground.right
    placed.append(Placed(thing, _turn(rng, ground, 0.3), path))
  for _ in range(rng.integers(1, 4) if rng.random() < 0.25 else 0):
    thing = sample_furniture(library, rng)
    across = rng.choice([-1, 1]) * (rng.uniform(6, 15) + thing.reach)
    place = ground.at(across, -rng.uniform(0, 20) - 0.5 * thing.reach)
    path = np.broadcast_to(place, (len(times), 3))
    placed.append(Placed(thing, _turn(rng, ground, 1.5), path))
  return placed


def _turn(rng: np.random.Generator, ground: _Ground, spread: float) -> np.ndarray:
  """Returns the rotation [3, 3] of furniture about the vertical, roughly along the frame."""
  yaw = _heading(ground.near) + rng.normal(0, spread)
  cosine, sine = np.cos(yaw), np.sin(yaw)
  return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
