"""The page's pictures: skeletons on frames, heatmaps side by side, tracked frames."""

from typing import List, Sequence, Tuple

import matplotlib
import numpy as np
from PIL import Image, ImageDraw

from ppn_tf.evaluation.reporting.images import Picture, jpeg, tiled
from ppn_tf.evaluation.reporting.moments import Moment
from ppn_tf.evaluation.reporting.predictions import Answer, Stretch
from ppn_tf.keypoints import crops, pck
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.tracking.output.drawing import draw_skeleton

ALPHA = 0.2  # of the torso: the radius within which PCK counts a joint as right
_TILE = (240, 240)  # (height, width) of a frame: four are as wide as the page
_HEATMAP_TILE = (186, 186)  # five are as wide as the page
_MARGIN = 1.25
_MISS = (255, 0, 200)  # magenta: no limb has it


def _tiles(stretch: Stretch, chosen: Sequence[int]) -> Tuple[np.ndarray, np.ndarray]:
  """The persons [N, h, w, 3] uint8 of the chosen frames, and the affines [N, 2, 3] to them."""
  center, side = crops.box_to_crop(stretch.boxes[list(chosen)], _MARGIN)
  affines = crops.crop_affine(center, side, _TILE)
  tiles = crops.crop_frames(stretch.frames[list(chosen)], affines, _TILE)
  return np.clip(np.rint(tiles.numpy()), 0, 255).astype(np.uint8), affines.numpy()


def _draw_truth(
  tile: np.ndarray, points: np.ndarray, visible: np.ndarray, skeleton: Skeleton
) -> np.ndarray:
  """Draws the labelled skeleton as white dashes over a shadow."""
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
  """Rings the missed joints, with a line to where each should be; or that place itself.

  A joint that was not found has no place of its own.
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
  chosen: Sequence[int],
  skeleton: Skeleton,
  name: str,
  alpha: float = ALPHA,
) -> Picture:
  """A run's answer beside one another on some frames of a stretch.

  Args:
    stretch: the labelled frames.
    keypoints: [T, K, 2] float32, the run's answer to them in pixels; NaN where
      nothing was found.
    chosen: which frames to show.
    skeleton: joins the joints.
    name: the run's, for the alt text.
    alpha: a joint is missed if it is further than this part of the torso off.
  """
  tiles, affines = _tiles(stretch, chosen)
  index = list(chosen)
  lengths = pck.torso_lengths(stretch.keypoints[index], skeleton)
  right = pck.correct(keypoints[index], stretch.keypoints[index], lengths, alpha)
  visible = stretch.visibility[index]
  truth = crops.transform_points(affines, stretch.keypoints[index]).numpy()
  points = crops.transform_points(affines, keypoints[index]).numpy()
  drawn = []
  for n, tile in enumerate(tiles):
    posed = draw_skeleton(tile, points[n], None, skeleton)
    labelled = _draw_truth(posed, truth[n], visible[n], skeleton)
    drawn.append(_mark_misses(labelled, points[n], truth[n], visible[n] & ~right[n]))
  alt = (
    f"{len(index)} frames of clip {stretch.clip} with the skeleton that {name} predicts over the "
    f"labelled one: {int((right & visible).sum())} of {int(visible.sum())} visible joints right."
  )
  return jpeg(tiled(np.stack(drawn), len(drawn)), alt)


def _enlarge(image: Image.Image) -> np.ndarray:
  height, width = _HEATMAP_TILE
  return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def _colour(maps: np.ndarray, peak: float) -> np.ndarray:
  """Paints [N, h, w] heatmaps, 0 to `peak`, as [N, H, W, 3] uint8 tiles."""
  scaled = np.clip(maps / peak, 0.0, 1.0).astype(np.float32)
  large = np.stack([_enlarge(Image.fromarray(one)) for one in scaled])
  painted = matplotlib.colormaps["magma"](np.clip(large, 0.0, 1.0))[..., :3]
  return np.rint(255 * painted).astype(np.uint8)


def _cross(tile: np.ndarray, x: float, y: float) -> np.ndarray:
  """Marks a point with a white cross on a black one."""
  image = Image.fromarray(tile)
  canvas = ImageDraw.Draw(image)
  for width, colour in ((3, (0, 0, 0)), (1, (255, 255, 255))):
    canvas.line([x - 6, y, x + 6, y], fill=colour, width=width)
    canvas.line([x, y - 6, x, y + 6], fill=colour, width=width)
  return np.asarray(image)


def heatmap_rows(
  stretch: Stretch, given: Answer, moment: Moment, maps: np.ndarray, joint_name: str
) -> List[Tuple[str, Picture]]:
  """Frame, BodyNet's, the PPU's and the final heatmaps of one joint, as rows.

  Args:
    stretch: the labelled frames.
    given: a PPN's answer to them.
    moment: joint and frames within the stretch.
    maps: [3, moment.length, h, w] float32: the joint's preliminary, propagated
      and final heatmaps; their highest value is the brightest colour of all.
    joint_name: for the alt texts.
  Returns:
    (label, picture) from top to bottom.
  """
  window = slice(moment.first, moment.first + moment.length)
  peak = max(float(maps.max()), 1e-6)
  height, width = given.crops.shape[1:3]
  zoom = np.array([_HEATMAP_TILE[1] / width, _HEATMAP_TILE[0] / height])
  joint = stretch.keypoints[window, moment.joint][:, None]
  points = crops.transform_points(given.affines[window], joint).numpy()[:, 0]
  points = (points + 0.5) * zoom - 0.5
  visible = stretch.visibility[window, moment.joint]

  def row(tiles: np.ndarray, alt: str) -> Picture:
    marked = [
      _cross(tile, *point) if seen else tile for tile, point, seen in zip(tiles, points, visible)
    ]
    return jpeg(tiled(np.stack(marked), len(marked)), alt)

  where = f"{joint_name} on {moment.length} consecutive frames of clip {stretch.clip}"
  seen = np.clip(np.rint(given.crops[window]), 0, 255).astype(np.uint8)
  frames = np.stack([_enlarge(Image.fromarray(crop)) for crop in seen])
  rows = [("Frame", row(frames, f"The crops that the network sees: the {where}."))]
  for label, source, part in zip(("BodyNet", "PPU", "Final"), ("BodyNet", "the PPU", "PPN"), maps):
    peaks = ", ".join(f"{value:.2f}" for value in part.max(axis=(1, 2)))
    alt = f"Heatmaps from {source} of the {where}; peaks {peaks}."
    rows.append((label, row(_colour(part, peak), alt)))
  return rows
