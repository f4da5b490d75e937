"""Contact sheet of clips with their skeletons."""

from typing import List, Sequence

import cv2
import numpy as np

from ppn_tf.keypoints.skeletons import PENN_ACTION

from . import clip as clip_lib

_RIGHT, _LEFT, _MIDDLE = (60, 60, 255), (255, 160, 40), (60, 230, 60)


def _color(name: str) -> tuple:
  return _RIGHT if name.startswith("right") else _LEFT if name.startswith("left") else _MIDDLE


def draw_skeleton(image: np.ndarray, keypoints: np.ndarray, visibility: np.ndarray) -> np.ndarray:
  """Returns the picture at twice its size, with limbs, dots for visible joints, rings for hidden.

  The person's right is red, the left blue.
  """
  image = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
  spots = [tuple(int(round(2 * v + 0.5)) for v in point) for point in keypoints]
  names = PENN_ACTION.joint_names
  for i, j in PENN_ACTION.limbs:
    cv2.line(image, spots[i], spots[j], _color(names[j]), 1, cv2.LINE_AA)
  for spot, is_visible, name in zip(spots, visibility, names):
    cv2.circle(image, spot, 4, _color(name), -1 if is_visible else 1, cv2.LINE_AA)
  return image


def contact_sheet(clips: Sequence[clip_lib.Clip], columns: int = 4) -> np.ndarray:
  """Returns an image [h, w, 3] uint8 BGR with a row per clip: one frame, then drawn frames."""
  rows: List[np.ndarray] = []
  for item in clips:
    chosen = np.linspace(0, len(item.frames) - 1, columns).round().astype(int)
    tiles = []
    for t in chosen:
      image = cv2.imdecode(np.frombuffer(item.frames[t], np.uint8), cv2.IMREAD_COLOR)
      drawn = draw_skeleton(image, item.keypoints[t], item.visibility[t])
      tiles.append(drawn)
    bare = cv2.imdecode(np.frombuffer(item.frames[chosen[1]], np.uint8), cv2.IMREAD_COLOR)
    tiles.insert(0, cv2.resize(bare, tiles[0].shape[1::-1]))
    cv2.putText(tiles[0], item.action, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 255, 255), 2)
    rows.append(np.concatenate(tiles, axis=1))
  return np.concatenate(rows, axis=0)
