"""Clips made from photographs by camera motion and swinging limbs.

In frame t a thin plate spline (Bookstein 1989) warps the photograph, so that the
joints move with the swinging limbs. A camera that pans, zooms and rolls then
takes the picture. Each motion is a slow oscillation of random phase, and the
camera also shakes. The exposure is a fraction of the time between frames, so
fast motion is blurred.
"""

import dataclasses
from typing import Callable, List, Optional, Sequence, Tuple

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

# (joint, joint about which it turns).
_LIMBS: Tuple[Tuple[str, str], ...] = tuple(
  (f"{side}_{end}", f"{side}_{start}")
  for side in ("left", "right")
  for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
)
_GRID = 48  # nodes of the spline along each side
_EXPOSURES = 3

Signal = Callable[[float], float]


@dataclasses.dataclass(frozen=True)
class Motion:
  """Maximum amplitudes of the motion.

  Attributes:
    swing: rotation of a limb in degrees.
    pan: translation of the camera, relative to the person's size.
    zoom: logarithm of the camera's zoom.
    roll: rotation of the camera in degrees.
    shake: standard deviation of the camera's position, relative to the person's size.
    exposure: longest exposure, relative to the time between frames.
    periods: shortest and longest period in frames.
  """

  swing: float = 25.0
  pan: float = 0.08
  zoom: float = 0.08
  roll: float = 6.0
  shake: float = 0.004
  exposure: float = 0.3
  periods: Tuple[float, float] = (12.0, 40.0)


def animate(
  photograph: np.ndarray,
  keypoints: np.ndarray,
  kept: np.ndarray,
  box: np.ndarray,
  joint_names: Sequence[str],
  num_frames: int,
  rng: np.random.Generator,
  motion: Optional[Motion] = None,
) -> Tuple[List[np.ndarray], np.ndarray]:
  """Makes a clip from a photograph.

  Args:
    photograph: [H, W, 3] uint8.
    keypoints: [J, 2], (x, y) in pixels.
    kept: [J] bool, True for known joints. A limb swings if both of its ends are known.
    box: [4], box of the person, whose longer side is the person's size.
    joint_names: names of J joints.
    num_frames: T.
    rng: source of all random choices.
    motion: amplitudes of the motion.
  Returns:
    T frames of the photograph's size, and [T, J, 2] float32 keypoints.
  """
  motion = motion or Motion()
  size = float(np.max(box[2:] - box[:2]))
  swings = {
    end: _oscillation(rng, motion.swing, motion.periods)
    for end, start in _LIMBS
    if end in joint_names and start in joint_names
  }
  pans = [_oscillation(rng, motion.pan * size, motion.periods) for _ in range(2)]
  zoom, roll = (_oscillation(rng, a, motion.periods) for a in (motion.zoom, motion.roll))
  exposure = rng.uniform(0.0, motion.exposure)
  center = (box[:2] + box[2:]) / 2
  frames, labels = [], []
  for time in range(num_frames):
    jolt = rng.normal(0.0, motion.shake * size, 2)
    exposures, positions = [], []
    for part in np.linspace(-0.5, 0.5, _EXPOSURES):
      moment = time + float(part) * exposure
      moved = _swing(keypoints, kept, joint_names, swings, moment)
      shift = np.array([pan(moment) for pan in pans]) + jolt
      camera = _camera_affine(center, float(np.exp(zoom(moment))), roll(moment), shift)
      exposures.append(_warp(photograph, keypoints, moved, kept, camera))
      positions.append(moved @ camera[:, :2].T + camera[:, 2])
    frames.append(np.mean(exposures, axis=0).round().astype(np.uint8))
    labels.append(positions[_EXPOSURES // 2])
  return frames, np.stack(labels).astype(np.float32)


def _oscillation(
  rng: np.random.Generator, amplitude: float, periods: Tuple[float, float]
) -> Signal:
  """Returns a sine of random amplitude, period and phase."""
  height = rng.uniform(0.2, 1.0) * amplitude
  turn, phase = 2 * np.pi / rng.uniform(*periods), rng.uniform(0, 2 * np.pi)
  return lambda moment: float(height * np.sin(turn * moment + phase))


def _swing(
  keypoints: np.ndarray,
  kept: np.ndarray,
  joint_names: Sequence[str],
  swings: dict,
  moment: float,
) -> np.ndarray:
  """Returns joints [J, 2] at a moment, after each limb turned about its moved start."""
  names = list(joint_names)
  moved = np.array(keypoints, np.float64)
  turned = {name: 0.0 for name in names}
  for end, start in _LIMBS:
    if end not in swings:
      continue
    i, j = names.index(end), names.index(start)
    if not (kept[i] and kept[j]):
      continue
    angle = turned[start] + swings[end](moment)
    turned[end] = angle
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    limb = np.asarray(keypoints[i], np.float64) - keypoints[j]
    moved[i] = moved[j] + np.array([[cosine, -sine], [sine, cosine]]) @ limb
  return moved


def _camera_affine(center: np.ndarray, zoom: float, roll: float, shift: np.ndarray) -> np.ndarray:
  """Returns the affine [2, 3] from the warped photograph to the frame."""
  linear = cv2.getRotationMatrix2D((0.0, 0.0), roll, zoom)[:, :2]
  return np.column_stack([linear, center - linear @ center + shift])


def _warp(
  photograph: np.ndarray,
  keypoints: np.ndarray,
  moved: np.ndarray,
  kept: np.ndarray,
  camera: np.ndarray,
) -> np.ndarray:
  """Returns a frame [H, W, 3] float32 of the photograph, with the kept joints at `moved`."""
  height, width = photograph.shape[:2]
  inverse = cv2.invertAffineTransform(camera)
  nodes = [np.linspace(0, length - 1, _GRID) for length in (width, height)]
  sources = np.stack(np.meshgrid(*nodes), axis=-1).reshape(-1, 2) @ inverse[:, :2].T
  sources = sources + inverse[:, 2]
  original, target = _anchors(keypoints, moved, kept, (height, width))
  if len(target):
    shifts = original - target
    spline = RBFInterpolator(target, shifts, kernel="thin_plate_spline", smoothing=1.0)
    sources = sources + spline(sources)
  # OpenCV interpolates between nodes only to a 32nd of their distance.
  rows, columns = (_interpolate_nodes(length) for length in (height, width))
  grid = sources.reshape(_GRID, _GRID, 2)
  x, y = ((rows @ grid[..., axis] @ columns.T).astype(np.float32) for axis in (0, 1))
  warped = cv2.remap(photograph, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
  return np.asarray(warped, np.float32)


def _interpolate_nodes(length: int) -> np.ndarray:
  """Returns the weight [length, _GRID] of each node at each pixel, for linear interpolation."""
  position = np.linspace(0, _GRID - 1, length)[:, None]
  return np.maximum(1 - np.abs(position - np.arange(_GRID)), 0)


def _anchors(
  keypoints: np.ndarray, moved: np.ndarray, kept: np.ndarray, size: Tuple[int, int]
) -> Tuple[np.ndarray, np.ndarray]:
  """Returns positions before and after warping: kept joints, and fixed borders."""
  if not kept.any() or np.allclose(keypoints[kept], moved[kept]):
    return np.zeros((0, 2)), np.zeros((0, 2))
  x, y = np.meshgrid(np.linspace(0, size[1] - 1, 5), np.linspace(0, size[0] - 1, 5))
  border = np.stack([x, y], axis=-1).reshape(-1, 2)
  outer = (border == 0).any(axis=1) | (border == np.array(size[::-1]) - 1).any(axis=1)
  border = border[outer]
  original = np.concatenate([keypoints[kept], border])
  target = np.concatenate([moved[kept], border])
  # Two anchors at one position would make the spline's equations singular.
  _, unique = np.unique(target.round(1), axis=0, return_index=True)
  return original[unique], target[unique]
