"""Overlay of tracked people: skeletons, trails and confidences."""

import collections
from typing import Deque, Dict, Sequence, Tuple

import cv2
import numpy as np

from ppn_tf.keypoints.poses import Person, Pose
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.tracking.output.angle_labels import AngleLabels
from ppn_tf.tracking.output.drawing import SUBPIXEL_BITS, draw_onto, joint_color, to_fixed_point

TRAIL_SECONDS = 0.7
LONGEST_MOVE = 0.15  # bodies from frame to frame; a longer move of a wrist is an error
_FADING = (0.2, 0.4, 0.6, 0.8)  # opacity of the parts of a trail, oldest first
_DARK, _LIGHT = (30, 30, 30), (245, 245, 245)
_LOW_COLOR, _HIGH_COLOR = np.array([235, 60, 50]), np.array([60, 200, 90])
_FONT = cv2.FONT_HERSHEY_SIMPLEX

Trail = Deque[Tuple[float, np.ndarray]]


class OverlayPainter:
  """Draws skeletons, trails of wrists and ankles, and the confidence of each person.

  Trails need the frames in order.
  """

  def __init__(
    self,
    skeleton: Skeleton,
    min_score: float = 0.2,
    show_ids: bool = False,
    show_angles: bool = False,
  ):
    """Creates a painter.

    Args:
      skeleton: names and limbs of the joints.
      min_score: lowest score of a joint that is drawn.
      show_ids: whether to write the number of a person next to the confidence.
      show_angles: whether to write the angles of the joints in degrees.
    """
    self.skeleton, self.min_score, self.show_ids = skeleton, min_score, show_ids
    self._ends = [
      k for k, name in enumerate(skeleton.joint_names) if name.endswith(("wrist", "ankle"))
    ]
    self._angles = AngleLabels(skeleton, min_score) if show_angles else None
    self._trails: Dict[int, Trail] = {}

  def paint(
    self, image: np.ndarray, people: Sequence[Person], time: float, in_place: bool = False
  ) -> np.ndarray:
    """Returns a frame with an overlay.

    Args:
      image: [H, W, 3] uint8 RGB.
      people: people in the frame; only those who are found are drawn.
      time: time of the frame in seconds.
      in_place: whether to draw onto the image itself, if it is writable, instead of a copy.
    Returns:
      [H, W, 3] uint8 RGB.
    """
    visible = [person for person in people if person.pose.found]
    picture = np.require(image, requirements=("C", "W")) if in_place else np.array(image, order="C")
    self._trails = {person.track_id: self._extend_trail(person, time) for person in visible}
    for person in visible:
      x1, y1, x2, y2 = person.pose.box
      farthest = LONGEST_MOVE * max(x2 - x1, y2 - y1)
      self._draw_trail(picture, self._trails[person.track_id], time, farthest)
    for person in visible:
      pose = person.pose
      draw_onto(picture, pose.keypoints, pose.scores, self.skeleton, self.min_score)
    if self._angles:
      for person in visible:
        self._angles.draw(picture, person.pose)
    for person in visible:
      text = f"{person.pose.confidence:.2f}"
      self._draw_bar(picture, person.pose, f"#{person.track_id} {text}" if self.show_ids else text)
    return picture

  def _extend_trail(self, person: Person, time: float) -> Trail:
    """Returns the trail of a person up to the current frame; joints below min_score are NaN."""
    pose = person.pose
    trail = self._trails.get(person.track_id, collections.deque())
    if pose.restarted:
      trail.clear()
    points = np.where(
      (pose.scores >= self.min_score)[self._ends, None], pose.keypoints[self._ends], np.nan
    )
    trail.append((time, points))
    while time - trail[0][0] > TRAIL_SECONDS:
      trail.popleft()
    return trail

  def _draw_trail(self, picture: np.ndarray, trail: Trail, time: float, farthest: float) -> None:
    if len(trail) < 2 or not self._ends:
      return
    points = np.stack([entry[1] for entry in trail])  # [N, ends, 2]
    moves = np.stack([points[:-1], points[1:]], axis=2)  # [N - 1, ends, 2, 2]
    lengths = np.linalg.norm(moves[:, :, 1] - moves[:, :, 0], axis=-1)
    ages = np.array([time - entry[0] for entry in trail])[1:] / TRAIL_SECONDS
    for level, opacity in enumerate(_FADING):
      oldest = 1 - level / len(_FADING)
      is_drawn = (ages < oldest) & (ages >= oldest - 1 / len(_FADING))
      chosen = is_drawn[:, None] & (lengths <= farthest)  # False for NaN
      self._draw_moves(picture, moves, chosen, opacity)

  def _draw_moves(
    self, picture: np.ndarray, moves: np.ndarray, chosen: np.ndarray, opacity: float
  ) -> None:
    """Draws the chosen ones [N, ends] of the moves [N, ends, 2, 2] of joints."""
    if not chosen.any():
      return
    thickness = max(1, min(picture.shape[:2]) // 180)
    limits = np.array([picture.shape[1], picture.shape[0]])
    reached = moves[chosen].reshape(-1, 2)
    low = np.clip(np.floor(reached.min(axis=0)) - 2 * thickness, 0, limits).astype(int)
    high = np.clip(np.ceil(reached.max(axis=0)) + 2 * thickness, 0, limits).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    if not part.size:
      return
    drawn = part.copy()
    for place, joint in enumerate(self._ends):
      lines = to_fixed_point(moves[chosen[:, place], place] - low)
      color = joint_color(self.skeleton, joint)
      cv2.polylines(drawn, list(lines), False, color, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    cv2.addWeighted(part, 1 - opacity, drawn, opacity, 0, dst=part)

  def _draw_bar(self, picture: np.ndarray, pose: Pose, text: str) -> None:
    """Draws the confidence as a bar and a number, above the person if the frame has room."""
    visible = (pose.scores >= self.min_score) & np.isfinite(pose.keypoints).all(axis=1)
    if not visible.any():
      return
    height, width = picture.shape[:2]
    unit = max(2, min(height, width) // 160)
    scale = unit / 8
    (text_width, text_height), _ = cv2.getTextSize(text, _FONT, scale, 1)
    bar_width = max(24 * unit, text_width)
    box_width, box_height = bar_width + 4 * unit, text_height + 7 * unit
    joints = pose.keypoints[visible]
    middle, top = joints[:, 0].mean(), joints[:, 1].min() - 0.14 * np.ptp(joints[:, 1]) - box_height
    left = int(np.clip(middle - box_width / 2, 0, max(0, width - box_width)))
    top = int(np.clip(top, 0, max(0, height - box_height)))
    part = picture[top : top + box_height, left : left + box_width]
    if not part.size:
      return
    cv2.addWeighted(part, 0.4, np.full_like(part, _DARK), 0.6, 0, dst=part)
    baseline = (left + 2 * unit, top + text_height + 2 * unit)
    cv2.putText(picture, text, baseline, _FONT, scale, _LIGHT, max(1, unit // 3), cv2.LINE_AA)
    x, y = left + 2 * unit, top + text_height + 4 * unit
    confidence = pose.confidence
    color = ((1 - confidence) * _LOW_COLOR + confidence * _HIGH_COLOR).astype(int).tolist()
    cv2.rectangle(picture, (x, y), (x + bar_width, y + unit), (90, 90, 90), cv2.FILLED)
    end = (x + round(confidence * bar_width), y + unit)
    cv2.rectangle(picture, (x, y), end, color, cv2.FILLED)
