"""Tests of ppn_tf.tracking.video.timestamps on timestamps made by hand."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from ppn_tf.tracking.video.timestamps import FrameClock, Timeline

BASE = Fraction(1, 100)


def container(name="matroska,webm"):
  return SimpleNamespace(format=SimpleNamespace(name=name))


def stamped(pts, dts=None):
  return SimpleNamespace(pts=pts, dts=dts, time_base=BASE)


def told(stamps, seconds=0.1):
  clock = FrameClock(container(), "h264", seconds)
  return [clock.tell(stamped(stamp)) for stamp in stamps]


@pytest.mark.parametrize(
  ("stamps", "expected"),
  [
    ([50, 60, 70], [0, 0.1, 0.2]),
    ([0, 10, 45, 50], [0, 0.1, 0.45, 0.5]),  # a variable rate
    ([0, 0, 20, 20, 40, 40], [0, 0.1, 0.2, 0.3, 0.4, 0.5]),  # doubled
    ([0, 20, 10, 30], [0, 0.2, 0.201, 0.3]),  # back by a frame
    ([None, None, None], [0, 0.1, 0.2]),
    ([None, 20, 30], [0, 0.1, 0.2]),
    ([0, None, 20], [0, 0.1, 0.2]),
  ],
)
def test_times_of_frames(stamps, expected):
  numbers, times = zip(*told(stamps))
  assert numbers == tuple(range(len(stamps)))
  np.testing.assert_allclose(times, expected, atol=1e-9)


def test_fast_frames_do_not_drift():
  """At ten times the mean rate, with a repeated time, frames stay within one mean period."""
  stamps = [0, 0, *range(1, 200)]
  times = [time for _, time in told(stamps)]
  assert (np.diff(times) > 0).all()
  assert np.abs(np.array(times) - np.array(stamps) / 100).max() <= 0.1 + 1e-9


@pytest.mark.parametrize("num_ahead", [0, 2])
def test_lost_frames_count(num_ahead):
  """The decoder may report damage when it has taken further packets."""
  clock = FrameClock(container(), "h264", 0.1)
  stamps, damaged = [0, 30, 10, 20, 60, 40, 50, 70], (20, 50)
  numbers = {}
  for index, stamp in enumerate([*stamps, None, None]):
    late = stamps[index - num_ahead] if 0 <= index - num_ahead < len(stamps) else None
    clock.send(stamped(stamp), is_damaged=late in damaged)
  for stamp in sorted(set(stamps) - set(damaged)):
    numbers[stamp] = clock.tell(stamped(stamp))[0]
  assert numbers == {stamp: stamp // 10 for stamp in (0, 10, 30, 40, 60, 70)}


def test_fields_in_packets_of_their_own_do_not_count():
  clock = FrameClock(container(), "h264", 0.1)
  for stamp in (0, 5, 10, 15, 20, 25):
    clock.send(stamped(stamp))
  assert [clock.tell(stamped(stamp))[0] for stamp in (0, 10, 20)] == [0, 1, 2]


def test_parts_follow_each_other():
  timeline = Timeline(container("mpegts"), 0.1)
  stamps = [(10, 0), (20, 10), (30, 20), (10, 0), (20, 10), (5000, 4990), (5010, 5000)]
  packets = [stamped(*stamp) for stamp in stamps]
  assert [timeline.advance(packet) for packet in packets] == [
    *(False, False, False, True, False, True, False)
  ]
  assert [packet.dts for packet in packets] == [0, 10, 20, 30, 40, 50, 60]
  assert [packet.pts for packet in packets] == [10, 20, 30, 40, 50, 60, 70]


def test_gap_in_another_format_stays():
  timeline = Timeline(container(), 0.1)
  packets = [stamped(0), stamped(10), stamped(90000)]
  assert not any(timeline.advance(packet) for packet in packets)
  assert packets[-1].pts == 90000
