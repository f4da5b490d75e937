"""Cameras that stand, follow, pan or are held by hand, and cut to another view."""

from typing import NamedTuple, Tuple

import numpy as np

_UP = np.array([0.0, 1.0, 0.0])
STYLES = ("tripod", "follow", "hand", "pan")
_STYLE_ODDS = (0.3, 0.3, 0.28, 0.12)
FRAMINGS = ("whole", "far", "cut", "close")
_FRAMING_ODDS = (0.6, 0.1, 0.15, 0.15)
_CUT_ODDS = 0.05


class Camera(NamedTuple):
  """Pinhole camera at N times.

  Attributes:
    rotations: [N, 3, 3], world to (right, down, forward).
    positions: [N, 3] in dm.
    focals: [N], focal lengths in pixels.
    middle: [2], pixel of the axis; the center of the first pixel is (0, 0).
    shots: [N] int, 0, or 1 after a cut.
  """

  rotations: np.ndarray
  positions: np.ndarray
  focals: np.ndarray
  middle: np.ndarray
  shots: np.ndarray

  def get_shifts(self) -> np.ndarray:
    """Returns the positions of the world's origin for the camera, [N, 3]."""
    return -np.einsum("nab,nb->na", self.rotations, self.positions)

  def project(self, points: np.ndarray) -> np.ndarray:
    """Projects points [N, P, 3] in dm to [N, P, 3]: x, y in pixels, depth in dm.

    Points next to the camera or behind it are projected as if they were 1 dm in front of it.
    """
    seen = np.einsum("nab,npb->npa", self.rotations, points) + self.get_shifts()[:, None]
    depth = seen[..., 2:]
    flat = seen[..., :2] / np.maximum(depth, 1.0) * self.focals[:, None, None] + self.middle
    return np.concatenate([flat, depth], axis=-1)


class Subject(NamedTuple):
  """What a camera films, at N times.

  Attributes:
    whole: [N, P, 3] in dm, points of the whole person.
    upper: [N, Q, 3] in dm, points of head and shoulders.
    floor: height of the floor in dm.
  """

  whole: np.ndarray
  upper: np.ndarray
  floor: float


def look_at(position: np.ndarray, target: np.ndarray) -> np.ndarray:
  """Computes the rotation of cameras at `position` that look at `target`, both [..., 3].

  Returns:
    [..., 3, 3], world to (right, down, forward), with a level horizon.
  """
  forward = target - position
  forward = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
  right = np.cross(forward, _UP)
  right = right / (np.linalg.norm(right, axis=-1, keepdims=True) + 1e-9)
  return np.stack([right, np.cross(forward, right), forward], axis=-2)


def sample_camera(
  rng: np.random.Generator, subject: Subject, times: np.ndarray, size: int, can_cut: bool = True
) -> Camera:
  """Draws a camera.

  Args:
    rng: source of all random choices.
    subject: what it films.
    times: [N] in frames, in ascending order.
    size: height and width of a frame in pixels.
    can_cut: whether the view may change within the clip.
  """
  first = _sample_shot(rng, subject, times, size)
  span = float(times[-1] - times[0])
  if not can_cut or rng.random() >= _CUT_ODDS or span < 6:
    return first
  second = _sample_shot(rng, subject, times, size)
  # Between two frames, so that no exposure has both views.
  change = np.floor(times[0] + rng.uniform(0.25, 0.75) * span) + 0.5
  later = times > change
  chosen = [
    np.where(later.reshape(-1, *[1] * (old.ndim - 1)), new, old)
    for old, new in zip(first[:3], second[:3])
  ]
  return Camera(chosen[0], chosen[1], chosen[2], first.middle, later.astype(int))


def _waves(rng: np.random.Generator, times: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
  """Draws smooth motion [N, *shape] of about unit amplitude: three sines of 6 to 40 frames."""
  periods, phases = rng.uniform(6, 40, (3, *shape)), rng.uniform(0, 2 * np.pi, (3, *shape))
  amplitudes = periods / 40
  spread = times.reshape(-1, 1, *[1] * len(shape))
  return np.asarray((amplitudes * np.sin(2 * np.pi * spread / periods + phases)).sum(axis=1))


def _sample_shot(
  rng: np.random.Generator, subject: Subject, times: np.ndarray, size: int
) -> Camera:
  style = str(rng.choice(STYLES, p=_STYLE_ODDS))
  framing = str(rng.choice(FRAMINGS, p=_FRAMING_ODDS))
  points = subject.upper if framing == "close" else subject.whole
  path = points.mean(axis=1)
  center = path.mean(axis=0)
  distance = rng.uniform(7, 25) if framing == "close" else rng.uniform(20, 65)
  position = center + distance * _sample_direction(rng)
  position[1] = max(position[1], subject.floor + 2)
  follow = rng.uniform(0.6, 1.0) if style in ("follow", "hand") else rng.uniform(0.0, 0.4)
  moved = _smooth(path, times) - center
  target = center + follow * moved
  # An operator walks along.
  walk = rng.uniform(0, 0.6) * follow if style in ("follow", "hand") else 0.0
  positions = position + walk * moved * (1, 0, 1)
  shake = {"tripod": 0.0, "pan": 0.002, "follow": 0.004, "hand": 0.012}[style]
  shake = shake * distance * rng.uniform(0.3, 1.5)
  target = target + shake * _waves(rng, times, (3,))
  positions = positions + 0.5 * shake * _waves(rng, times, (3,))
  if style == "pan":
    speed = distance * rng.normal(0, 0.012)
    across = np.cross(center - position, _UP)
    across = across / (np.linalg.norm(across) + 1e-9)
    target = target + speed * (times - times.mean())[:, None] * across
  rotations = look_at(positions, target)
  roll = rng.normal(0, 0.05) + 2 * shake / distance * _waves(rng, times, ())
  rotations = _roll(roll) @ rotations
  zoom = 1 + (rng.normal(0, 0.004) * (times - times.mean()) if rng.random() < 0.3 else 0 * times)
  camera = Camera(rotations, positions, np.ones(len(times)), np.zeros(2), np.zeros(len(times), int))
  extent = float(np.abs(camera.project(points)[..., :2]).max()) + 1.6 / distance
  fit = {
    "whole": rng.uniform(0.68, 1.0),
    "far": rng.uniform(0.3, 0.68),
    "cut": rng.uniform(1.0, 1.8),
    "close": rng.uniform(0.65, 1.15),
  }[framing]
  focals = fit * size / 2 / extent * np.clip(zoom, 0.7, 1.4)
  middle = np.full(2, (size - 1) / 2)
  return camera._replace(focals=focals, middle=middle)


def _sample_direction(rng: np.random.Generator) -> np.ndarray:
  """Draws the direction from the person to the camera; rarely from high above or from below."""
  elevation = rng.normal(0.12, 0.18)
  if rng.random() < 0.1:
    elevation = rng.uniform(0.45, 1.0) if rng.random() < 0.7 else rng.uniform(-0.3, -0.1)
  elevation = float(np.clip(elevation, -0.35, 1.1))
  yaw = rng.uniform(0, 2 * np.pi)
  flat = np.cos(elevation)
  return np.array([flat * np.sin(yaw), np.sin(elevation), flat * np.cos(yaw)])


def _smooth(path: np.ndarray, times: np.ndarray) -> np.ndarray:
  """Returns a path [N, 3] as a cubic polynomial of time."""
  if len(times) < 5:
    return np.broadcast_to(path.mean(axis=0), path.shape)
  middle, half = times.mean(), max(1.0, float(np.ptp(times)) / 2)
  powers = ((times - middle) / half)[:, None] ** np.arange(4)
  return np.asarray(powers @ np.linalg.lstsq(powers, path, rcond=None)[0])


def _roll(angles: np.ndarray) -> np.ndarray:
  cosine, sine = np.cos(angles), np.sin(angles)
  rotations = np.zeros((len(angles), 3, 3))
  rotations[:, 0, 0] = rotations[:, 1, 1] = cosine
  rotations[:, 0, 1], rotations[:, 1, 0] = -sine, sine
  rotations[:, 2, 2] = 1
  return rotations
