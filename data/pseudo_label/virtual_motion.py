"""A clip made of a photograph: one path of a camera, and limbs that swing.

Frame t shows the photograph bent by a thin plate spline (Bookstein 1989), which
carries the joints to where the swinging limbs have them, and then seen by a
camera that pans, zooms and rolls. Every motion is a slow oscillation of random
phase; the camera trembles besides. Frames are exposed for a part of the time
between them, so what moves fast is blurred.
"""

import dataclasses
from typing import Callable, List, Optional, Sequence, Tuple

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

# Joint and the one that it turns about.
_LIMBS: Tuple[Tuple[str, str], ...] = tuple(
  (f"{side}_{end}", f"{side}_{start}")
  for side in ("left", "right")
  for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
)
_GRID = 48  # nodes that the spline is computed at, to either side
_EXPOSURES = 3

Signal = Callable[[float], float]


@dataclasses.dataclass(frozen=True)
class Motion:
  """How much moves; amplitudes are drawn up to these.

  Attributes:
    swing: degrees of a limb.
    pan: of the camera, in parts of the person's size.
    zoom: of the camera, as a factor's logarithm.
    roll: of the camera, in degrees.
    tremble: standard deviation of the camera's place, in parts of the person's size.
    exposure: longest exposure in parts of the time between frames.
    periods: frames of the quickest and of the slowest oscillation.
  """

  swing: float = 25.0
  pan: float = 0.08
  zoom: float = 0.08
  roll: float = 6.0
  tremble: float = 0.004
  exposure: float = 0.3
  periods: Tuple[float, float] = (12.0, 40.0)


def moving_clip(
  photograph: np.ndarray,
  keypoints: np.ndarray,
  kept: np.ndarray,
  box: np.ndarray,
  joint_names: Sequence[str],
  num_frames: int,
  rng: np.random.Generator,
  motion: Optional[Motion] = None,
) -> Tuple[List[np.ndarray], np.ndarray]:
  """Makes a clip of a photograph.

  Args:
    photograph: [H, W, 3] uint8.
    keypoints: [J, 2], (x, y) in its pixels.
    kept: [J] bool, joints whose places are known; limbs swing where both ends are.
    box: [4], the person; its longer side is the person's size.
    joint_names: J names.
    num_frames: T.
    rng: decides everything.
    motion: how much moves.
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
    shake = rng.normal(0.0, motion.tremble * size, 2)
    exposures, places = [], []
    for part in np.linspace(-0.5, 0.5, _EXPOSURES):
      moment = time + float(part) * exposure
      moved = _swung(keypoints, kept, joint_names, swings, moment)
      shift = np.array([pan(moment) for pan in pans]) + shake
      camera = _camera(center, float(np.exp(zoom(moment))), roll(moment), shift)
      exposures.append(_warped(photograph, keypoints, moved, kept, camera))
      places.append(moved @ camera[:, :2].T + camera[:, 2])
    frames.append(np.mean(exposures, axis=0).round().astype(np.uint8))
    labels.append(places[_EXPOSURES // 2])
  return frames, np.stack(labels).astype(np.float32)


def _oscillation(
  rng: np.random.Generator, amplitude: float, periods: Tuple[float, float]
) -> Signal:
  """A slow wave of random height, period and phase."""
  height = rng.uniform(0.2, 1.0) * amplitude
  turn, phase = 2 * np.pi / rng.uniform(*periods), rng.uniform(0, 2 * np.pi)
  return lambda moment: float(height * np.sin(turn * moment + phase))


def _swung(
  keypoints: np.ndarray,
  kept: np.ndarray,
  joint_names: Sequence[str],
  swings: dict,
  moment: float,
) -> np.ndarray:
  """[J, 2] joints at a moment: each limb is turned about its start, which its parent has moved."""
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


def _camera(center: np.ndarray, zoom: float, roll: float, shift: np.ndarray) -> np.ndarray:
  """[2, 3]: where the camera shows a place of the bent photograph."""
  linear = cv2.getRotationMatrix2D((0.0, 0.0), roll, zoom)[:, :2]
  return np.column_stack([linear, center - linear @ center + shift])


def _warped(
  photograph: np.ndarray,
  keypoints: np.ndarray,
  moved: np.ndarray,
  kept: np.ndarray,
  camera: np.ndarray,
) -> np.ndarray:
  """The photograph, its kept joints carried to `moved`, seen by a camera; [H, W, 3] float32."""
  height, width = photograph.shape[:2]
  inverse = cv2.invertAffineTransform(camera)
  nodes = [np.linspace(0, length - 1, _GRID) for length in (width, height)]
  seen = np.stack(np.meshgrid(*nodes), axis=-1).reshape(-1, 2) @ inverse[:, :2].T + inverse[:, 2]
  before, after = _anchors(keypoints, moved, kept, (height, width))
  if len(after):
    spline = RBFInterpolator(after, before - after, kernel="thin_plate_spline", smoothing=1.0)
    seen = seen + spline(seen)
  # OpenCV's own interpolation between nodes is exact to a 32nd of their distance alone.
  rows, columns = (_between_nodes(length) for length in (height, width))
  grid = seen.reshape(_GRID, _GRID, 2)
  x, y = ((rows @ grid[..., axis] @ columns.T).astype(np.float32) for axis in (0, 1))
  bent = cv2.remap(photograph, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
  return np.asarray(bent, np.float32)


def _between_nodes(length: int) -> np.ndarray:
  """[length, _GRID]: what each node has to say at each pixel, linear in between."""
  place = np.linspace(0, _GRID - 1, length)[:, None]
  return np.maximum(1 - np.abs(place - np.arange(_GRID)), 0)


def _anchors(
  keypoints: np.ndarray, moved: np.ndarray, kept: np.ndarray, size: Tuple[int, int]
) -> Tuple[np.ndarray, np.ndarray]:
  """Places before and after the bending: kept joints, and borders that stay."""
  if not kept.any() or np.allclose(keypoints[kept], moved[kept]):
    return np.zeros((0, 2)), np.zeros((0, 2))
  x, y = np.meshgrid(np.linspace(0, size[1] - 1, 5), np.linspace(0, size[0] - 1, 5))
  border = np.stack([x, y], axis=-1).reshape(-1, 2)
  outer = (border == 0).any(axis=1) | (border == np.array(size[::-1]) - 1).any(axis=1)
  border = border[outer]
  before = np.concatenate([keypoints[kept], border])
  after = np.concatenate([moved[kept], border])
  # Two anchors in one place would make the spline's equations singular.
  _, unique = np.unique(after.round(1), axis=0, return_index=True)
  return before[unique], after[unique]
