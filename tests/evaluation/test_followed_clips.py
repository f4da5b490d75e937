"""Tests of tracking the clips of a data set, with a network that finds joints by color."""

import numpy as np

from ppn_tf.clips import records
from ppn_tf.evaluation.followed_clips import follow
from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.tracking.tracker import Tracker
from tests.tiny_clips import BLUE, CLIPS, GREEN, RED, body_at


class ColourEye(PoseModel):
  """Network that finds the head in green, right joints in red, and left joints in blue."""

  image_size, heatmap_size, num_joints, stride = (96, 96), (24, 24), 13, 4

  def __init__(self):
    self.starts = 0

  def start(self, frame):
    self.starts += 1
    return self._look(frame)

  def step(self, frame, previous):
    return self._look(frame)

  def _look(self, frame):
    y, x = np.mgrid[:96, :96]
    rows, columns = np.mgrid[:24, :24]
    maps = np.zeros((24, 24, 13), np.float32)
    for colour, joints in ((GREEN, [0]), (RED, range(1, 13, 2)), (BLUE, range(2, 13, 2))):
      mask = np.linalg.norm(frame - np.array(colour), axis=-1) < 80
      if mask.any():
        at_x, at_y = x[mask].mean(), y[mask].mean()
        squared = (4 * columns + 1.5 - at_x) ** 2 + (4 * rows + 1.5 - at_y) ** 2
        maps[..., list(joints)] = np.exp(-squared / 128)[..., None]
    return maps


def test_every_frame_of_every_clip_is_tracked(tiny_dataset):
  builder = records.open_records(tiny_dataset)
  lengths = {clip: length for clip, (length, split) in CLIPS.items() if split == "test"}
  starts = {}
  for num_frames in (0, 3):
    eye = ColourEye()
    tracker = Tracker(eye, margin=2.5, refinements=0)
    results = {
      result.clip: result for result in follow(tracker, builder, "test", num_frames=num_frames)
    }
    starts[num_frames] = eye.starts
    assert {clip: len(result.keypoints) for clip, result in results.items()} == lengths
    for clip, result in results.items():
      assert result.joint_names == PENN_ACTION.joint_names
      heads = [body_at(clip, t)[0][0] for t in range(lengths[clip])]
      assert np.abs(result.keypoints[:, 0] - heads).max() < 3.0
  # HeadNet restarts at frames 3 and 6 of the clip of 7 frames, and at 3 of the clip of 4.
  assert starts[3] - starts[0] == 3
  (remaining,) = follow(tracker, builder, "test", num_frames=3, leave_out={"0005"})
  np.testing.assert_array_equal(remaining.keypoints, results["0004"].keypoints)


def test_labeled_box_of_the_first_frame_replaces_the_search(tiny_dataset):
  builder = records.open_records(tiny_dataset)
  eye = ColourEye()
  tracker = Tracker(eye, margin=2.5, refinements=0)
  results = list(follow(tracker, builder, "test", from_labeled_box=True))
  assert eye.starts == len(results) == 2  # without looks elsewhere
  for result in results:
    assert np.abs(result.keypoints[0, 0] - body_at(result.clip, 0)[0][0]).max() < 3.0
