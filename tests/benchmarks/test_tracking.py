"""Tests of benchmarks.tracking with drawn videos."""

import time

import numpy as np

from benchmarks import tracking, tracking_stages
from ppn_tf.evaluation.tables import to_text
from ppn_tf.tracking.output.overlay import OverlayPainter
from ppn_tf.tracking.video.sources import open_source
from ppn_tf.tracking.video.writer import write_video


def write_gray(path, levels, size=(60, 90)):
  with write_video(path, 10.0) as writer:
    for number, level in enumerate(levels):
      writer.write(np.full((*size, 3), level, np.uint8), number / 10)


def test_copy_has_the_picture_side_by_side(tmp_path):
  write_gray(tmp_path / "video.mp4", [200] * 5)
  count = tracking.write_copy(str(tmp_path / "video.mp4"), tmp_path / "copy.mp4", 96, 3, 4)
  frames = [frame.image for frame in open_source(tmp_path / "copy.mp4")]
  assert count == len(frames) == 4 and frames[0].shape == (96, 170, 3)
  row = frames[0][48, :, 0] > 100
  # Three pictures of 56 columns, at most two black ones between them.
  assert row.sum() >= 3 * 54 and np.abs(row[:85].sum() - row[85:].sum()) <= 2
  assert not (frames[0][4] > 60).any()


def test_processor_time_is_counted_in_its_stage(monkeypatch):
  def paint(self, *args):
    begin = time.thread_time()
    while time.thread_time() - begin < 0.02:
      pass

  monkeypatch.setattr(OverlayPainter, "paint", paint)
  with tracking_stages.timed_stages() as seconds:
    OverlayPainter.paint(None)
    OverlayPainter.paint(None)
  assert 0.04 <= seconds.pop("paint") < 0.1
  assert not any(seconds.values())
  assert OverlayPainter.paint is paint


def test_table_has_all_runs():
  runs = {"480p, 1 person": tracking.Run(61.26, 31.04, 1.234, 250_400_000)}
  text = to_text(tracking.make_table(runs))
  assert "480p, 1 person" in text and "first frame, s" in text
  for number in ("61.3", "31.0", "1.23", "250"):
    assert number in text
