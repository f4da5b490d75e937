"""Tests of benchmarks.bulk with a drawn video."""

import types

import numpy as np
import pytest

from benchmarks import bulk
from ppn_tf.evaluation.tables import to_text
from ppn_tf.tracking.bulk.fingerprints import hash_video
from ppn_tf.tracking.video.sources import open_source
from tests.benchmarks.test_tracking import write_gray


def test_copies_have_the_same_pictures_and_different_contents(tmp_path, monkeypatch):
  write_gray(tmp_path / "video.mp4", [40, 200, 90])
  monkeypatch.setattr(bulk, "FLAGS", types.SimpleNamespace(height=96, num_frames=3))
  (tmp_path / "copies").mkdir()
  paths = bulk.write_copies(str(tmp_path / "video.mp4"), tmp_path / "copies", 3)
  assert len({hash_video(path) for path in paths}) == 3
  pictures = [[frame.image for frame in open_source(path)] for path in paths]
  assert len(pictures[0]) == 3
  np.testing.assert_array_equal(pictures[0], pictures[2])


def test_steps_have_figures(tmp_path):
  pytest.importorskip("pyarrow")
  write_gray(tmp_path / "video.mp4", [40, 200, 90])
  steps = bulk.measure_steps(tmp_path / "video.mp4", tmp_path)
  assert all(value > 0 for value in steps.values())
  assert steps["  network, ms per frame"] < steps["track, ms per frame"]
  size = (tmp_path / "video.mp4").stat().st_size
  assert steps["video, bytes per frame"] == pytest.approx(size / 3)


def test_table_has_all_runs():
  text = to_text(bulk.make_table({"2 workers": bulk.Rates(61.26, 722.4, 31.04, 1.234, 2.5e8)}))
  for number in ("61.3", "722", "31.0", "1.23", "250"):
    assert number in text
