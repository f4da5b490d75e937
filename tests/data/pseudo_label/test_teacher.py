"""Tests of data.pseudo_label.teacher with networks that are functions of the crop."""

import numpy as np
import pytest

from data.pseudo_label.teacher import Teacher
from ppn_tf.keypoints.joint_maps import COCO_JOINTS

SIZE = 64
FRAME = np.zeros((120, 160, 3), np.uint8)
BOX = np.array([40, 20, 104, 84], np.float32)  # its crop's side is 1.25 * 64 = 80 pixels
LEFT, RIGHT = (COCO_JOINTS.index(f"{side}_wrist") for side in ("left", "right"))


class Network:
  """Network with MoveNet's joints at given positions, with scores of 0.8."""

  joint_names = COCO_JOINTS
  image_size = (SIZE, SIZE)

  def __init__(self, see):
    self._see, self.looks = see, 0

  def __call__(self, crop, affine):
    del affine
    places = self._see(crop, self.looks)
    self.looks += 1
    return np.concatenate([places, np.full((len(self.joint_names), 1), 0.8)], axis=1)


class Hips(Network):
  joint_names = ("pelvis", "left_hip", "right_hip")


def everywhere(x, y):
  return lambda crop, look: np.tile(np.float32([x, y]), (17, 1))


def spread(crop, look):
  """Returns joint k at (10 + 2 k, 50 - k) of the crop."""
  k = np.arange(17, dtype=np.float32)
  return np.stack([10 + 2 * k, 50 - k], axis=1)


def brightest(crop, look):
  """Returns the image's left wrist at the brightest red, its right wrist at the brightest green."""
  places = np.tile(np.float32([SIZE / 2, SIZE / 2]), (17, 1))
  for k, channel in ((RIGHT, 0), (LEFT, 1)):
    y, x = np.unravel_index(crop[..., channel].argmax(), crop.shape[:2])
    places[k] = x, y
  if places[RIGHT, 0] > places[LEFT, 0]:
    places[[RIGHT, LEFT]] = places[[LEFT, RIGHT]]
  return places


def test_positions_are_in_frame_pixels():
  """Expects crop pixel p at (p + 0.5) / 64 * 80 of its side, which starts at 32 and 12."""
  labels = Teacher(Network(spread)).label(FRAME, BOX)
  expected = (spread(None, 0) + 0.5) / SIZE * 80 + np.array([32, 12])
  np.testing.assert_allclose(labels.keypoints, expected, atol=1e-3)
  assert labels.kept.all()
  np.testing.assert_allclose(labels.scores, 0.8)


def test_mirrored_view_swaps_left_and_right():
  """Expects that both views agree if the network calls the image's left wrist a right one."""
  frame = FRAME.copy()
  frame[50:53, 50:53, 0] = 255
  frame[40:43, 90:93, 1] = 255
  labels = Teacher(Network(brightest), views=2).label(frame, BOX)
  np.testing.assert_allclose(labels.keypoints[RIGHT], [51, 51], atol=1.5)
  np.testing.assert_allclose(labels.keypoints[LEFT], [91, 41], atol=1.5)
  assert labels.kept[[LEFT, RIGHT]].all()


def test_joints_on_which_views_disagree_are_not_labelled():
  """Moves joint 3 in each view, and keeps all others at their positions in the frame."""

  def see(crop, look):
    places = np.tile(np.float32([31.5, 31.5]), (17, 1))  # the center of rotation
    places[3] = [5 + 25 * look, 60 - 25 * look]
    places[4] = places[3]
    return places

  labels = Teacher(Network(see), views=3, agreement=0.05).label(FRAME, BOX)
  assert labels is None or not labels.kept[3]


def test_second_teacher_averages_and_vetoes():
  """Expects the mean of both within 5 % of the box's 64 pixels, and no label beyond."""

  def hips(crop, look):
    return np.float32([[20, 20], [30, 30], [50, 30]])

  def first(crop, look):
    places = spread(crop, look)
    places[COCO_JOINTS.index("left_hip")] = [32, 30]  # 2 crop pixels are 2.5 of the frame
    places[COCO_JOINTS.index("right_hip")] = [40, 30]  # 10 are 12.5
    return places

  labels = Teacher(Network(first), Hips(hips), agreement=0.05).label(FRAME, BOX)
  left, right, knee = (COCO_JOINTS.index(n) for n in ("left_hip", "right_hip", "left_knee"))
  assert labels.kept[left] and not labels.kept[right] and labels.kept[knee]
  expected = (np.array([31.0, 30.0]) + 0.5) / SIZE * 80 + np.array([32, 12])
  np.testing.assert_allclose(labels.keypoints[left], expected, atol=1e-3)


def test_low_scores_are_not_labelled():
  labels = Teacher(Network(spread), min_score=0.81).label(FRAME, BOX)
  assert labels is None or not labels.kept.any()


@pytest.mark.parametrize("place", [(40.0, 30.0), (120.0, 90.0)])
def test_person_is_found_with_a_fitting_box(place):
  """Finds a cross of five bright dots, the only joints of the network."""
  frame = FRAME.copy()
  dots = np.array([[0, 0], [-12, 0], [12, 0], [0, -20], [0, 20]]) + np.array(place)
  for x, y in dots.astype(int):
    frame[y - 1 : y + 2, x - 1 : x + 2] = 255

  def see(crop, look):
    y, x = np.nonzero(crop[..., 0] > 100)
    if not len(x):
      return np.zeros((17, 2), np.float32)
    ends = [(x.min(), y.mean()), (x.max(), y.mean()), (x.mean(), y.min()), (x.mean(), y.max())]
    return np.float32([ends[k % 4] for k in range(17)])

  box = Teacher(Network(see)).find(frame)
  # Penn Action's rule: 1.2 times the joints' extent, within the frame.
  center, half = np.array(place), 1.2 * np.array([12, 20])
  expected = np.clip(np.concatenate([center - half, center + half]), 0, [159, 119, 159, 119])
  np.testing.assert_allclose(box, expected, atol=4)
