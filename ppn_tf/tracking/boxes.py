"""Boxes in which a tracker looks for a person."""

from typing import List, Sequence

import numpy as np

from ppn_tf.runtime.errors import InputError

MIN_SIDE = 16  # pixels; joints within a smaller box are not a person
MAX_LOOKS = 64  # boxes per search, however long a frame is


def has_area(box: np.ndarray) -> bool:
  """Returns whether a box is four finite numbers (x1, y1, x2, y2) with x1 < x2 and y1 < y2."""
  return bool(len(box) == 4 and np.isfinite(box).all() and (box[2:] > box[:2]).all())


def check_box(box: Sequence[float]) -> np.ndarray:
  """Returns a box as [4] float32.

  Raises:
    InputError: not four finite numbers (x1, y1, x2, y2) with x1 < x2 and y1 < y2.
  """
  array = np.asarray(box, np.float32)
  if not has_area(array):
    raise InputError(
      f"box={list(box)}: not a box. Give x1, y1, x2, y2 in pixels, x1 < x2 and y1 < y2."
    )
  return array


def check_within(box: np.ndarray, frame: np.ndarray) -> None:
  """Checks that a box [4] overlaps a frame [H, W, 3].

  Raises:
    InputError: no pixel of the frame lies in the box.
  """
  height, width = frame.shape[:2]
  if box[0] >= width or box[1] >= height or box[2] <= 0 or box[3] <= 0:
    raise InputError(
      f"box={box.tolist()}: outside the frame. Give x1, y1, x2, y2 within {width}x{height} pixels."
    )


def frame_box(frame: np.ndarray, margin: float) -> np.ndarray:
  """Returns the box [4] whose crop shows exactly the whole frame [H, W, 3]."""
  height, width = frame.shape[:2]
  center = np.array([width - 1, height - 1]) / 2
  half = np.array([width, height]) / 2 / margin
  return np.concatenate([center - half, center + half]).astype(np.float32)


def search_boxes(
  frame: np.ndarray,
  margin: float,
  parts: Sequence[float] = (1.0, 0.75),
  edge: float = 0.5,
) -> List[np.ndarray]:
  """Returns boxes in which to look for a person anywhere in a frame.

  Args:
    frame: [H, W, 3].
    margin: side of a crop over the longer side of its box.
    parts: sides of the squares over the shorter side of the frame.
    edge: distance from the left and right edge of the frame to the centers of the outermost
      squares, over their side; below 0.5 they reach beyond it, so that people at the edge are
      in their middle.
  Returns:
    At most MAX_LOOKS boxes [4] float32: first the whole frame; then, for each part, a grid of
    squares that overlap by about half. In a long strip the squares are further apart. Squares
    below MIN_SIDE are left out.
  """
  height, width = frame.shape[:2]
  sides = [part * min(height, width) for part in parts if part * min(height, width) >= MIN_SIDE]
  grids = [(_centers(height, side, 0.5), _centers(width, side, edge)) for side in sides]
  if sum(len(rows) * len(columns) for rows, columns in grids) >= MAX_LOOKS:
    most = (MAX_LOOKS - 1) // len(grids)
    grids = [
      (rows, _thin(columns, most // len(rows)))
      if width > height
      else (_thin(rows, most // len(columns)), columns)
      for rows, columns in grids
    ]
  boxes = [frame_box(frame, margin)]
  for side, (rows, columns) in zip(sides, grids):
    half = side / margin / 2
    for y in rows:
      boxes += [np.array([x - half, y - half, x + half, y + half], np.float32) for x in columns]
  return boxes


def _centers(length: float, side: float, edge: float) -> np.ndarray:
  """Returns evenly spread centers of squares over a length, at most half a side apart."""
  between = length - 2 * edge * side
  if between <= 0:
    return np.array([length / 2])
  return np.linspace(edge * side, length - edge * side, 1 + int(np.ceil(2 * between / side)))


def _thin(centers: np.ndarray, most: int) -> np.ndarray:
  """Returns at most `most` evenly spread centers, from the first to the last."""
  return np.linspace(centers[0], centers[-1], min(len(centers), most))
