"""Tests of the memory of a long video, with small frames."""

import pytest

from benchmarks import long_video


def test_memory_and_threads_stay(monkeypatch):
  monkeypatch.setattr(long_video, "RATE", 5)
  rows = list(long_video.measure(minutes=3, height=90))
  assert [row.minute for row in rows] == [1, 2, 3]
  assert [row.num_frames for row in rows] == [300, 600, 900]
  assert rows[2].memory == pytest.approx(rows[0].memory, abs=20e6)
  assert rows[2].num_threads == rows[0].num_threads
