"""Labels of joint angles in the overlay."""

from typing import Tuple

import cv2
import numpy as np

from ppn_tf.keypoints.angles import AngleMeter
from ppn_tf.keypoints.joint_names import flip_order
from ppn_tf.keypoints.poses import Pose
from ppn_tf.keypoints.skeletons import Skeleton

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_DARK, _LIGHT = (20, 20, 20), (255, 240, 160)
_NUM_SIZES = 40  # shares of the shorter side of a frame


class AngleLabels:
  """Writes degrees beside joints: left of the left one of a pair in the picture, else right."""

  def __init__(self, skeleton: Skeleton, min_score: float):
    """Creates labels.

    Args:
      skeleton: names of the joints.
      min_score: lowest score of a joint that is drawn.
    """
    self._meter, self._min_score = AngleMeter(skeleton.joint_names), min_score
    names = self._meter.names
    mirrored = flip_order(names)
    # The trunk's number is on the trunk itself.
    self._partners = {a: mirrored[a] for a in range(len(names)) if mirrored[a] != a}

  def draw(self, picture: np.ndarray, pose: Pose) -> None:
    """Draws the angles of a person, in place on a C-contiguous picture [H, W, 3] uint8 RGB."""
    angles = self._meter.measure(pose.keypoints, pose.scores, self._min_score)
    shown = np.flatnonzero(np.isfinite(angles.degrees)).tolist()
    unit = max(4, min(picture.shape[:2]) // _NUM_SIZES)
    for a in shown:
      x, y = angles.places[a].tolist()
      side = 0
      if a in self._partners:
        partner = self._partners[a]
        other = angles.places[partner if partner in shown else shown, 0].mean()
        side = 1 if x > other or (x == other and a > partner) else -1
      _write(picture, round(angles.degrees[a]), (x, y), unit, side)


def _write(
  picture: np.ndarray, degrees: int, place: Tuple[float, float], unit: int, side: int
) -> None:
  """Writes a number of `unit` pixels in height, and a degree sign, at a place (x, y).

  Args:
    picture: [H, W, 3] uint8 RGB, changed in place.
    degrees: the number.
    place: (x, y) in pixels.
    unit: height of digits in pixels.
    side: -1, 0 or 1: left of the place, over it, or right of it.
  """
  text = str(degrees)
  scale = unit / 22  # digits of the font are 22 pixels high
  (width, height), _ = cv2.getTextSize(text, _FONT, scale, 1)
  radius = max(1, unit // 6)
  total = width + 3 * radius
  left = place[0] + side * (unit + total / 2) - total / 2
  frame_height, frame_width = picture.shape[:2]
  if abs(left) > 2 * frame_width or abs(place[1]) > 2 * frame_height:
    return  # a joint far outside of the picture
  baseline = (round(left), round(place[1] + height / 2))
  circle = (baseline[0] + width + radius, baseline[1] - height)
  thickness = max(1, unit // 10)
  for color, extra in ((_DARK, 2), (_LIGHT, 0)):
    cv2.putText(picture, text, baseline, _FONT, scale, color, thickness + extra, cv2.LINE_AA)
    cv2.circle(picture, circle, radius, color, thickness + extra, cv2.LINE_AA)
