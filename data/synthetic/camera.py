"""Weak perspective camera that follows the person, pans, zooms and shakes."""

import dataclasses
from typing import Tuple

import numpy as np

from . import body


@dataclasses.dataclass(frozen=True)
class View:
  """Camera of N pictures.

  The background is painted in canvas pixels. The camera shows canvas point q at
  zoom * (q - focus) + middle of the frame.

  Attributes:
    rotation: [3, 3], world axes to (right, up, towards the camera).
    scale: canvas pixels per body height.
    zoom: [N].
    focus: [N, 2] in canvas pixels.
    size: (height, width) of the frame.
  """

  rotation: np.ndarray
  scale: float
  zoom: np.ndarray
  focus: np.ndarray
  size: Tuple[int, int]

  @property
  def middle(self) -> np.ndarray:
    height, width = self.size
    return np.array([(width - 1) / 2, (height - 1) / 2])

  def project(self, points: np.ndarray) -> np.ndarray:
    """Projects world points to the frame.

    Args:
      points: [N, P, 3] in body heights.

    Returns:
      [N, P, 3]: x and y in frame pixels, and nearness in pixels (larger is nearer to the camera).
    """
    rotated = points @ self.rotation.T * self.scale
    zoom = self.zoom[:, None, None]
    flat = zoom * (rotated[..., :2] * (1, -1) - self.focus[:, None]) + self.middle
    return np.concatenate([flat, zoom * rotated[..., 2:]], axis=-1)


def _shake(rng: np.random.Generator, times: np.ndarray, amount: float) -> np.ndarray:
  """Draws the shake of a hand-held camera, [N, 2] in pixels."""
  periods, phases = rng.uniform(3, 12, (3, 2)), rng.uniform(0, 2 * np.pi, (3, 2))
  return amount * np.sin(2 * np.pi * times[:, None, None] / periods + phases).mean(axis=1)


def sample_view(
  rng: np.random.Generator,
  figure: body.Figure,
  times: np.ndarray,
  size: Tuple[int, int],
  difficulty: float,
) -> View:
  """Draws a camera that keeps the person in the frame, in most clips completely."""
  height, width = size
  tilt = np.deg2rad(rng.uniform(-4, 6 + 16 * difficulty))
  rotation = np.array(
    [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
  )
  flat = figure.points @ rotation[:2].T * (1, -1)
  root = flat[:, body.POINT_ID["pelvis"]]
  order = min(2, len(times) - 1)
  followed = np.stack([np.polyval(np.polyfit(times, line, order), times) for line in root.T], -1)
  follow = rng.uniform(0.75, 1.05, 2) * (1, rng.random() < 0.5)
  path = root.mean(axis=0) + follow * (followed - root.mean(axis=0))
  relative = flat - path[:, None]
  low, high = relative.min(axis=(0, 1)) - 0.05, relative.max(axis=(0, 1)) + 0.05
  room = np.array([width, height])
  fit = float(np.min(room / (high - low)))
  scale = fit * rng.uniform(0.72, 0.98)
  if rng.random() < 0.25 * difficulty:
    scale = fit * rng.uniform(1.0, 1.3)
  slack = room - scale * (high - low)
  place = rng.uniform(0.15, 0.85, 2) * slack - scale * low  # frame pixels of the path
  zoom = 1 + rng.uniform(0, 0.02 + 0.08 * difficulty) * np.sin(
    2 * np.pi * times / rng.uniform(25, 80) + rng.uniform(0, 2 * np.pi)
  )
  focus = scale * path + (room - 1) / 2 - place
  drift = rng.normal(0, 0.6 * difficulty, 2) * (times - times.mean())[:, None]
  focus = focus + drift + _shake(rng, times, rng.uniform(0, 0.6 + 3 * difficulty))
  return View(rotation, scale, zoom, focus, size)
