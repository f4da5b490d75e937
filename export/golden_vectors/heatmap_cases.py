"""Golden cases of heatmaps: moving them along with crops, and reading joints from them."""

from typing import Any, Dict, Iterator, List, Sequence, Tuple, Union

import numpy as np

from ppn_tf.inference.moved_heatmaps import MovedHeatmaps, change_crop
from ppn_tf.inference.present_places import PresentPlaces
from ppn_tf.keypoints import dark, frame_crops

_PERIODS = (1 / 30, 1 / 30, 0.05, 0.1, 1 / 60, 1 / 30)


def peaks(
  size: Tuple[int, int], places: Union[np.ndarray, Sequence[Sequence[float]]], sigma: float = 1.5
) -> np.ndarray:
  """Returns heatmaps [h, w, K] float32 with Gaussian peaks.

  Args:
    size: (h, w) in cells.
    places: K of (column, row, height), in cells.
    sigma: standard deviation of the peaks in cells.
  """
  rows, columns = np.arange(size[0])[:, None, None], np.arange(size[1])[None, :, None]
  x, y, heights = np.array(places, np.float64).T
  squares = (columns - x) ** 2 + (rows - y) ** 2
  return (heights * np.exp(-squares / (2 * sigma**2))).astype(np.float32)


def decoding() -> Iterator[Dict[str, Any]]:
  """Yields heatmaps and the joints that DARK reads from them."""
  size = (12, 10)
  plateau = np.zeros((*size, 2), np.float32)
  plateau[3:5, 4:6, 0] = 0.5
  plateau[7, 2, 1] = plateau[7, 6, 1] = 0.25
  single = np.zeros((*size, 3), np.float32)
  single[5, 4, 0], single[1, 8, 1], single[10, 1, 2] = 1.0, 0.3, 2.0
  waves = np.sin(np.arange(12)[:, None, None] / 2.1 + np.arange(3))
  waves = (waves * np.cos(np.arange(10)[:, None] / 1.7 - np.arange(3))).astype(np.float32)
  for name, heatmaps, stride in (
    ("between cells", peaks(size, [(4.3, 5.6, 0.9), (3.5, 7.5, 0.4), (6.9, 3.05, 1.3)]), 4),
    ("next to borders", peaks(size, [(1.2, 5.3, 0.9), (7.9, 10.2, 0.7), (1.4, 1.4, 0.5)]), 4),
    ("on borders", peaks(size, [(0.2, 5.3, 0.9), (4.4, 11.0, 0.7), (9.4, -0.4, 0.5)]), 8),
    ("narrow", peaks(size, [(4.3, 5.6, 0.9), (3.4, 7.3, 0.05)], sigma=0.6), 4),
    ("wide", peaks(size, [(4.3, 5.6, 0.9), (3.4, 7.3, 0.05)], sigma=4.0), 4),
    ("two peaks", peaks(size, [(3.2, 3.4, 0.8)]) + peaks(size, [(6.8, 8.3, 0.7)]), 4),
    ("single cells", single, 4),
    ("first of equal cells, row by row", plateau, 4),
    ("waves below and above zero", waves, 2),
    ("nothing", np.zeros((*size, 2), np.float32), 4),
    ("all below zero", peaks(size, [(4.3, 5.6, 0.5)]) - np.float32(1), 4),
  ):
    keypoints, scores = dark.decode(heatmaps, stride)
    yield {
      "name": name,
      "heatmaps": heatmaps,
      "stride": stride,
      "keypoints": keypoints,
      "scores": scores,
    }


def _affines(size: Tuple[int, int], stride: int, growth: float, jump: float) -> List[np.ndarray]:
  """Returns seven affines [2, 3] of crops that move, grow, and jump once."""
  crop = (size[0] * stride, size[1] * stride)
  affines = []
  for t in range(7):
    half = 30.0 * growth**t
    x, y = 60.0 + 3.1 * t + (jump if t >= 3 else 0.0), 50.0 - 1.7 * t
    affines.append(frame_crops.crop_affine(np.array([x - half, y - half, x + half, y]), 1.25, crop))
  return affines


def moved_heatmaps() -> Iterator[Dict[str, Any]]:
  """Yields heatmaps that move along with a crop, step by step."""
  size, stride = (8, 10), 4
  for name, growth, jump in (
    ("even motion", 1.0, 0.0),
    ("growing and jumping crop", 1.07, 14.0),
    ("shrinking crop, far jump", 0.93, 90.0),
  ):
    first, *others = _affines(size, stride, growth, jump)
    generator = np.random.default_rng(len(name))
    maps = generator.random((*size, 3), np.float32)
    heatmaps, steps, moved = MovedHeatmaps(maps, first, stride), [], []
    for affine, period in zip(others, _PERIODS):
      moved.append(heatmaps.move_to(affine, period))
      replacement = generator.random((*size, 3), np.float32)
      heatmaps.replace(replacement, affine, period)
      steps.append({"affine": affine, "period": period, "maps": replacement})
    yield {
      "name": name,
      "maps": maps,
      "stride": stride,
      "affine": first,
      "steps": steps,
      "moved": moved,
    }


def start_heatmaps() -> Iterator[Dict[str, Any]]:
  """Yields heatmaps of crops for `start`, moved into the crops for `step` of the same boxes."""
  size, box = (8, 10), np.array([40.0, 20.0, 75.0, 65.0])
  for name, start_stride, start_margin in (
    ("larger margin", 4, 1.75),
    ("more pixels", 6, 1.25),
    ("larger margin, more pixels", 8, 2.0),
    ("smaller margin, fewer pixels", 3, 1.1),
  ):
    start_affine, affine = (
      frame_crops.crop_affine(box, margin, (size[0] * stride, size[1] * stride))
      for margin, stride in ((start_margin, start_stride), (1.25, 4))
    )
    maps = np.random.default_rng(len(name)).random((*size, 3), np.float32)
    yield {
      "name": name,
      "maps": maps,
      "start_affine": start_affine,
      "start_stride": start_stride,
      "affine": affine,
      "stride": 4,
      "moved": change_crop(maps, start_affine, start_stride, affine, 4),
    }


def present_places() -> Iterator[Dict[str, Any]]:
  """Yields final and preliminary heatmaps, and the joints near both of their peaks."""
  size, stride = (12, 10), 4
  for name, lag, height, jump in (
    ("final peaks lag", 1.2, 0.8, 0.0),
    ("low preliminary peaks", 0.7, 0.12, 0.0),
    ("preliminary peaks out of reach", 6.0, 0.8, 0.0),
    ("fast joint, jumping crop", 1.5, 0.6, 14.0),
    ("no preliminary peaks", 1.0, 0.0, 0.0),
  ):
    places, frames, read = PresentPlaces(), [], []
    for t, affine in enumerate(_affines(size, stride, 1.03, jump)):
      joints = np.array([[3.2 + 0.35 * t, 4.1 + 0.2 * t, 1.0], [5.4, 7.3 + 0.01 * t, 1.0]])
      late = joints - [[lag, 0.3 * lag, 0], [0.4 * lag, lag, 0]]
      final = peaks(size, late * [1, 1, 0.9]) + peaks(size, joints * [1, 1, 0.35])
      preliminary = peaks(size, joints * [1, 1, height])
      period = (*_PERIODS, 1 / 30)[t]
      read.append(places.read(final, preliminary, affine, stride, period))
      frames.append(
        {"final": final, "preliminary": preliminary, "affine": affine, "period": period}
      )
    yield {
      "name": name,
      "stride": stride,
      "frames": frames,
      "keypoints": [keypoints for keypoints, _ in read],
      "scores": [scores for _, scores in read],
    }
