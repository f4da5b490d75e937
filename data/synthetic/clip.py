"""Drawn clips: samples a person, a motion, a scene and a camera, and paints them."""

import dataclasses
from typing import List, Tuple

import cv2
import numpy as np

from ppn_tf.keypoints.skeletons import PENN_ACTION

from . import appearance, body, camera, motion, parts, render, scenery


@dataclasses.dataclass(frozen=True)
class Settings:
  """Settings of all clips in a data set.

  Attributes:
    seed: seed of the data set.
    num_frames: number of frames per clip.
    height, width: size of a frame in pixels.
    difficulty: 0..1: clutter, blur, occluders, side and back views, low contrast.
    lapses: fraction of single frames that are out of focus, overexposed or dark.
  """

  seed: int
  num_frames: int
  height: int
  width: int
  difficulty: float
  lapses: float = 0.0


@dataclasses.dataclass(frozen=True)
class Clip:
  """Painted and labelled clip.

  Attributes:
    action: kind of motion.
    frames: contents of N JPEG files.
    keypoints: [N, 13, 2], (x, y) in pixels, Penn Action's joints, including hidden ones.
    visibility: [N, 13] bool.
    boxes: [N, 4], (x1, y1, x2, y2) in pixels.
  """

  action: str
  frames: List[bytes]
  keypoints: np.ndarray
  visibility: np.ndarray
  boxes: np.ndarray


def compute_boxes(keypoints: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
  """Computes boxes by Penn Action's rule with all joints: their extent x 1.2, clipped.

  Args:
    keypoints: [N, K, 2] in pixels.
    size: (height, width) of the image.

  Returns:
    [N, 4], (x1, y1, x2, y2) in pixels.
  """
  low, high = keypoints.min(axis=-2), keypoints.max(axis=-2)
  center, half = (low + high) / 2, 0.6 * (high - low)
  limit = np.array(size[::-1]) - 1
  return np.concatenate([(center - half).clip(0, limit), (center + half).clip(0, limit)], axis=-1)


def _exposures(rng: np.random.Generator, num_frames: int, difficulty: float) -> np.ndarray:
  """Draws exposure times [num_frames, S]; S is odd, and labels belong to the middle one."""
  exposure = rng.uniform(0.05, 0.3 + 0.6 * difficulty)
  count = 1 if exposure < 0.25 else 3 if exposure < 0.55 else 5 if exposure < 0.75 else 7
  offsets = exposure * np.linspace(-0.5, 0.5, count) if count > 1 else np.zeros(1)
  return np.arange(num_frames)[:, None] + offsets


def sample_scene(
  rng: np.random.Generator, settings: Settings
) -> Tuple[str, render.Scene, np.ndarray]:
  """Draws the motion and the scene of a clip.

  Returns:
    Kind of motion, the scene, and the indices [num_frames, S] of the pictures that are averaged
    into each frame.
  """
  size, hard = (settings.height, settings.width), settings.difficulty
  exposures = _exposures(rng, settings.num_frames, hard)
  times = exposures.ravel()
  action, pose = motion.sample_motion(rng, times, hard)
  proportions = body.sample_proportions(rng)
  figure = body.stand(pose, proportions)
  view = camera.sample_view(rng, figure, times, size, hard)
  points = view.project(figure.points)[..., :2]

  middle = view.middle
  reach = (np.stack([-middle, middle]) / view.zoom.min())[:, None] + view.focus
  low = np.floor(reach[0].min(axis=0)) - 2
  high = np.ceil(reach[1].max(axis=0)) + 2
  canvas = np.minimum(high - low, 3 * np.array(size[::-1])).astype(int)
  feet = [body.POINT_ID[f"{side}_ankle"] for side in body.SIDES]
  ground = points[:, feet, 1].mean() - middle[1] + view.focus[:, 1].mean() - low[1]
  floor = ground - settings.height * rng.uniform(0.02, 0.25)
  background = scenery.sample_background(rng, (canvas[1], canvas[0]), floor, hard)
  scenery_color = None
  if rng.random() < 0.3 * hard:
    scenery_color = tuple(background.reshape(-1, 3).mean(axis=0))
  looks = appearance.sample_looks(rng, scenery_color)
  light = rng.uniform(-0.2, 0.2)
  extent = np.concatenate([points.min(axis=(0, 1)), points.max(axis=(0, 1))])
  occluders = scenery.sample_occluders(rng, times, settings.num_frames, extent, size, hard)
  scene = render.Scene(
    view=view,
    figure=figure,
    parts=parts.build(figure, proportions, looks, view, light),
    background=background,
    corner=(float(low[0]), float(low[1])),
    occluders=occluders,
  )
  return action, scene, np.arange(len(times)).reshape(exposures.shape)


class _Sensor:
  """Lighting, focus, noise and compression of a clip's camera."""

  def __init__(self, rng: np.random.Generator, settings: Settings):
    hard = settings.difficulty
    self._rng = rng
    self._size = (settings.height, settings.width)
    self._focus = rng.uniform(0.3, 0.55 + 0.6 * hard)
    self._quality = int(rng.uniform(92 - 25 * hard, 96))
    spread = (0.05 + 0.3 * hard) * rng.uniform(-1, 1, 3)
    gain = (1 + spread.mean()) * (1 + 0.3 * (spread - spread.mean()))
    contrast = rng.uniform(1 - 0.35 * hard, 1.05)
    levels = np.arange(256)[:, None]
    curve = ((levels - 128) * contrast + 128) * gain
    self._curve = curve.clip(0, 255).round().astype(np.uint8)[None]
    bank = rng.standard_normal((self._size[0] + 32, self._size[1] + 32, 1), np.float32)
    self._noise = np.repeat((bank * rng.uniform(0.5, 2 + 7 * hard)).round(), 3, 2).astype(np.int16)
    # A separate generator, so that lapses change nothing else in a clip.
    self._lapse_rng = np.random.default_rng(rng.integers(2**63))
    self._lapses = settings.lapses

  def _lapse(self, image: np.ndarray) -> np.ndarray:
    """Returns the picture out of focus, overexposed or dark."""
    rng = self._lapse_rng
    kind, strength = rng.integers(3), rng.uniform(0.6, 1.0)
    if kind == 0:
      return cv2.GaussianBlur(image, (0, 0), 18 * strength * self._size[0] / 240)
    contrast = 0.35 - 0.25 * strength
    offset = 255 * (1 - contrast) if kind == 1 else 0
    dim = cv2.convertScaleAbs(image, alpha=contrast, beta=offset)
    grain = cv2.GaussianBlur(rng.standard_normal(image.shape, np.float32), (0, 0), 1.5)
    return cv2.add(dim, 100 * strength * grain, dtype=cv2.CV_8U)

  def expose(self, image: np.ndarray) -> bytes:
    """Encodes a picture [h, w, 3] uint8 BGR as JPEG, with the camera's defects."""
    if self._lapse_rng.random() < self._lapses:
      image = self._lapse(image)
    image = cv2.LUT(image, self._curve)
    if self._focus > 0.45:
      image = cv2.GaussianBlur(image, (0, 0), self._focus)
    row, column = self._rng.integers(0, 32, 2)
    noise = self._noise[row : row + self._size[0], column : column + self._size[1]]
    image = cv2.add(image, noise, dtype=cv2.CV_8U)
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
    return encoded.tobytes()


def make_clip(number: int, settings: Settings) -> Clip:
  """Makes a clip, which depends only on its number and the settings."""
  rng = np.random.default_rng([settings.seed, number])
  action, scene, pictures = sample_scene(rng, settings)
  sensor = _Sensor(rng, settings)
  middle = pictures[:, pictures.shape[1] // 2]
  ids = np.zeros((settings.height, settings.width), np.uint8)
  joints = [body.POINT_ID[name] for name in PENN_ACTION.joint_names]
  keypoints = scene.view.project(scene.figure.points[:, joints])[middle, :, :2]
  visibility = np.zeros(keypoints.shape[:2], bool)
  frames = []
  for t, group in enumerate(pictures):
    light = np.zeros((settings.height, settings.width, 3), np.float32)
    for index in group:
      cv2.accumulate(render.paint(scene, index, ids if index == middle[t] else None), light)
    frames.append(sensor.expose(cv2.convertScaleAbs(light, alpha=1 / len(group))))
    for k, joint in enumerate(PENN_ACTION.joint_names):
      visibility[t, k] = render.is_visible(scene, middle[t], ids, joint, keypoints[t, k])
  boxes = compute_boxes(keypoints, (settings.height, settings.width))
  return Clip(action, frames, keypoints, visibility, boxes)
