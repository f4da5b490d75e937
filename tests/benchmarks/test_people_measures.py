"""Tests of fine measures of joints, on clips whose measures follow by hand."""

import numpy as np
import pytest

from benchmarks import people_measures
from ppn_tf.clips.labels import ClipLabels
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import Skeleton

NAMES = ("left_shoulder", "right_hip", "left_wrist", "left_knee")
SKELETON = Skeleton("four", NAMES, limbs=((0, 1),), flip_pairs=(), torso=(0, 1), groups=())
TORSO = 50.0


def make_pair(num_frames=40, lag=0.0, errors=(0, 0, 0, 0), motion=20.0):
  """Returns labels that swing along x, and predictions that lag and are off along y."""

  def swing(times):
    x = 100 + motion * np.sin(times / 3)
    y = np.array([10.0, 10.0 + TORSO, 30.0, 90.0])
    return np.stack([np.tile(x[:, None], (1, 4)), np.tile(y, (len(times), 1))], axis=-1)

  times = np.arange(num_frames)
  shape = (num_frames, 4)
  labels = ClipLabels(
    "clip", "", swing(times), np.ones(shape, bool), np.zeros((num_frames, 4)), (200, 200)
  )
  keypoints = swing(times - lag)
  keypoints[..., 1] += np.array(errors) * TORSO
  return labels, ClipPredictions("clip", NAMES, keypoints, np.ones(shape))


def test_thresholds_are_in_torsos_and_fine_ones_leave_out_hips():
  measured = people_measures.measure(make_pair(errors=(0.04, 0.3, 0.09, 0.19)), SKELETON)
  assert measured.pck == pytest.approx({0.2: 75, 0.1: 100 * 2 / 3, 0.05: 100 / 3})
  assert measured.median == pytest.approx(0.09)


@pytest.mark.parametrize("lag", [-0.5, 0.0, 0.3, 1.5])
def test_lag_is_found_in_spite_of_constant_errors(lag):
  measures = [
    people_measures.measure(make_pair(lag=lag, errors=(0.1, 0, 0.2, 0)), SKELETON),
    people_measures.measure(make_pair(lag=lag, motion=10.0), SKELETON),
    people_measures.measure(make_pair(motion=0.0), SKELETON),  # shows no lag
  ]
  assert people_measures.lag(measures) == pytest.approx(lag, abs=0.11)
  assert np.isnan(people_measures.lag(measures[2:]))


def test_jitter_is_the_acceleration_in_percent_of_the_torso():
  labels, predictions = make_pair(motion=0.0)
  predictions.keypoints[::2, :, 0] += 1.0  # each acceleration is 2 pixels
  measured = people_measures.measure((labels, predictions), SKELETON)
  assert measured.jitter == pytest.approx(100 * 2 / TORSO)


def test_summary_has_means_over_clips_and_intervals():
  clips = {
    name: people_measures.measure(make_pair(errors=(error, 0, 0, 0)), SKELETON)
    for name, error in (("a", 0.0), ("b", 0.12))
  }
  summary = people_measures.summarize(clips)
  assert summary["num_clips"] == 2
  assert summary["pck@0.2"] == 100 and summary["pck@0.1"] == pytest.approx((100 + 200 / 3) / 2)
  low, high = summary["intervals"]["pck@0.1"]
  assert low == pytest.approx(200 / 3) and high == pytest.approx(100)
  assert summary["median"] == 0


def test_interval_of_many_clips_is_that_of_the_normal_distribution():
  values = np.random.default_rng(1).normal(70, 10, 400)
  low, high = people_measures.bootstrap(values)
  half = 1.96 * values.std() / 20
  assert low == pytest.approx(values.mean() - half, abs=0.1)
  assert high == pytest.approx(values.mean() + half, abs=0.1)
