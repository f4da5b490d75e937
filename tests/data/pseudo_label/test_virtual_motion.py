"""Tests of data.pseudo_label.virtual_motion: labels must match the pictures."""

import numpy as np
import pytest

from data.pseudo_label.virtual_motion import Motion, animate
from ppn_tf.keypoints.skeletons import COCO

HEIGHT, WIDTH = 240, 320
BOX = np.array([100.0, 20.0, 220.0, 220.0], np.float32)
NOTHING = Motion(swing=0, pan=0, zoom=0, roll=0, shake=0, exposure=0)


def standing():
  """Returns joints [17, 2] of a person with the arms away from the trunk."""
  places = {
    "nose": (160, 40), "eye": (7, 35), "ear": (14, 40), "shoulder": (25, 75), "elbow": (45, 105),
    "wrist": (58, 135), "hip": (18, 135), "knee": (22, 170), "ankle": (24, 205),
  }  # fmt: skip
  rows = []
  for name in COCO.joint_names:
    side, _, part = name.rpartition("_")
    x, y = places[part]
    rows.append((x, y) if not side else (160 + (x if side == "left" else -x), y))
  return np.array(rows, np.float32)


def dotted(keypoints, joints):
  """Returns a gray ramp with bright dots at some joints, three pixels wide at half height."""
  y, x = np.mgrid[:HEIGHT, :WIDTH]
  picture = 40 + 0.1 * x
  for k in joints:
    distance = np.square(x - keypoints[k, 0]) + np.square(y - keypoints[k, 1])
    picture = picture + 180 * np.exp(-distance / (2 * 2.5**2))
  return np.repeat(np.clip(picture, 0, 255)[..., None], 3, axis=2).round().astype(np.uint8)


def dot_near(frame, place):
  """Returns the center (x, y) of brightness within 12 pixels of a position."""
  y, x = np.mgrid[:HEIGHT, :WIDTH]
  near = np.square(x - place[0]) + np.square(y - place[1]) < 12**2
  light = np.where(near, np.clip(frame[..., 0].astype(float) - 90, 0, None), 0)
  assert light.sum() > 100, "no dot there"
  return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


def make(picture, keypoints, motion, seed=0, kept=None, num_frames=6):
  kept = np.ones(17, bool) if kept is None else kept
  rng = np.random.default_rng(seed)
  return animate(picture, keypoints, kept, BOX, COCO.joint_names, num_frames, rng, motion)


def test_without_motion_every_frame_is_the_photograph():
  keypoints = standing()
  picture = dotted(keypoints, range(17))
  frames, labels = make(picture, keypoints, NOTHING)
  assert len(frames) == 6
  for frame, label in zip(frames, labels):
    # Positions between nodes of the grid are exact to a hundredth of a pixel.
    np.testing.assert_allclose(frame.astype(float), picture, atol=2)
    np.testing.assert_allclose(label, keypoints, atol=1e-4)


# Pivot and end of each limb.
CHAINS = [("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_labels_follow_the_pixels(seed):
  """Expects each dot at the label of its joint, after any motion."""
  keypoints = standing()
  joints = [k for k, name in enumerate(COCO.joint_names) if k == 0 or "ear" not in name]
  joints = [k for k in joints if "eye" not in COCO.joint_names[k]]
  frames, labels = make(dotted(keypoints, joints), keypoints, Motion(exposure=0), seed)
  moved = np.abs(labels - keypoints).max(axis=(0, 2))
  assert moved[joints].min() > 1 and moved.max() > 8
  for frame, label in zip(frames, labels):
    for k in joints:
      assert np.linalg.norm(dot_near(frame, label[k]) - label[k]) < 1.5, COCO.joint_names[k]


def test_limbs_keep_their_lengths():
  keypoints = standing()
  motion = Motion(swing=40, pan=0, zoom=0, roll=0, shake=0, exposure=0)
  _, labels = make(dotted(keypoints, []), keypoints, motion)
  for side in ("left", "right"):
    for start, end in CHAINS:
      i, j = (COCO.joint_names.index(f"{side}_{part}") for part in (start, end))
      lengths = np.linalg.norm(labels[:, i] - labels[:, j], axis=-1)
      np.testing.assert_allclose(lengths, np.linalg.norm(keypoints[i] - keypoints[j]), rtol=1e-4)
  trunk = [k for k, name in enumerate(COCO.joint_names) if "shoulder" in name or "hip" in name]
  np.testing.assert_allclose(labels[:, trunk], np.tile(keypoints[trunk], (6, 1, 1)), atol=1e-3)


def test_joint_without_a_label_does_not_swing():
  keypoints, kept = standing(), np.ones(17, bool)
  wrist = COCO.joint_names.index("left_wrist")
  kept[wrist] = False
  motion = Motion(swing=40, pan=0, zoom=0, roll=0, shake=0, exposure=0)
  _, labels = make(dotted(keypoints, []), keypoints, motion, kept=kept)
  np.testing.assert_allclose(labels[:, wrist], np.tile(keypoints[wrist], (6, 1)), atol=1e-3)


def test_motion_is_smooth_and_depends_on_the_generator():
  keypoints = standing()
  picture = dotted(keypoints, [])
  motion = Motion(shake=0)
  frames, labels = make(picture, keypoints, motion, seed=5, num_frames=16)
  repeated, repeated_labels = make(picture, keypoints, motion, seed=5, num_frames=16)
  np.testing.assert_array_equal(labels, repeated_labels)
  assert all((first == second).all() for first, second in zip(frames, repeated))
  velocity = np.linalg.norm(np.diff(labels, axis=0), axis=-1)
  acceleration = np.linalg.norm(np.diff(labels, 2, axis=0), axis=-1)
  assert acceleration.max() < velocity.max()
  assert velocity.max() < 0.2 * (BOX[3] - BOX[1])


def test_exposure_blurs_motion():
  keypoints = standing()
  picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
  still = Motion(swing=0, pan=0.2, zoom=0, roll=0, shake=0, exposure=0, periods=(6, 6.001))
  blurred = Motion(swing=0, pan=0.2, zoom=0, roll=0, shake=0, exposure=1, periods=(6, 6.001))
  sharp, _ = make(picture, keypoints, still)
  soft, _ = make(picture, keypoints, blurred)
  assert np.std(soft[2]) < 0.95 * np.std(sharp[2])
