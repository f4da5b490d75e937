"""Tests of ppn_tf.inference.recurrence against its equations, with given heatmaps."""

import numpy as np
import pytest

from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.inference.recurrence import Recurrence, unroll
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.tracker import Tracker
from tests.tracking import discs

SIZE, CELLS, STRIDE = 32, 8, 4
# From frame to crop pixels: enlarged by 2, with the origin at (10, 20).
AFFINE = np.array([[2, 0, -20], [0, 2, -40]], np.float32)


def single_peak(column, row, height=1.0):
  """Returns heatmaps [8, 8, 1] with a peak in a single cell."""
  maps = np.zeros((CELLS, CELLS, 1), np.float32)
  maps[row, column] = height
  return maps


def cell_to_frame(column, row):
  """Returns the center of a cell in frame pixels."""
  return [(4 * column + 1.5 + 20) / 2, (4 * row + 1.5 + 40) / 2]


class Scripted(PoseModel):
  """Network that returns given heatmaps in turn, and records its inputs."""

  image_size, heatmap_size, num_joints = (SIZE, SIZE), (CELLS, CELLS), 1

  def __init__(self, initial, finals, preliminaries=()):
    self.initial, self.finals = initial, list(finals)
    self.preliminaries = list(preliminaries)
    self.calls = []

  def start(self, frame):
    self.calls.append(("start", frame))
    return self.initial

  def step(self, frame, previous):
    self.calls.append(("step", frame, previous))
    return self.finals.pop(0)

  def final_and_preliminary(self, frame, previous):
    preliminary = self.preliminaries.pop(0) if self.preliminaries else None
    return self.step(frame, previous), preliminary


def crop(level):
  return np.full((SIZE, SIZE, 3), level, np.float32)


def test_first_frame_passes_twice_and_final_heatmaps_give_the_joints():
  finals = [single_peak(3, 2, 0.7), single_peak(4, 4, 0.6)]
  model = Scripted(single_peak(1, 1), finals)
  recurrence = Recurrence(model)
  assert not recurrence.started
  recurrence.start(crop(1), AFFINE)
  assert recurrence.started
  keypoints, scores = recurrence.step(crop(1), AFFINE)
  np.testing.assert_allclose(keypoints, [cell_to_frame(3, 2)], atol=1e-3)
  np.testing.assert_allclose(scores, [0.7])
  keypoints, scores = recurrence.step(crop(2), AFFINE)
  np.testing.assert_allclose(keypoints, [cell_to_frame(4, 4)], atol=1e-3)
  assert (keypoints.dtype, scores.dtype) == (np.float32, np.float32)
  assert [call[0] for call in model.calls] == ["start", "step", "step"]
  assert [call[1].max() for call in model.calls] == [1, 1, 2]
  np.testing.assert_array_equal(model.calls[1][2], single_peak(1, 1))
  np.testing.assert_array_equal(model.calls[2][2], finals[0])


def test_initial_heatmaps_refresh_the_previous_ones():
  model = Scripted(
    single_peak(1, 1, 0.8), [single_peak(3, 2), single_peak(4, 4), single_peak(5, 5)]
  )
  recurrence = Recurrence(model)
  recurrence.start(crop(1), AFFINE)
  recurrence.step(crop(1), AFFINE)
  recurrence.step(crop(2), AFFINE, 0.2, recurrence.initial(crop(2), AFFINE))
  assert [call[0] for call in model.calls] == ["start", "step", "start", "step"]
  np.testing.assert_array_equal(model.calls[-1][2], single_peak(3, 2, 0.5) + single_peak(1, 1, 0.4))
  # The refreshed heatmaps are not kept: the answer to them is.
  recurrence.step(crop(3), AFFINE)
  np.testing.assert_array_equal(model.calls[-1][2], single_peak(4, 4))


@pytest.mark.parametrize(("steady_crops", "column"), [(False, 4), (True, 3)])
def test_previous_heatmaps_move_only_with_steady_crops(steady_crops, column):
  """Moves a crop by 10 / 3 frame pixels to the right after a frame at rest.

  The mean speed is 0.4 of that jump. The peak lags by 0.6 of it: 2 frame pixels, 4 crop pixels,
  one cell to the left.
  """
  model = Scripted(single_peak(4, 4), [single_peak(4, 4)] * 3)
  model.steady_crops = steady_crops
  recurrence = Recurrence(model)
  recurrence.start(crop(0), AFFINE)
  recurrence.step(crop(0), AFFINE)
  recurrence.step(crop(0), AFFINE - np.array([[0, 0, 20 / 3], [0, 0, 0]], np.float32))
  previous = model.calls[-1][2]
  assert previous.argmax() == 8 * 4 + column


def test_preliminary_heatmaps_correct_positions():
  final = np.maximum(single_peak(3, 3, 1.0), single_peak(4, 3, 0.9))
  recurrence = Recurrence(Scripted(single_peak(3, 3), [final], [single_peak(4, 3)]))
  recurrence.start(crop(0), AFFINE)
  keypoints, scores = recurrence.step(crop(0), AFFINE)
  assert keypoints[0, 0] == pytest.approx(cell_to_frame(4, 3)[0], abs=0.6)
  assert keypoints[0, 0] > cell_to_frame(3.5, 3)[0]
  np.testing.assert_allclose(scores, [1.0])


def test_look_does_not_change_the_state():
  model = Scripted(single_peak(2, 5, 0.8), [single_peak(3, 2), single_peak(4, 4)])
  recurrence = Recurrence(model)
  recurrence.start(crop(0), AFFINE)
  recurrence.step(crop(0), AFFINE)
  keypoints, scores = recurrence.look(crop(9), AFFINE)
  np.testing.assert_allclose(keypoints, [cell_to_frame(2, 5)], atol=1e-3)
  np.testing.assert_allclose(scores, [0.8])
  recurrence.step(crop(0), AFFINE)
  np.testing.assert_array_equal(model.calls[-1][2], single_peak(3, 2))


@pytest.mark.parametrize(("decoder", "shift"), [("argmax", 0.0), ("quarter", 0.25)])
def test_other_decoders(decoder, shift):
  final = np.maximum(single_peak(3, 3, 1.0), single_peak(4, 3, 0.5))
  recurrence = Recurrence(Scripted(single_peak(1, 1), [final]), decoder=decoder)
  recurrence.start(crop(0), AFFINE)
  keypoints, _ = recurrence.step(crop(0), AFFINE)
  np.testing.assert_allclose(keypoints, [cell_to_frame(3 + shift, 3)], atol=1e-4)


def test_step_without_start():
  with pytest.raises(RuntimeError, match="step\\(\\) before start\\(\\)"):
    Recurrence(Scripted(single_peak(1, 1), [])).step(crop(0), AFFINE)


def test_tracker_equals_the_recurrence():
  """Passes the crops of a tracker to a recurrence and compares joints and scores."""
  frames = [discs.paint([(100 + 3 * t, 120, 16)]) for t in range(6)]
  crops = []

  class Recorder(discs.DiscEye):
    def step(self, frame, previous):
      crops.append(frame)
      return super().step(frame, previous)

  poses = list(Tracker(Recorder())(frames, box=[68, 56, 132, 184]))
  recurrence = Recurrence(discs.DiscEye())
  for t, (pose, image) in enumerate(zip(poses, crops)):
    x1, y1, x2, y2 = np.float32(pose.box)
    zoom = 192 / (1.25 * max(x2 - x1, y2 - y1))
    shift = 95.5 - zoom * np.array([x1 + x2, y1 + y2]) / 2
    affine = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]], np.float32)
    if not t:
      recurrence.start(image, affine)
    keypoints, scores = recurrence.step(image, affine)
    np.testing.assert_allclose(pose.keypoints, keypoints, atol=1e-4)
    np.testing.assert_array_equal(pose.scores, np.clip(scores, 0, 1))


def test_start_in_another_crop_of_the_frame():
  """Starts in a crop that shows twice as much: its cells are two of the following step."""
  model = Scripted(single_peak(5, 2), [single_peak(3, 3)])
  model._start_size = (64, 64)
  # As AFFINE, 2 crop pixels per frame pixel, but 8 per cell; the origin is at (6, 16).
  start_affine = np.array([[2, 0, -12], [0, 2, -32]], np.float32)
  recurrence = Recurrence(model)
  recurrence.start(np.zeros((64, 64, 3), np.float32), start_affine, AFFINE)
  recurrence.step(crop(0), AFFINE)
  # Cell (5, 2) is at (43.5, 19.5) in its crop, (27.75, 25.75) in the frame, (35.5, 11.5) in the
  # other crop: cell (8.5, 2.5), half of whose weight is outside.
  previous = model.calls[-1][2][..., 0]
  expected = np.zeros((CELLS, CELLS), np.float32)
  # The distances of cells 7, 2 and 3 from (8.5, 2.5) are 1.5 and 0.5, in cells half as large.
  expected[2:4, 7] = 0.25 * 0.75
  expected[1:5:3, 7] = 0.25 * 0.25
  np.testing.assert_allclose(previous, expected, atol=1e-5)
  keypoints, _ = recurrence.look(np.zeros((64, 64, 3), np.float32), start_affine)
  np.testing.assert_allclose(keypoints, [[27.75, 25.75]], atol=1e-3)


def test_crops_of_step_do_not_start_other_networks():
  model = Scripted(single_peak(1, 1), [])
  model._start_size = (64, 64)
  with pytest.raises(InputError, match="starts with crops of"):
    next(unroll(model, [crop(1)]))


def test_unrolled_heatmaps():
  finals = [single_peak(1, 2), single_peak(2, 2), single_peak(3, 2)]
  model = Scripted(single_peak(0, 2), finals)
  maps = list(unroll(model, [crop(level) for level in (1, 2, 3)]))
  np.testing.assert_array_equal(maps, [single_peak(0, 2), *finals])
  assert [call[1].max() for call in model.calls] == [1, 1, 2, 3]
  for call, previous in zip(model.calls[1:], maps):
    np.testing.assert_array_equal(call[2], previous)
  assert list(unroll(model, [])) == []
