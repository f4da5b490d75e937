"""Draws pictures for the page: skeletons on frames, and heatmaps side by side."""

from typing import List, Sequence, Tuple

import matplotlib
import numpy as np
from PIL import Image, ImageDraw

from ppn_tf.evaluation.reporting.images import Picture, jpeg, tiled
from ppn_tf.evaluation.reporting.moments import Moment
from ppn_tf.evaluation.reporting.predictions import Prediction, Stretch
from ppn_tf.keypoints import crops, pck
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.tracking.output.drawing import draw_skeleton

ALPHA = 0.2  # radius in torso lengths within which PCK counts a joint as correct
_TILE = (240, 240)  # (height, width) of a frame; four fit the width of the page
_HEATMAP_TILE = (186, 186)  # five fit the width of the page
_MARGIN = 1.25
_MISS = (255, 0, 200)  # magenta, which no limb has


def _crop_tiles(stretch: Stretch, indices: Sequence[int]) -> Tuple[np.ndarray, np.ndarray]:
  """Crops the person in some frames: tiles [N, h, w, 3] uint8 and affines [N, 2, 3]."""
  center, side = crops.box_to_crop(stretch.boxes[list(indices)], _MARGIN)
  affines = crops.crop_affine(center, side, _TILE)
  tiles = crops.crop_frames(stretch.frames[list(indices)], affines, _TILE)
  return np.clip(np.rint(tiles.numpy()), 0, 255).astype(np.uint8), affines.numpy()


def _draw_labels(
  tile: np.ndarray, points: np.ndarray, visible: np.ndarray, skeleton: Skeleton
) -> np.ndarray:
  """Draws the labeled skeleton as white dashes over a shadow."""
  image = Image.fromarray(tile)
  canvas = ImageDraw.Draw(image)
  for i, j in skeleton.limbs:
    if not (visible[i] and visible[j]):
      continue
    start, end = points[i], points[j]
    dashes = max(int(np.linalg.norm(end - start) / 5), 1)
    canvas.line([*start, *end], fill=(30, 30, 30), width=1)
    for dash in range(0, dashes, 2):
      a, b = (start + (end - start) * min(k, dashes) / dashes for k in (dash, dash + 1))
      canvas.line([*a, *b], fill=(255, 255, 255), width=2)
  return np.asarray(image)


def _mark_misses(
  tile: np.ndarray, points: np.ndarray, truth: np.ndarray, missed: np.ndarray
) -> np.ndarray:
  """Circles the missed joints, with a line to the label.

  A joint without a predicted position is circled at its label.
  """
  image = Image.fromarray(tile)
  canvas = ImageDraw.Draw(image)
  for point, target in zip(points[missed], truth[missed]):
    x, y = point if np.isfinite(point).all() else target
    canvas.line([x, y, *target], fill=_MISS, width=1)
    canvas.ellipse([x - 6, y - 6, x + 6, y + 6], outline=_MISS, width=2)
  return np.asarray(image)


def skeleton_strip(
  stretch: Stretch,
  keypoints: np.ndarray,
  indices: Sequence[int],
  skeleton: Skeleton,
  name: str,
  alpha: float = ALPHA,
) -> Picture:
  """Draws predicted and labeled skeletons on some frames of a stretch, side by side.

  Args:
    stretch: the labeled frames.
    keypoints: [T, K, 2] float32, predictions in pixels; NaN for missing joints.
    indices: frames to show.
    skeleton: limbs between the joints.
    name: name of the run, for the alt text.
    alpha: distance in torso lengths beyond which a joint is missed.
  """
  tiles, affines = _crop_tiles(stretch, indices)
  index = list(indices)
  lengths = pck.torso_lengths(stretch.keypoints[index], skeleton)
  correct = pck.correct(keypoints[index], stretch.keypoints[index], lengths, alpha)
  visible = stretch.visibility[index]
  truth = crops.transform_points(affines, stretch.keypoints[index]).numpy()
  points = crops.transform_points(affines, keypoints[index]).numpy()
  drawn = []
  for n, tile in enumerate(tiles):
    posed = draw_skeleton(tile, points[n], None, skeleton)
    labeled = _draw_labels(posed, truth[n], visible[n], skeleton)
    drawn.append(_mark_misses(labeled, points[n], truth[n], visible[n] & ~correct[n]))
  alt = (
    f"{len(index)} frames of clip {stretch.clip} with the skeleton that {name} predicts over the "
    f"labeled one: {int((correct & visible).sum())} of {int(visible.sum())} visible joints correct."
  )
  return jpeg(tiled(np.stack(drawn), len(drawn)), alt)


def _enlarge(image: Image.Image) -> np.ndarray:
  height, width = _HEATMAP_TILE
  return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def _colorize(maps: np.ndarray, peak: float) -> np.ndarray:
  """Converts heatmaps [N, h, w] from 0 to `peak` to tiles [N, H, W, 3] uint8."""
  scaled = np.clip(maps / peak, 0.0, 1.0).astype(np.float32)
  large = np.stack([_enlarge(Image.fromarray(heatmap)) for heatmap in scaled])
  painted = matplotlib.colormaps["magma"](np.clip(large, 0.0, 1.0))[..., :3]
  return np.rint(255 * painted).astype(np.uint8)


def _draw_cross(tile: np.ndarray, x: float, y: float) -> np.ndarray:
  """Marks a point with a white cross on a black outline."""
  image = Image.fromarray(tile)
  canvas = ImageDraw.Draw(image)
  for width, color in ((3, (0, 0, 0)), (1, (255, 255, 255))):
    canvas.line([x - 6, y, x + 6, y], fill=color, width=width)
    canvas.line([x, y - 6, x, y + 6], fill=color, width=width)
  return np.asarray(image)


def heatmap_rows(
  stretch: Stretch, prediction: Prediction, moment: Moment, maps: np.ndarray, joint_name: str
) -> List[Tuple[str, Picture]]:
  """Draws rows of frames and of preliminary, propagated and final heatmaps of one joint.

  Args:
    stretch: the labeled frames.
    prediction: outputs of a PPN on them.
    moment: joint and frames within the stretch.
    maps: [3, moment.length, h, w] float32, the joint's preliminary, propagated
      and final heatmaps; their maximum has the brightest color.
    joint_name: name of the joint, for the alt texts.
  Returns:
    (label, picture) from top to bottom.
  """
  window = slice(moment.first, moment.first + moment.length)
  peak = max(float(maps.max()), 1e-6)
  height, width = prediction.crops.shape[1:3]
  zoom = np.array([_HEATMAP_TILE[1] / width, _HEATMAP_TILE[0] / height])
  joint = stretch.keypoints[window, moment.joint][:, None]
  points = crops.transform_points(prediction.affines[window], joint).numpy()[:, 0]
  points = (points + 0.5) * zoom - 0.5
  visible = stretch.visibility[window, moment.joint]

  def row(tiles: np.ndarray, alt: str) -> Picture:
    marked = [
      _draw_cross(tile, *point) if shown else tile
      for tile, point, shown in zip(tiles, points, visible)
    ]
    return jpeg(tiled(np.stack(marked), len(marked)), alt)

  where = f"{joint_name} on {moment.length} consecutive frames of clip {stretch.clip}"
  pixels = np.clip(np.rint(prediction.crops[window]), 0, 255).astype(np.uint8)
  frames = np.stack([_enlarge(Image.fromarray(crop)) for crop in pixels])
  rows = [("Frame", row(frames, f"Input crops of the network: the {where}."))]
  for label, source, part in zip(("BodyNet", "PPU", "Final"), ("BodyNet", "the PPU", "PPN"), maps):
    peaks = ", ".join(f"{value:.2f}" for value in part.max(axis=(1, 2)))
    alt = f"Heatmaps from {source} of the {where}; peaks {peaks}."
    rows.append((label, row(_colorize(part, peak), alt)))
  return rows
