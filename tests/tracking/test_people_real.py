"""Tests of the packaged network on real videos, without an initial box."""

import pathlib

import numpy as np
import pytest
import scipy.io

from ppn_tf import Tracker
from ppn_tf.keypoints.joint_maps import to_skeleton
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.tracking.video.reader import VideoFile

DATA = pathlib.Path(__file__).parents[3] / "shared" / "data"


def find_shared(*parts):
  path = DATA.joinpath(*parts)
  if not path.exists():
    pytest.skip(f"{path} does not exist")
  return path


@pytest.fixture(name="tracker", scope="module")
def fixture_tracker():
  return Tracker.from_preset("people")


def test_bowler_is_followed(tracker):
  """Counts joints within a fifth of the longer side of the labeled box, as in PCK-body."""
  video = VideoFile(find_shared("penn_action", "0502.mp4"))
  labels = scipy.io.loadmat(find_shared("penn_action", "0502.mat"))
  places = np.stack([labels["x"], labels["y"]], axis=-1) - 1.0
  visible = labels["visibility"].astype(bool)
  poses = list(tracker(frame.image for frame in video))
  assert len(poses) == len(places) == 58
  keypoints = np.stack([pose.keypoints for pose in poses])
  scores = np.stack([pose.scores for pose in poses])
  predictions = ClipPredictions("0502", tracker.skeleton.joint_names, keypoints, scores)
  distances = np.linalg.norm(to_skeleton(predictions, PENN_ACTION).keypoints - places, axis=-1)
  x1, y1, x2, y2 = labels["bbox"].astype(float).T
  correct = distances <= 0.2 * np.maximum(x2 - x1, y2 - y1)[:, None]
  assert correct[visible].mean() > 0.8
  assert all(pose.found for pose in poses)


@pytest.mark.parametrize("name", ["hybrik_taiji.mp4", "tfjs_squats.mp4"])
def test_people_are_found_without_a_box(tracker, name):
  """Compares with visually checked joints of a teacher, within a fifth of their extent."""
  path = find_shared("videos", "permissive", name)
  teacher = np.load(path.parent / "teacher" / f"{path.stem}.npz")
  frames = [frame.image for _, frame in zip(range(40), VideoFile(path))]
  poses = list(tracker(frames))
  correct = []
  for pose, keypoints, confidence in zip(poses, teacher["kp"], teacher["conf"]):
    confident = confidence > 0.5
    extent = np.ptp(keypoints[confident], axis=0).max()
    correct += list(np.linalg.norm(pose.keypoints - keypoints, axis=-1)[confident] <= 0.2 * extent)
  assert np.mean(correct) > 0.9
