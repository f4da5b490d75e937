"""Tests of trackers whose HeadNet sees larger crops than the following steps."""

import numpy as np
import pytest

from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.tracker import Tracker
from tests.tracking import discs

PERSON = (200.0, 150.0, 16.0)
BOX = [160.0, 86.0, 240.0, 214.0]  # 128 pixels high


def measure_radius(picture):
  """Returns the radius of the white disc in a frame or crop."""
  return np.sqrt((picture.max(axis=-1) > 130).sum() / np.pi)


RADIUS = measure_radius(discs.paint([PERSON]))  # with the border, larger than 16


class LargeStart(discs.DiscEye):
  """Finds discs; `start` takes crops of 288 pixels with six of them per cell."""

  _start_size = (288, 288)

  def __init__(self, start_margin=2.0):
    super().__init__()
    self.start_margin = start_margin
    self.crops, self.previous = [], []

  def start(self, frame):
    assert frame.shape == (288, 288, 3)
    self.crops.append(frame)
    return self._look_at(frame)

  def _look_at(self, crop):
    """Returns heatmaps of a crop with 1.5 times as many pixels per cell as those of `step`."""
    rows, columns = np.nonzero(crop.max(axis=-1) > 130)
    maps = np.zeros((48, 48, 13), np.float32)
    if len(rows):
      radius = np.sqrt(len(rows) / np.pi)
      center = np.array([columns.mean(), rows.mean()])
      for joint, (x, y) in enumerate(center + discs.SHAPE * radius):
        maps[..., joint] = self.peak * discs.gaussian(x, y, stride=6, sigma=12.0)
    return maps

  def step(self, frame, previous):
    assert frame.shape == (192, 192, 3)
    self.previous.append(previous)
    return super().step(frame, previous)


def test_start_takes_crops_of_its_own_margin():
  model = LargeStart()
  tracker = Tracker.from_preset(model)
  assert (tracker.settings.margin, tracker.settings.look_margin) == (1.25, 2.0)
  tracker.reset(BOX)
  pose = tracker.update(discs.paint([PERSON]))
  np.testing.assert_allclose(pose.keypoints, discs.joints(PERSON), atol=3.5)
  # A square of 2 x 128 pixels is shown by 288.
  (crop,) = model.crops
  assert measure_radius(crop) == pytest.approx(RADIUS * 288 / 256, abs=0.1)
  np.testing.assert_allclose(np.argwhere(crop.max(axis=-1) > 130).mean(axis=0), 143.5, atol=0.7)


def test_heatmaps_of_start_are_moved_into_the_crop_of_step():
  model = LargeStart()
  tracker = Tracker.from_preset(model)
  tracker.reset(BOX)
  tracker.update(discs.paint([PERSON]))
  # `step` sees a square of 1.25 x 128 pixels in 192, whose middle is the disc.
  places = 95.5 + discs.SHAPE * RADIUS * 192 / 160
  inside = np.flatnonzero(((places > 8) & (places < 183)).all(axis=1))
  assert len(inside) > 5
  (previous,) = model.previous
  for joint in inside:
    row, column = np.unravel_index(previous[..., joint].argmax(), (48, 48))
    assert np.hypot(*(np.array([column, row]) * 4 + 1.5 - places[joint])) < 4


def test_search_uses_crops_of_start():
  model = LargeStart()
  tracker = Tracker.from_preset(model)
  frame = discs.paint([PERSON])
  pose = tracker.update(frame)
  assert pose.found
  np.testing.assert_allclose(pose.keypoints, discs.joints(PERSON), atol=3.5)
  assert all(crop.shape == (288, 288, 3) for crop in model.crops)
  # The first look shows the whole frame, 480 pixels wide.
  assert measure_radius(model.crops[0]) == pytest.approx(RADIUS * 288 / 480, abs=0.1)


def test_people_are_searched_with_crops_of_start():
  people = PeopleTracker(Tracker.from_preset(LargeStart()), max_people=2)
  (person,) = people.update(discs.paint([PERSON]))
  np.testing.assert_allclose(person.pose.keypoints, discs.joints(PERSON), atol=3.5)


def test_margin_of_start_follows_the_margin_without_its_own():
  tracker = Tracker.from_preset(discs.DiscEye(), margin=1.5)
  assert tracker.settings.look_margin == 1.5 and tracker.search.has_equal_crops
  tracker = Tracker.from_preset(LargeStart(), margin=1.5)
  assert tracker.settings.look_margin == 2.0 and not tracker.search.has_equal_crops


def test_equal_margins_and_sizes_do_not_move_heatmaps():
  class Recorder(discs.DiscEye):
    start_margin = 1.25

    def step(self, frame, previous):
      self.previous = previous
      self.frame = frame
      return super().step(frame, previous)

  model = Recorder()
  tracker = Tracker.from_preset(model)
  tracker.reset(BOX)
  tracker.update(discs.paint([PERSON]))
  np.testing.assert_array_equal(model.previous, model._look(model.frame))
