"""Tests of ppn_tf.tracking.tracker against a painted person with known joints.

A frame is black with a small disc for each joint, each in a different color. The test network
finds the discs in its crop by color, so that poses can be compared with the painted positions.
"""

import dataclasses
import itertools

import cv2
import numpy as np
import pytest

from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.tracker import Tracker
from tests.tracking import discs

NUM_JOINTS, STRIDE = 13, 4
# Different directions, because interpolation with black keeps the direction of a color.
COLORS = np.array(
  [
    color
    for color in itertools.product((0, 1, 2), repeat=3)
    if max(color) == 2 and (min(color) == 1 or sum(color) in (2, 3))
  ]
  + [(1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)],
  np.float64,
)[:NUM_JOINTS]
DIRECTIONS = COLORS / np.linalg.norm(COLORS, axis=1, keepdims=True)
# A standing person, 80 x 160 pixels, in PENN_ACTION's order.
BODY = np.array(
  [
    (40, 0),
    (20, 25), (60, 25),
    (5, 55), (75, 55),
    (0, 85), (80, 85),
    (28, 85), (52, 85),
    (22, 122), (58, 122),
    (18, 160), (62, 160),
  ],
  np.float64,
)  # fmt: skip


def paint(joints, size=(300, 480)):
  """Returns a frame with a disc at each joint (x, y)."""
  frame = np.zeros((*size, 3), np.uint8)
  for (x, y), color in zip(joints, COLORS):
    center = (round(x * 16), round(y * 16))
    cv2.circle(frame, center, 5 * 16, (127 * color).tolist(), cv2.FILLED, cv2.LINE_AA, 4)
  return frame


class Eye(PoseModel):
  """Finds the painted joints in a crop; records inputs and outputs."""

  image_size = (192, 192)
  heatmap_size = (48, 48)
  num_joints = NUM_JOINTS

  def __init__(self, peaks=(0.9,) * NUM_JOINTS):
    self.peaks = peaks
    self.starts, self.steps, self.outputs = [], [], []

  def start(self, frame):
    self.starts.append(frame)
    self.outputs.append(self._look(frame))
    return self.outputs[-1]

  def step(self, frame, previous):
    self.steps.append((frame, previous))
    self.outputs.append(self._look(frame))
    return self.outputs[-1]

  def _look(self, crop):
    assert crop.shape == (192, 192, 3)
    assert crop.dtype == np.float32
    strength = np.linalg.norm(crop, axis=-1)
    rows, columns = np.nonzero(strength > 30)
    colors, weights = crop[rows, columns], strength[rows, columns]
    owners = (colors @ DIRECTIONS.T).argmax(axis=-1)
    sums = [np.bincount(owners, weights * at, NUM_JOINTS) for at in (1, columns, rows)]
    heatmaps = np.zeros((48, 48, NUM_JOINTS), np.float32)
    for joint in np.flatnonzero(sums[0] >= 2000):
      x, y = sums[1][joint] / sums[0][joint], sums[2][joint] / sums[0][joint]
      heatmaps[..., joint] = self.peaks[joint] * discs.gaussian(x, y)
    return heatmaps


def walk(num_frames, step=(6.0, 0.7), origin=(30.0, 60.0)):
  """Returns joints [T, K, 2] of a body that moves across the frame and swings its arms."""
  joints = np.stack([BODY + origin + np.multiply(step, t) for t in range(num_frames)])
  joints[:, 5:7, 0] += 8 * np.sin(np.arange(num_frames))[:, None]
  return joints


def penn_box(joints, size=(300, 480)):
  """Computes a box by the rule of Penn Action."""
  (x1, y1), (x2, y2) = joints.min(0), joints.max(0)
  dx, dy = 0.1 * (x2 - x1), 0.1 * (y2 - y1)
  return [max(x1 - dx, 0), max(y1 - dy, 0), min(x2 + dx, size[1] - 1), min(y2 + dy, size[0] - 1)]


def errors(poses, joints):
  keypoints = np.stack([pose.keypoints for pose in poses])
  return np.linalg.norm(keypoints - joints, axis=-1)


def test_colors_are_distinguishable():
  cosines = DIRECTIONS @ DIRECTIONS.T - 2 * np.eye(NUM_JOINTS)
  assert len(COLORS) == NUM_JOINTS
  assert cosines.max() < 0.98


def test_follows_a_person_across_the_frame():
  joints = walk(50)
  eye = Eye()
  poses = list(Tracker(eye)((paint(frame) for frame in joints), box=penn_box(joints[0])))
  assert len(poses) == 50
  assert errors(poses, joints).max() < 1.0
  assert poses[0].joint_names == PENN_ACTION.joint_names
  assert poses[0].keypoints.dtype == np.float32
  assert not any(pose.restarted for pose in poses)
  for pose in poses:
    np.testing.assert_allclose(pose.scores, 0.9, atol=0.1)


def test_recurrence_equals_training():
  joints = walk(6)
  frames = [paint(frame) for frame in joints]
  eye = Eye()
  poses = list(Tracker(eye)(frames, box=penn_box(joints[0])))
  assert (len(eye.starts), len(eye.steps)) == (1, 6)
  # The first frame passes twice; then each step gets the heatmaps of the previous one.
  assert np.array_equal(eye.starts[0], eye.steps[0][0])
  for t in range(6):
    assert np.array_equal(eye.steps[t][1], eye.outputs[t])
  # Each step gets its frame cropped around the box of the pose, as by OpenCV.
  for frame, pose, (crop, _) in zip(frames, poses, eye.steps):
    x1, y1, x2, y2 = pose.box
    zoom = 192 / (1.25 * max(x2 - x1, y2 - y1))
    affine = np.array(
      [[zoom, 0, 95.5 - zoom * (x1 + x2) / 2], [0, zoom, 95.5 - zoom * (y1 + y2) / 2]]
    )
    expected = cv2.warpAffine(frame, affine, (192, 192), flags=cv2.INTER_LINEAR)
    assert np.abs(expected - crop).mean() < 0.5


def test_searches_for_the_person_without_a_box():
  joints = walk(10, origin=(250.0, 100.0))
  eye = Eye()
  poses = list(Tracker(eye, refinements=2)(paint(frame) for frame in joints))
  assert errors(poses, joints).max() < 1.0
  # 1 look is at the whole frame, 3 at squares of 300 pixels, 2 x 4 at squares of 225; then 2
  # refinements and the start.
  assert (len(eye.starts), len(eye.steps)) == (1 + 3 + 8 + 2 + 1, 10)
  np.testing.assert_allclose(poses[0].box, penn_box(joints[0]), atol=2)
  # The first look covers the whole 480 x 300 frame, black above and below.
  whole = eye.starts[0]
  assert np.array_equal(whole[:35], np.zeros_like(whole[:35]))
  expected = BODY.mean(0) + (250, 100)
  rows, columns = np.nonzero(whole.max(-1) > 60)
  center = np.array([columns.mean(), rows.mean()])
  np.testing.assert_allclose(center, (expected + (0.5, 90.5)) * 192 / 480 - 0.5, atol=2)


def test_boxes_follow_the_rule_of_penn_action():
  joints = walk(8)
  joints[3:] += (-40, 30)  # partly beyond the left border
  frames = [paint(frame) for frame in joints]
  poses = list(Tracker(Eye(), box_lag=0.0)(frames, box=penn_box(joints[0])))
  for previous, pose in zip(joints, poses[1:]):
    np.testing.assert_allclose(pose.box, penn_box(previous), atol=1.5)


def test_box_lag_mixes_boxes():
  joints = walk(2, step=(20, 0))
  frames = [paint(joints[0]), paint(joints[1]), paint(joints[1])]
  poses = list(Tracker(Eye(), box_lag=0.1)(frames, box=penn_box(joints[0])))
  old, new = np.array(penn_box(joints[0])), np.array(penn_box(joints[1]))
  np.testing.assert_allclose(poses[2].box, 0.75 * old + 0.25 * new, atol=1)


def test_joints_below_min_score_do_not_shape_the_box():
  peaks = [0.9] * NUM_JOINTS
  peaks[11] = peaks[12] = 0.1  # the ankles
  joints = walk(2, step=(0, 0))
  tracker = Tracker(Eye(peaks), box_lag=0.0, min_score=0.2)
  _, pose = tracker([paint(frame) for frame in joints], box=penn_box(joints[0]))
  np.testing.assert_allclose(pose.box, penn_box(joints[0][:11]), atol=1.5)


def test_box_stays_with_too_few_joints():
  peaks = [0.05] * 10 + [0.9] * 3
  joints = walk(3, step=(0, 0))
  box = [20.0, 30.0, 150.0, 250.0]
  tracker = Tracker(Eye(peaks), min_joints=4, restart_score=0.0)
  for pose in tracker([paint(frame) for frame in joints], box=box):
    assert pose.box == pytest.approx(box)


def test_restarts_after_confidence_is_lost():
  joints = walk(20)
  joints[10:] += (250, 0)  # far outside the crop
  eye = Eye()
  frames = [paint(frame) for frame in joints]
  poses = list(Tracker(eye, restart_after=4 / 30)(frames, box=penn_box(joints[0])))
  assert [t for t, pose in enumerate(poses) if pose.restarted] == [13]
  error = errors(poses, joints)
  assert error[:10].max() < 1.0
  assert error[13:].max() < 1.0
  for pose in poses[10:13]:
    assert pose.scores.mean() < 0.15
  # The recurrence restarted: the step on that frame got the initial heatmaps of that frame.
  crop, previous = next(step for step in eye.steps if np.array_equal(step[0], eye.starts[-1]))
  assert np.array_equal(previous, Eye().start(crop))


def test_short_occlusion_does_not_restart():
  joints = walk(20)
  frames = [paint(frame) for frame in joints]
  frames[8] = frames[9] = np.zeros_like(frames[0])
  eye = Eye()
  poses = list(Tracker(eye, restart_after=5 / 30)(frames, box=penn_box(joints[0])))
  assert not any(pose.restarted for pose in poses)
  assert len(eye.starts) == 1
  assert errors(poses, joints)[10:].max() < 1.0


def test_empty_frames():
  frames = [np.zeros((120, 200, 3), np.uint8)] * 12
  poses = list(Tracker(Eye(), restart_after=3 / 30)(frames))
  assert len(poses) == 12
  assert all(np.isfinite(pose.keypoints).all() for pose in poses)
  assert max(pose.scores.max() for pose in poses) == 0.0


def test_scores_are_clipped():
  joints = walk(1)
  (pose,) = Tracker(Eye([1.7] * NUM_JOINTS))([paint(joints[0])], box=penn_box(joints[0]))
  assert pose.scores.max() == 1.0


def test_joints_are_read_near_preliminary_peaks():
  """Uses final heatmaps that lag by one cell, 5 pixels, behind a standing person.

  The broad peaks reach into the slope of the window, which pulls them back a little.
  """

  finals = []

  class Late(Eye):
    def final_and_preliminary(self, frame, previous):
      preliminary = self.step(frame, previous)
      finals.append(np.roll(preliminary, 1, axis=1))
      return finals[-1], preliminary

  joints = walk(1)[0]
  late = Late()
  poses = list(Tracker(late)([paint(joints)] * 3, box=penn_box(joints)))
  assert errors(poses, [joints] * 3).max() < 1.5
  # The next frame still gets the lagging final heatmaps.
  for (_, previous), final in zip(late.steps[1:], finals):
    np.testing.assert_array_equal(previous, final)


def test_heatmaps_move_with_steady_crops():
  joints = walk(4, step=(9, 3))
  frames = [paint(frame) for frame in joints]
  eye = Eye()
  poses = list(Tracker(eye, steady_crops=True)(frames, box=penn_box(joints[0])))
  assert errors(poses, joints).max() < 1.0
  centers = [(np.float32(pose.box[:2]) + pose.box[2:]) / 2 for pose in poses]
  speed = np.zeros(2)  # the crop of the first frame passes twice
  for t in (1, 2, 3):
    speed = speed + 0.4 * (centers[t] - centers[t - 1] - speed)
    x1, y1, x2, y2 = poses[t].box
    zoom = 192 / (1.25 * max(x2 - x1, y2 - y1))
    pixels = (joints[t - 1] + speed - centers[t]) * zoom + 95.5
    _, previous = eye.steps[t]
    for joint in range(NUM_JOINTS):
      row, column = np.unravel_index(previous[..., joint].argmax(), (48, 48))
      assert np.abs(pixels[joint] - (4 * column + 1.5, 4 * row + 1.5)).max() < 3.0


@pytest.mark.parametrize(
  ("box", "message"),
  [
    ([10, 10, 10, 50], "not a box"),
    ([50, 10, 10, 50], "not a box"),
    ([1, 2, 3], "not a box"),
    ([0, 0, float("nan"), 5], "not a box"),
    ([500, 10, 600, 50], "outside the frame.*480x300"),
    ([10, -90, 60, -5], "outside the frame"),
  ],
)
def test_invalid_box(box, message):
  with pytest.raises(InputError, match=message):
    list(Tracker(Eye())([paint(walk(1)[0])], box=box))


def test_tracker_is_reused_for_a_second_video():
  first, second = walk(5), walk(5, origin=(300.0, 40.0))
  tracker = Tracker(Eye())
  list(tracker([paint(frame) for frame in first], box=penn_box(first[0])))
  poses = list(tracker([paint(frame) for frame in second]))
  assert errors(poses, second).max() < 1.0


def test_model_with_an_unknown_number_of_joints():
  eye = Eye()
  eye.num_joints = 16
  with pytest.raises(InputError, match=r"16 joints.*penn_action \(13\)"):
    Tracker(eye)


def test_from_preset_accepts_a_pose_model():
  eye = Eye()
  tracker = Tracker.from_preset(eye, min_score=0.3)
  assert (tracker.model, tracker.settings.min_score) == (eye, 0.3)


def test_copies_track_separate_people():
  first_joints, second_joints = walk(5), walk(5, origin=(300.0, 40.0))
  tracker = Tracker(Eye(), min_score=0.3)
  first, second = tracker.copy(), tracker.copy(min_joints=5)
  first.reset(penn_box(first_joints[0]))
  second.reset(penn_box(second_joints[0]))
  poses = [
    (first.update(paint(a)), second.update(paint(b))) for a, b in zip(first_joints, second_joints)
  ]
  assert errors([pose for pose, _ in poses], first_joints).max() < 1.0
  assert errors([pose for _, pose in poses], second_joints).max() < 1.0
  assert (first.settings.min_score, first.model) == (0.3, tracker.model)
  assert second.settings == dataclasses.replace(first.settings, min_joints=5)


def test_restart_every():
  joints = walk(10)
  eye = Eye()
  tracker = Tracker(eye, restart_every=4)
  poses = list(tracker([paint(frame) for frame in joints], box=penn_box(joints[0])))
  assert errors(poses, joints).max() < 1.0
  assert not any(pose.restarted for pose in poses)  # the person was never lost
  assert (len(eye.starts), len(eye.steps)) == (3, 10)
  for start, step in zip(eye.starts, eye.steps[::4]):
    assert np.array_equal(start, step[0])


@pytest.mark.parametrize(
  ("fps", "refresh_after", "looks"),
  [
    (30, 0.09, [3, 6]),
    (30, 0.12, [4]),
    (60, 0.09, [6]),
    (15, 0.09, [2, 4, 6]),
    (5, 0.09, [1, 2, 3, 4, 5, 6, 7]),
    (5, 0.3, [2, 4, 6]),
    (5, 0.0, []),
  ],
)
def test_head_net_looks_again_in_time(fps, refresh_after, looks):
  """The first frame has one look in any case, with a box."""
  joints = walk(8)
  eye = Eye()
  tracker = Tracker(eye, refresh_after=refresh_after)
  list(tracker([paint(frame) for frame in joints], box=penn_box(joints[0]), fps=fps))
  assert (len(eye.starts), len(eye.steps)) == (1 + len(looks), 8)
  for look, frame in zip(eye.starts[1:], looks):
    assert np.array_equal(look, eye.steps[frame][0])


def test_a_restart_counts_as_a_look():
  joints = walk(8)
  eye = Eye()
  tracker = Tracker(eye, refresh_after=0.09, restart_every=2)
  list(tracker([paint(frame) for frame in joints], box=penn_box(joints[0])))
  assert len(eye.starts) == 4  # restarts in frames 0, 2, 4 and 6 alone


def test_heatmaps_are_refreshed_from_wider_crops():
  """A network that repeats the previous heatmaps follows a person only by HeadNet's looks."""

  class Sleeper(Eye):
    def step(self, frame, previous):
      self.steps.append((frame, previous))
      return previous

  joints = walk(12, step=(4, 0))
  frames = [paint(frame) for frame in joints]
  settings = {"margin": 1.25, "start_margin": 1.5, "cuts": False}
  box = penn_box(joints[0])
  followed, left_behind = (
    list(Tracker(Sleeper(), refresh_after=after, **settings)(frames, box, fps=5))
    for after in (0.1, 0.0)
  )
  assert errors(followed, joints)[-1].max() < 6.0  # late by one step
  assert errors(left_behind, joints)[-1].max() > 20.0


def test_cut_starts_a_search():
  people = [(100 if t < 6 else 380, 150, 18) for t in range(12)]
  frames = [
    discs.paint([person], background=20 if t < 6 else 100) for t, person in enumerate(people)
  ]
  box = [64, 78, 136, 222]
  poses = list(Tracker(discs.DiscEye())(frames, box=box))
  assert [t for t, pose in enumerate(poses) if pose.restarted] == [6]
  expected = np.stack([discs.joints(person) for person in people])
  assert errors(poses, expected).max() < 6.0  # discs are blurred
  late = list(Tracker(discs.DiscEye(), cuts=False, restart_after=4 / 30)(frames, box=box))
  assert [t for t, pose in enumerate(late) if pose.restarted] == [9]


def test_person_leaves_and_returns():
  joints = walk(130, step=(0, 0))
  frames = [paint(frame) for frame in joints]
  empty = np.zeros_like(frames[0])
  frames[20:100] = [empty] * 80
  eye = Eye()
  poses = list(Tracker(eye, restart_after=5 / 30)(frames, box=penn_box(joints[0])))
  assert all(pose.found for pose in poses[:20])
  assert not any(pose.found or pose.restarted for pose in poses[20:100])
  assert max(pose.scores.max() for pose in poses[20:100]) < 0.2
  returned = next(t for t in range(100, 130) if poses[t].found)
  assert returned == 100  # in the box, which has not moved
  assert errors(poses, joints)[returned:].max() < 1.0


def test_person_who_returns_elsewhere_is_found_by_a_search():
  joints = walk(160, step=(0, 0))
  joints[100:] += (250, 50)
  frames = [paint(frame) for frame in joints]
  frames[20:100] = [np.zeros_like(frames[0])] * 80
  eye = Eye()
  tracker = Tracker(eye, restart_after=5 / 30)
  tracker.reset(penn_box(joints[0]))
  poses, starts = [], []
  for frame in frames:
    poses.append(tracker.update(frame))
    starts.append(len(eye.starts))
  returned = next(t for t in range(100, 160) if poses[t].found)
  assert poses[returned].restarted
  assert returned - 100 <= 32
  assert errors(poses, joints)[returned:].max() < 1.0
  # Searches without a person: after 5, 10, 20 and 40 frames, and 32 frames later.
  searched = np.flatnonzero(np.diff(starts[:100])) + 1
  assert (searched - 19).tolist() == [5, 10, 20, 40, 72]


def test_tracker_without_roam_searches_only_the_last_place():
  joints = walk(20)
  joints[10:] += (250, 0)
  eye = Eye()
  tracker = Tracker(eye, restart_after=4 / 30, roam=False)
  tracker.reset(penn_box(joints[0]))
  poses = [tracker.update(paint(frame)) for frame in joints]
  assert not any(pose.found for pose in poses[10:])
  assert tracker.lost_for == pytest.approx(10 / 30)
  assert len(eye.starts) <= 1 + 2 * 2


@pytest.mark.parametrize(
  "frames", [[np.zeros((4, 4, 3))], [np.zeros((4, 4), np.uint8)], np.zeros((2, 4, 3), np.uint8)]
)
def test_invalid_frames(frames):
  with pytest.raises(InputError, match=r"frames are \[H, W, 3\] uint8.*Received") as caught:
    list(Tracker(Eye())(frames))
  assert "\n" not in str(caught.value)


def test_no_frames():
  assert list(Tracker(Eye())([])) == []
