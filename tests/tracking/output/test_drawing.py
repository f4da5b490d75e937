"""Tests of ppn_tf.tracking.output.drawing by the colors of pixels."""

import dataclasses

import numpy as np
import pytest

from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.tracking.output.drawing import contact_sheet, draw_skeleton

NAMES = PENN_ACTION.joint_names
# A person from the front, with the right side on the left of the picture.
BODY = np.array(
  [
    (100, 20),
    (80, 50), (120, 50),
    (60, 80), (140, 80),
    (50, 110), (150, 110),
    (88, 110), (112, 110),
    (84, 150), (116, 150),
    (80, 190), (120, 190),
  ],
  np.float32,
)  # fmt: skip
SCORES = np.ones(13, np.float32)


def grey(size=(220, 200)):
  return np.full((*size, 3), 90, np.uint8)


def color_at(picture, joint):
  x, y = BODY[NAMES.index(joint)].astype(int)
  return picture[y, x].astype(int)


def find_changes(picture):
  return np.abs(picture.astype(int) - 90).max(-1) > 0


def test_joints_are_drawn_in_place():
  frame = grey()
  picture = draw_skeleton(frame, BODY, SCORES, PENN_ACTION)
  assert (picture.dtype, picture.shape) == (np.uint8, frame.shape)
  assert (frame == 90).all()
  mask = find_changes(picture)
  for x, y in BODY.astype(int):
    assert mask[y, x]
  rows, columns = np.nonzero(mask)
  assert (columns.min(), columns.max()) == pytest.approx((50, 150), abs=8)
  assert (rows.min(), rows.max()) == pytest.approx((20, 190), abs=8)
  assert mask[130, 86]  # in the right thigh
  assert not mask[150, 60]


def test_right_side_is_warm_and_left_side_is_cool():
  picture = draw_skeleton(grey(), BODY, SCORES, PENN_ACTION)
  for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
    red, _, blue = color_at(picture, f"right_{joint}")
    assert red > blue + 60
    red, _, blue = color_at(picture, f"left_{joint}")
    assert blue > red + 60
  assert np.ptp(color_at(picture, "head")) < 30
  assert np.ptp(picture[50, 100].astype(int)) < 30  # from shoulder to shoulder


@pytest.mark.parametrize("spell", [str.title, lambda name: name[0].upper() + name.split("_")[1]])
def test_color_does_not_depend_on_the_spelling_of_names(spell):
  names = tuple(spell(name) if "_" in name else name for name in NAMES)
  renamed = dataclasses.replace(PENN_ACTION, joint_names=names)
  expected = draw_skeleton(grey(), BODY, SCORES, PENN_ACTION)
  np.testing.assert_array_equal(draw_skeleton(grey(), BODY, SCORES, renamed), expected)


def test_lines_are_antialiased():
  diagonal = draw_skeleton(grey(), BODY, SCORES, PENN_ACTION)[60:75, 60:80].reshape(-1, 3)
  assert len(np.unique(diagonal, axis=0)) > 10


def test_joints_below_the_threshold_are_not_drawn():
  scores = SCORES.copy()
  scores[NAMES.index("left_wrist")] = 0.19
  picture = draw_skeleton(grey(), BODY, scores, PENN_ACTION, threshold=0.2)
  assert not find_changes(picture)[90:120, 146:160].any()
  assert find_changes(picture)[80, 140]


def test_low_scores_are_half_transparent():
  scores = SCORES.copy()
  scores[NAMES.index("left_wrist")] = 0.25
  full = color_at(draw_skeleton(grey(), BODY, SCORES, PENN_ACTION, 0.2), "left_wrist")
  faint = color_at(draw_skeleton(grey(), BODY, scores, PENN_ACTION, 0.2), "left_wrist")
  np.testing.assert_allclose(faint, (full + 90) / 2, atol=1)


def test_lines_are_thicker_for_larger_people():
  small = find_changes(draw_skeleton(grey((880, 800)), BODY, SCORES, PENN_ACTION))
  large = find_changes(draw_skeleton(grey((880, 800)), 4 * BODY, SCORES, PENN_ACTION))
  assert large[520].sum() > 1.8 * small[130].sum()  # across both thighs


def test_extreme_coordinates():
  keypoints = BODY.copy()
  keypoints[0] = np.nan
  keypoints[5] = np.inf
  keypoints[11] = (-1e9, 1e9)
  picture = draw_skeleton(grey(), keypoints, SCORES, PENN_ACTION)
  assert find_changes(picture).any()
  assert not find_changes(picture)[15:25, 95:105].any()


@pytest.mark.parametrize("frame", [grey()[:, ::-1], np.asfortranarray(grey()), grey((1, 1))])
def test_arrays_of_any_layout(frame):
  frame.flags.writeable = False
  assert draw_skeleton(frame, BODY, None, PENN_ACTION).shape == frame.shape


def test_nobody():
  assert not find_changes(draw_skeleton(grey(), BODY, 0 * SCORES, PENN_ACTION)).any()


def test_contact_sheet():
  frames = [np.full((30, 40, 3), 20 * index, np.uint8) for index in range(5)]
  sheet = contact_sheet(frames, columns=3, gap=2)
  assert (sheet.shape, sheet.dtype) == ((2 * 32 + 2, 3 * 42 + 2, 3), np.uint8)
  for index in range(5):
    top, left = 2 + index // 3 * 32, 2 + index % 3 * 42
    assert (sheet[top : top + 30, left : left + 40] == 20 * index).all()
  assert (sheet[:2] == 255).all()
  assert (sheet[34:64, 86:] == 255).all()  # the sixth tile is empty


def test_contact_sheet_resizes_frames_to_tiles():
  frames = [np.zeros((60, 80, 3), np.uint8), np.zeros((80, 40, 3), np.uint8)]
  sheet = contact_sheet(frames, columns=8, tile_width=40, gap=0)
  assert sheet.shape == (30, 80, 3)
  black = (sheet == 0).all(-1)
  assert black[:, :40].all()
  assert black[:, 40:].sum() == 30 * 15  # 80 x 40 resized to 30 x 15, centered
  assert black[:, 53:67].all()


@pytest.mark.parametrize(("frames", "columns"), [([], 4), ([grey()], 0)])
def test_contact_sheet_without_frames(frames, columns):
  with pytest.raises(ValueError, match="Received"):
    contact_sheet(frames, columns)
