"""Tests of the mean time of a frame."""

import pathlib

import numpy as np
import pytest

from ppn_tf.inference.tflite import timing
from ppn_tf.inference.tflite.metadata import add_description
from ppn_tf.keypoints import skeletons

MILLISECONDS = {"start": 30.0, "step": 12.0, timing.WHOLE: 7.0}


def write(path: pathlib.Path, **fields: float) -> str:
  path.write_bytes(b"")
  frame = {"size": [64, 64], "box_margin": 1.25}
  add_description(path, {"frame": frame, "skeleton": skeletons.to_dict(skeletons.COCO), **fields})
  return str(path)


@pytest.mark.parametrize(
  ("refresh_after", "expected"), [(0.09, 12 + 30 / 3), (0.12, 12 + 30 / 4), (0.0, 12)]
)
def test_looks_of_head_net_are_spread_over_frames(tmp_path, monkeypatch, refresh_after, expected):
  def take(paths, runtime, threads, turns, frames_alone):
    assert frames_alone
    calls = {"ours.tflite": ("start", "step"), "other.tflite": (timing.WHOLE,)}
    return [
      timing.Timed(path.name, call, runtime, threads, np.full(turns, MILLISECONDS[call] / 1e3))
      for path in paths
      for call in calls[path.name]
    ]

  monkeypatch.setattr(timing, "time_all", take)
  ours = write(tmp_path / "ours.tflite", refresh_after=refresh_after)
  times = timing.frame_times({"ours": ours, "other": str(tmp_path / "other.tflite")}, 3)
  assert times["ours"]["milliseconds"] == pytest.approx(expected)
  assert (times["other"]["milliseconds"], times["other"]["turns"]) == (pytest.approx(7.0), 3)
