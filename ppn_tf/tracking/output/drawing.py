"""Drawing of skeletons and contact sheets."""

import functools
from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

from ppn_tf.keypoints.joint_names import find_sides, normalize_name
from ppn_tf.keypoints.skeletons import Skeleton

Color = Tuple[int, int, int]

# RGB. The right side of a person is warm, the left side cool, the middle light.
RIGHT_COLORS: Tuple[Color, ...] = ((255, 196, 0), (255, 128, 0), (240, 50, 50))
LEFT_COLORS: Tuple[Color, ...] = ((90, 230, 210), (0, 170, 255), (90, 90, 255))
MIDDLE_COLOR: Color = (235, 235, 235)
_OUTLINE: Color = (20, 20, 20)
SUBPIXEL_BITS = 4
_FARTHEST = 2**22  # sixteenths of a pixel


def draw_skeleton(
  frame: np.ndarray,
  keypoints: np.ndarray,
  scores: Optional[np.ndarray],
  skeleton: Skeleton,
  threshold: float = 0.2,
) -> np.ndarray:
  """Draws the joints and limbs of a person over a copy of a frame.

  The thickness of lines depends on the size of the person. Joints below the threshold are left
  out, and joints up to twice the threshold are half transparent.

  Args:
    frame: [H, W, 3] uint8 RGB.
    keypoints: [K, 2] (x, y) in frame pixels; joints that are not finite are left out.
    scores: [K], or None to draw all joints opaque.
    skeleton: names and limbs of the joints.
    threshold: lowest score of a joint that is drawn.
  Returns:
    [H, W, 3] uint8 RGB.
  """
  picture: np.ndarray = np.array(frame, np.uint8, order="C")
  draw_onto(picture, keypoints, scores, skeleton, threshold)
  return picture


def draw_onto(
  picture: np.ndarray,
  keypoints: np.ndarray,
  scores: Optional[np.ndarray],
  skeleton: Skeleton,
  threshold: float = 0.2,
) -> None:
  """Draws like `draw_skeleton`, in place on a C-contiguous picture [H, W, 3] uint8 RGB."""
  keypoints = np.asarray(keypoints, np.float64)
  scores = np.ones(len(keypoints)) if scores is None else np.asarray(scores, np.float64)
  visible = np.isfinite(keypoints).all(axis=1) & (scores >= threshold)
  if not visible.any():
    return
  faint = visible & (scores < 2 * threshold)
  thickness = _thickness(keypoints[visible], min(picture.shape[:2]))
  if faint.any():
    # Only about the person: blending a whole large frame takes longer than the network.
    limits = np.array([picture.shape[1], picture.shape[0]])
    reach = 2 * thickness + 4
    low = np.clip(np.floor(keypoints[visible].min(axis=0)) - reach, 0, limits).astype(int)
    high = np.clip(np.ceil(keypoints[visible].max(axis=0)) + reach, 0, limits).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    if part.size:
      faded = part.copy()
      _draw(faded, keypoints - low, visible, faint, skeleton, thickness)
      cv2.addWeighted(part, 0.5, faded, 0.5, 0, dst=part)
  _draw(picture, keypoints, visible & ~faint, visible & ~faint, skeleton, thickness)


def contact_sheet(
  frames: Sequence[np.ndarray],
  columns: int = 4,
  tile_width: Optional[int] = None,
  gap: int = 4,
) -> np.ndarray:
  """Arranges frames in rows on white, left to right and top to bottom.

  Args:
    frames: [H, W, 3] uint8 RGB images. The first one determines the shape of all tiles; others
      are resized to fit into it.
    columns: tiles per row.
    tile_width: width of a tile in pixels; by default the width of the first frame.
    gap: white pixels between and around the tiles.
  Returns:
    [H, W, 3] uint8 RGB.
  Raises:
    ValueError: there are no frames, or columns is below 1.
  """
  if not frames or columns < 1:
    raise ValueError(
      f"a sheet needs frames and columns. Received: {len(frames)} frames, {columns} columns"
    )
  height, width = frames[0].shape[:2]
  tile_width = tile_width or width
  tile_height = max(1, round(height * tile_width / width))
  columns = min(columns, len(frames))
  rows = -(-len(frames) // columns)
  shape = (rows * (tile_height + gap) + gap, columns * (tile_width + gap) + gap, 3)
  sheet = np.full(shape, 255, np.uint8)
  for index, frame in enumerate(frames):
    tile = fit_image(frame, tile_height, tile_width)
    top = gap + index // columns * (tile_height + gap) + (tile_height - tile.shape[0]) // 2
    left = gap + index % columns * (tile_width + gap) + (tile_width - tile.shape[1]) // 2
    sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
  return sheet


def fit_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
  """Resizes an image [H, W, 3] uint8 to fit into height x width, keeping its aspect ratio."""
  zoom = min(height / image.shape[0], width / image.shape[1])
  size = (max(1, round(image.shape[1] * zoom)), max(1, round(image.shape[0] * zoom)))
  if size == (image.shape[1], image.shape[0]):
    return image
  return cv2.resize(image, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)


def _draw(
  picture: np.ndarray,
  keypoints: np.ndarray,
  ends: np.ndarray,
  joints: np.ndarray,
  skeleton: Skeleton,
  thickness: int,
) -> None:
  """Draws, in place, `joints` and the limbs between `ends` with at least one end in `joints`."""
  finite = np.where(np.isfinite(keypoints), keypoints, 0.0)
  points = to_fixed_point(finite)
  limbs = [(i, j) for i, j in skeleton.limbs if ends[i] and ends[j] and (joints[i] or joints[j])]
  outlines = [points[[i, j]] for i, j in limbs]
  cv2.polylines(picture, outlines, False, _OUTLINE, thickness + 2, cv2.LINE_AA, SUBPIXEL_BITS)
  for (i, j), line in zip(limbs, outlines):
    color = _limb_color(skeleton, i, j)
    cv2.polylines(picture, [line], False, color, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
  for k in np.flatnonzero(joints).tolist():
    center, radius = points[k].tolist(), 0.9 * thickness + 0.5
    for extra, color in ((1, _OUTLINE), (0, joint_color(skeleton, k))):
      fixed = round((radius + extra) * 2**SUBPIXEL_BITS)
      cv2.circle(picture, center, fixed, color, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS)


def to_fixed_point(points: np.ndarray) -> np.ndarray:
  """Converts finite points (x, y) to int32 with SUBPIXEL_BITS fractional bits, as OpenCV draws.

  Far outside of a picture, the end of a line need not be exact.
  """
  fixed = np.round(points * 2**SUBPIXEL_BITS)
  return np.clip(fixed, -_FARTHEST, _FARTHEST).astype(np.int32)


def _thickness(points: np.ndarray, frame_side: int) -> int:
  """Returns 1/60 of the extent of a person in pixels, at most 1/50 of the frame."""
  extent = float(np.max(points.max(axis=0) - points.min(axis=0)))
  return int(np.clip(round(extent / 60), 1, max(1, frame_side // 50)))


@functools.lru_cache(maxsize=256)
def joint_color(skeleton: Skeleton, joint: int) -> Color:
  """Returns the color of a joint: stronger for joints farther from the trunk."""
  name = normalize_name(skeleton.joint_names[joint])
  depth = 0
  if "elbow" in name or "knee" in name:
    depth = 1
  elif "wrist" in name or "ankle" in name:
    depth = 2
  colors = {"right": RIGHT_COLORS[depth], "left": LEFT_COLORS[depth]}
  return colors.get(find_sides(skeleton.joint_names)[joint], MIDDLE_COLOR)


@functools.lru_cache(maxsize=256)
def _limb_color(skeleton: Skeleton, near: int, far: int) -> Color:
  """Returns the color of the outer joint; light between right and left."""
  sides = find_sides(skeleton.joint_names)
  if {sides[near], sides[far]} == {"left", "right"}:
    return MIDDLE_COLOR
  return joint_color(skeleton, far)
