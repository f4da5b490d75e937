"""Where in a frame a tracker looks for a person."""

from typing import List, Sequence

import numpy as np

from ppn_tf.runtime.errors import InputError


def frame_box(frame: np.ndarray, margin: float) -> np.ndarray:
  """The box whose crop is the whole frame and no more."""
  height, width = frame.shape[:2]
  center = np.array([width - 1, height - 1]) / 2
  half = np.array([width, height]) / 2 / margin
  return np.concatenate([center - half, center + half]).astype(np.float32)


def has_area(box: np.ndarray) -> bool:
  """Whether a box is four finite numbers with x1 < x2 and y1 < y2."""
  return bool(np.isfinite(box).all() and len(box) == 4 and (box[2:] > box[:2]).all())


def check_within(box: np.ndarray, frame: np.ndarray) -> None:
  """Raises InputError if a box has no pixel of the frame."""
  height, width = frame.shape[:2]
  if box[0] >= width or box[1] >= height or box[2] <= 0 or box[3] <= 0:
    raise InputError(
      f"the box {box.tolist()} lies outside the frame. Give x1,y1,x2,y2 within {width}x{height}."
    )


def search_boxes(
  frame: np.ndarray, margin: float, parts: Sequence[float] = (1.0, 0.75)
) -> List[np.ndarray]:
  """Where to look for a person of unknown place: [4] float32 boxes.

  The whole frame first; then squares of each of `parts` of the shorter side,
  side by side and half overlapping.
  """
  height, width = frame.shape[:2]
  found = [frame_box(frame, margin)]
  for part in parts:
    side = part * min(height, width)
    centers = [
      np.linspace(side / 2, length - side / 2, 1 + int(np.ceil(2 * (length / side - 1))))
      if length > side
      else np.array([length / 2])
      for length in (height, width)
    ]
    half = side / margin / 2
    for y in centers[0]:
      found += [np.array([x - half, y - half, x + half, y + half], np.float32) for x in centers[1]]
  return found
