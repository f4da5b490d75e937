"""Tests of the state of trackers: every call, copy and thread has its own."""

import concurrent.futures

import numpy as np
import pytest

from ppn_tf import PeopleTracker, Tracker
from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.tflite import convert
from ppn_tf.models.ppn import Framewise
from ppn_tf.tracking.cuts import CutDetector
from tests.inference.tflite.test_convert import network
from tests.tracking import discs
from tests.tracking.test_tracker import Eye, paint, penn_box, walk


class PreliminaryEye(Eye):
  """Also returns preliminary heatmaps, near whose peaks joints are read."""

  def final_and_preliminary(self, frame, previous):
    final = self.step(frame, previous)
    return final, final


@pytest.mark.parametrize("eye", [Eye, PreliminaryEye])
def test_changes_to_a_pose_do_not_reach_the_tracker(eye):
  joints = walk(12)
  frames = [paint(frame) for frame in joints]
  expected = [pose.copy() for pose in Tracker(eye())(frames, penn_box(joints[0]))]
  for pose, reference in zip(Tracker(eye())(frames, penn_box(joints[0])), expected):
    np.testing.assert_array_equal(pose.keypoints, reference.keypoints)
    np.testing.assert_array_equal(pose.scores, reference.scores)
    pose.keypoints[:] += 40
    pose.scores[:] = 0


def test_changes_to_people_do_not_reach_the_tracker(monkeypatch):
  """Expects people to keep their numbers over a cut, which depends on their last poses."""
  cuts = iter([False] * 10 + [True] + [False] * 10)
  monkeypatch.setattr(CutDetector, "is_cut", lambda detector, frame, period: next(cuts))
  frame = discs.paint([(70, 100, 14), (250, 150, 18), (400, 180, 12)])
  tracker = PeopleTracker(Tracker.from_preset(discs.DiscEye()), 3)
  for _ in range(21):
    people = tracker.update(frame)
    assert sorted(person.track_id for person in people) == [1, 2, 3]
    for person in people:
      person.pose.keypoints[:] = 0


def test_calls_of_a_tracker_take_turns():
  clips = [walk(10), walk(10, step=(-5.0, 0.5), origin=(350.0, 80.0))]
  videos = [([paint(frame) for frame in joints], penn_box(joints[0])) for joints in clips]
  expected = [[pose.keypoints for pose in Tracker(Eye())(*video)] for video in videos]
  tracker = Tracker(Eye())
  for number, poses in enumerate(zip(*(tracker(*video) for video in videos))):
    for pose, reference in zip(poses, expected):
      np.testing.assert_array_equal(pose.keypoints, reference[number])


def test_threads_share_a_model(tmp_path):
  path = tmp_path / "network.tflite"
  path.write_bytes(convert.to_tflite(Framewise(network("body_net"))))
  model = TFLitePoseModel(path, num_threads=1)
  rng = np.random.default_rng(0)
  frames = rng.uniform(0, 255, (4, *model.image_size, 3)).astype(np.float32)
  expected = [model.start(frame) for frame in frames]
  with concurrent.futures.ThreadPoolExecutor(4) as pool:
    results = list(pool.map(model.start, frames[np.arange(400) % 4]))
  for number, result in enumerate(results):
    np.testing.assert_array_equal(result, expected[number % 4])
