"""Tests of the scores at several frame rates, with a tracker whose errors are known."""

import numpy as np
import pytest

from benchmarks import frame_rates
from ppn_tf.clips.labels import ClipLabels
from ppn_tf.keypoints.poses import Pose
from ppn_tf.keypoints.skeletons import COCO, PENN_ACTION


def test_every_step_th_frame_is_chosen_from_each_first_frame():
  chosen = frame_rates.choose_frames(13, 3)
  assert [list(frames) for frames in chosen] == [[0, 3, 6, 9, 12], [1, 4, 7, 10], [2, 5, 8, 11]]
  assert [len(frames) for frames in frame_rates.choose_frames(23, 6)] == [4, 4, 4]
  assert not frame_rates.choose_frames(18, 6)  # three frames are too few


class Recorder:
  """Tracker that finds every joint at the brightness of the frame; records its calls."""

  skeleton = COCO

  def __init__(self):
    self.boxes, self.times = [], []

  def reset(self, box):
    self.boxes.append(box[0])

  def update(self, frame, time):
    self.times.append(time)
    keypoints = np.full((17, 2), frame.mean(), np.float32)
    return Pose(keypoints, np.ones(17, np.float32), COCO.joint_names, (0, 0, 1, 1), True)


def test_labels_and_predictions_are_of_the_same_frames():
  numbers = np.arange(8, dtype=np.float32)
  labels = ClipLabels(
    "walk", "", np.tile(numbers[:, None, None], (1, 13, 2)), np.ones((8, 13), bool),
    np.tile(numbers[:, None], (1, 4)), (4, 4),
  )  # fmt: skip
  frames = np.tile(numbers.astype(np.uint8)[:, None, None, None], (1, 4, 4, 3))
  tracker = Recorder()
  pairs = list(frame_rates.track(tracker, frames, labels, step=2))
  assert tracker.boxes == [0, 1]
  assert tracker.times == pytest.approx([0, 2 / 30, 4 / 30, 6 / 30, 1 / 30, 3 / 30, 5 / 30, 7 / 30])
  assert [predicted.clip for _, predicted in pairs] == ["walk from 0", "walk from 1"]
  for (of_frames, predicted), expected in zip(pairs, ([2, 4, 6], [3, 5, 7])):
    assert of_frames.keypoints[:, 0, 0].tolist() == expected
    assert predicted.keypoints[:, 0, 0].tolist() == expected
    assert len(of_frames.visibility) == len(of_frames.boxes) == 3


def test_trackers_are_measured_on_the_joints_that_both_have(tiny_dataset, monkeypatch):
  """Labels have 13 joints of which COCO, with 17, has all."""
  seen = []
  measure = frame_rates.people_measures.measure

  def observe(pair, skeleton):
    seen.append((pair[0].keypoints.shape[1], pair[1].joint_names, skeleton.joint_names))
    return measure(pair, skeleton)

  monkeypatch.setattr(frame_rates.people_measures, "measure", observe)
  measures = frame_rates.measure_set({"0.06": Recorder(), "never": Recorder()}, tiny_dataset)
  assert set(measures) == {(step, name) for step in (1, 2, 3, 6) for name in ("0.06", "never")}
  assert set(seen) == {(13, PENN_ACTION.joint_names, PENN_ACTION.joint_names)}
  assert set(measures[1, "never"]) == set(measures[1, "0.06"]) != set()
  assert all(name.endswith(" from 0") for name in measures[1, "never"])
