"""Tests of times of frames: lags in seconds are the same at every frame rate."""

import numpy as np
import pytest

from ppn_tf.inference.frame_times import (
  PERIOD,
  Clock,
  frames_between_refreshes,
  is_over,
  newest_share,
)
from ppn_tf.inference.moved_heatmaps import MovedHeatmaps
from ppn_tf.inference.present_places import PresentPlaces
from ppn_tf.inference.recurrence import Recurrence
from ppn_tf.runtime.errors import InputError
from tests.inference.test_recurrence import AFFINE, Scripted, crop, single_peak

STRIDE = 4
RATES = (5, 10, 15, 30, 60, 120)


def gaussian(x, y, sigma=14, size=(32, 40)):
  """Returns heatmaps [32, 40, 1] with a peak at a place in crop pixels."""
  rows, columns = np.mgrid[: size[0], : size[1]]
  square = (STRIDE * columns + 1.5 - x) ** 2 + (STRIDE * rows + 1.5 - y) ** 2
  return np.exp(-square / (2 * sigma**2)).astype(np.float32)[..., None]


def about(x, y):
  """Returns the affine of the 160 x 128 crop about a place in frame pixels."""
  return np.array([[1, 0, 79.5 - x], [0, 1, 63.5 - y]], np.float32)


def test_clock_without_times_ticks_thirty_times_a_second():
  clock = Clock()
  assert [clock.tick() for _ in range(3)] == [PERIOD] * 3 == [1 / 30] * 3


def test_numbers_of_frames_between_refreshes():
  """At 30 frames per second, the time of 0.09 s has passed after three frames."""
  numbers = [frames_between_refreshes(seconds) for seconds in (0.0, 0.03, 0.09, 0.12, 1.0)]
  assert numbers == [0, 1, 3, 4, 30]


def test_clock_reads_times():
  clock = Clock()
  periods = [clock.tick(time) for time in (7.0, 7.5, None, 8.0, 8.0, 2.0, 2.25)]
  # One frame without a time, one with the same time again, and a jump back.
  assert periods == pytest.approx([1 / 30, 0.5, 1 / 30, 0.5 - 1 / 30, 1 / 30, 1 / 30, 0.25])


@pytest.mark.parametrize("time", [float("nan"), float("inf")])
def test_times_are_finite(time):
  with pytest.raises(InputError, match=f"time={time}") as caught:
    Clock().tick(time)
  assert "\n" not in str(caught.value)


def test_limits_are_reached_at_the_nearest_frame():
  """Counts frames up to 0.17 s: 5.1 at 30 frames per second, 20.4 at 120, 1.7 at 10."""
  for rate, expected in ((30, 5), (120, 20), (10, 2), (5, 1), (1, 1)):
    reached = [count for count in range(50) if is_over(count / rate, 0.17, 1 / rate)]
    assert reached[0] == expected


def test_running_mean_of_an_even_motion_lags_by_the_same_time():
  for rate in RATES:
    mean = 0.0
    for index in range(40 * rate):
      mean += newest_share(1 / rate, 0.05) * (index / rate - mean)
    assert index / rate - mean == pytest.approx(0.05, rel=1e-3)
  assert newest_share(1 / 30, 0.05) == pytest.approx(0.4)


@pytest.mark.parametrize("rate", RATES)
def test_slow_joints_lag_by_the_same_time(rate):
  """Moves a joint by 3 cells per second.

  By hand, from s = a + (1 - a) d / 1.5 and d s = 3 / rate with a = 20 / (20 + rate), the lag
  d - 3 / rate is 25 ms at 5, 35 at 15, 36 at 30 and 31 at 120 frames per second.
  """
  places, lags = PresentPlaces(), []
  for index in range(rate):
    x = 60.0 + 3 * STRIDE * index / rate
    maps = gaussian(x, 61.5, sigma=8)
    keypoints, _ = places.read(maps, maps, np.eye(2, 3, dtype=np.float32), STRIDE, 1 / rate)
    lags.append((x - keypoints[0, 0]) / (3 * STRIDE))
  assert 0.022 < lags[-1] < 0.038


@pytest.mark.parametrize("rate", RATES)
def test_speed_of_a_crop_lags_by_the_same_time(rate):
  """Accelerates a crop by 600 pixels/s^2: after 50 ms, heatmaps are 30 pixels/s too slow."""
  maps = gaussian(79.5, 63.5)
  moved = MovedHeatmaps(maps, about(0, 0), STRIDE)
  for index in range(1, rate):
    moved.replace(maps, about(300 * (index / rate) ** 2, 0), 1 / rate)
  shifted = moved.move_to(about(300, 0), 1 / rate)
  columns = STRIDE * np.arange(40) + 1.5
  center = (shifted.sum(axis=(0, 2)) * columns).sum() / shifted.sum()
  assert (79.5 - center) * rate == pytest.approx(30, rel=0.1, abs=0.1)


def test_evenly_moving_crop_keeps_heatmaps_at_uneven_times():
  maps = gaussian(70, 50)
  moved = MovedHeatmaps(maps, about(200, 150), STRIDE)
  previous = 0.0
  for time in (0.02, 0.1, 0.12, 0.3, 0.34):
    affine = about(200 + 90 * time, 150 - 40 * time)
    shifted = moved.move_to(affine, time - previous)
    np.testing.assert_allclose(shifted[3:-3, 3:-3], maps[3:-3, 3:-3], atol=1e-5)
    moved.replace(maps, affine, time - previous)
    previous = time


@pytest.mark.parametrize(("period", "column"), [(1 / 30, 3), (0.45, 4)])
def test_recurrence_passes_the_period_on(period, column):
  """Moves a crop by 20 / 3 crop pixels after a frame at rest.

  At 30 frames per second the peak lags by 0.6 of it, one cell; after 0.45 s by 0.1, no cell.
  """
  model = Scripted(single_peak(4, 4), [single_peak(4, 4)] * 3)
  model.steady_crops = True
  recurrence = Recurrence(model)
  recurrence.start(crop(0), AFFINE)
  recurrence.step(crop(0), AFFINE)
  recurrence.step(crop(0), AFFINE - np.array([[0, 0, 20 / 3], [0, 0, 0]], np.float32), period)
  assert model.calls[-1][2].argmax() == 8 * 4 + column
