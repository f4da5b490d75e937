"""Tests of ppn_tf.evaluation.reporting.predictions, pictures and unseen on small networks."""

import io

import numpy as np
import pytest
from PIL import Image

from ppn_tf.evaluation.reporting import pictures, unseen
from ppn_tf.evaluation.reporting.moments import Moment
from ppn_tf.evaluation.reporting.predictions import predict
from ppn_tf.keypoints import crops, heatmaps
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.models.pose_net import pose_net
from ppn_tf.models.ppn import PPN, Framewise, Unrolled
from ppn_tf.models.ppu import ppu

import tensorflow as tf

MOMENT = Moment(6, 1, 5, 1.0, "the left wrist, hidden in 1 of the 5 frames")


class Labels:
  """Predicts the heatmaps of given keypoints, like a perfect network."""

  image_size, heatmap_size, stride, num_joints = (128, 128), (32, 32), 4, 13

  def __init__(self, keypoints):
    self.keypoints = keypoints

  def unroll(self, clips):
    maps = heatmaps.encode(self.keypoints, self.heatmap_size, self.stride)[None]
    return Unrolled(None, maps, None, maps, maps[:, -1])


@pytest.fixture(name="ppn", scope="module")
def fixture_ppn():
  """Returns a PPN with random weights whose heatmaps are far from zero."""
  tf.keras.utils.set_random_seed(0)
  nets = [pose_net("mobilenet_v2_0.35", (64, 64), 13, name=name) for name in ("head", "body")]
  unit = ppu((16, 16), 13, None, 1, (1,))
  model = PPN(*nets, unit)
  for network in (*nets, unit):
    network.set_weights([w + 0.03 * np.random.normal(size=w.shape) for w in network.get_weights()])
  return model


def in_crop(stretch, size=(128, 128)):
  affines = crops.crop_affine(*crops.box_to_crop(stretch.boxes), size)
  return crops.transform_points(affines, stretch.keypoints)


def pixels(picture):
  return np.asarray(Image.open(io.BytesIO(picture.data))).astype(int)


def test_predictions_are_in_frame_pixels(stretch):
  predictions = predict(Labels(in_crop(stretch)), stretch)
  np.testing.assert_allclose(predictions.keypoints, stretch.keypoints, atol=0.3)
  assert predictions.initial is None


def test_box_margin_scales_the_crops(stretch):
  narrow, wide = (predict(Labels(in_crop(stretch)), stretch, margin) for margin in (1.0, 2.0))
  np.testing.assert_allclose(narrow.affines[..., 0, 0], 2 * wide.affines[..., 0, 0], rtol=1e-5)


def test_predictions_follow_the_recurrence(ppn, stretch):
  predictions = predict(ppn, stretch)
  previous = ppn.start(predictions.crops[:1])
  np.testing.assert_allclose(predictions.initial[None], previous, atol=1e-5)
  for crop, final in zip(predictions.crops, predictions.final):
    previous = ppn.step(crop[None], previous)
    np.testing.assert_allclose(final[None], previous, atol=1e-4)
  assert np.std(predictions.final) > 1e-3


def test_preliminary_and_propagated_heatmaps_add_up(ppn, stretch):
  predictions = predict(ppn, stretch)
  np.testing.assert_allclose(
    predictions.preliminary + predictions.propagated, predictions.final, atol=1e-4
  )
  assert np.abs(predictions.propagated).max() > 1e-3


def count_magenta(picture):
  red, green, blue = (pixels(picture)[..., channel] for channel in range(3))
  return int(np.sum((red > 200) & (green < 90) & (blue > 130)))


def test_strip_circles_missed_joints(stretch):
  stretch.frames[:] = 60
  right = predict(Labels(in_crop(stretch)), stretch)
  moved = in_crop(stretch).numpy()
  moved[:, 2] += 60
  wrong = predict(Labels(moved), stretch)
  strips = [
    pictures.skeleton_strip(stretch, predictions.keypoints, [0, 2, 3], PENN_ACTION, "ppn")
    for predictions in (right, wrong)
  ]
  assert [strip.width for strip in strips] == [3 * 240 + 2 * 4] * 2
  assert strips[0].alt.endswith(
    "that ppn predicts over the labeled one: 38 of 38 visible joints correct."
  )
  assert strips[1].alt.endswith("35 of 38 visible joints correct.")
  # JPEG compression changes a pixel or two.
  assert count_magenta(strips[0]) < 5 and count_magenta(strips[1]) > 200


def test_heatmap_rows_share_a_scale(stretch):
  predictions = predict(Labels(in_crop(stretch)), stretch)
  maps = np.stack([part * predictions.final[1:, ..., 6] for part in (0.5, 0.5, 1.0)])
  rows = dict(pictures.heatmap_rows(stretch, predictions, MOMENT, maps, "left wrist"))
  assert list(rows) == ["Frame", "BodyNet", "PPU", "Final"]
  brightest = {name: pixels(row)[:, :, 0].max() for name, row in rows.items()}
  assert brightest["Final"] > 240
  tile = pixels(rows["Final"])[:, 2 * 190 : 2 * 190 + 186]  # hidden, so no cross
  half = pixels(rows["BodyNet"])[:, 2 * 190 : 2 * 190 + 186]
  assert half.max() < 215 < tile[..., 0].max()
  # The peak is at the joint, marked or not.
  row, column = np.unravel_index(tile.sum(-1).argmax(), tile.shape[:2])
  expected = (in_crop(stretch).numpy()[3, 6] + 0.5) * 186 / 128 - 0.5
  np.testing.assert_allclose([column, row], expected, atol=6)


def test_cross_marks_only_visible_labels(stretch):
  predictions = predict(Labels(in_crop(stretch)), stretch)
  dark = np.zeros((3, 5, 32, 32), np.float32)
  rows = pictures.heatmap_rows(stretch, predictions, MOMENT, dark, "left wrist")
  final = pixels(rows[-1][1])
  lit = [final[:, n * 190 : n * 190 + 186].max() > 200 for n in range(5)]
  assert lit == [True, True, False, True, True]


def test_missing_joints_are_circled_at_the_label(stretch):
  stretch.frames[:] = 60
  keypoints = stretch.keypoints.copy()
  keypoints[0, 2] = np.nan
  strip = pictures.skeleton_strip(stretch, keypoints, [0], PENN_ACTION, "ppn")
  assert strip.alt.endswith("12 of 13 visible joints correct.")
  red, green, blue = (pixels(strip)[..., channel] for channel in range(3))
  y, x = np.nonzero((red > 200) & (green < 90) & (blue > 130))
  box = stretch.boxes[0]
  # The side of the tile is 1.25 times the longer side of the box.
  zoom = 240 / (1.25 * (box[2:] - box[:2]).max())
  place = (stretch.keypoints[0, 2] - (box[2:] + box[:2]) / 2) * zoom + 119.5
  np.testing.assert_allclose([x.mean(), y.mean()], place, atol=1.5)
  assert np.ptp(x) < 16 and np.ptp(y) < 16


def test_threshold_decides_which_joints_are_missed(stretch):
  keypoints = stretch.keypoints.copy()
  torso = np.linalg.norm(stretch.keypoints[0, 2] - stretch.keypoints[0, 7])
  keypoints[0, 12, 0] += 0.3 * torso
  for alpha, right in ((0.2, 12), (0.4, 13)):
    strip = pictures.skeleton_strip(stretch, keypoints, [0], PENN_ACTION, "ppn", alpha)
    assert strip.alt.endswith(f"{right} of 13 visible joints correct.")


def test_strips(ppn, stretch):
  candidates = [
    unseen.Candidate("framewise", Framewise(ppn.body_net), 1.25),
    unseen.Candidate("ppn", ppn, 1.25),
  ]
  calm = Moment(5, 0, 5, 0.1, "the right wrist, where it moves fastest")
  strips = unseen.draw_strips(candidates, [(stretch, MOMENT), (stretch, calm)], PENN_ACTION)
  assert len(strips) == 2 and [name for name, _ in strips[0].rows] == ["framewise", "ppn"]
  assert strips[0].frames == "8, 10, 11, 13"  # counted from 1, in an excerpt from index 7


def test_heatmaps_of_the_most_interesting_moment(ppn, stretch):
  calm = Moment(5, 0, 5, 0.1, "the right wrist, where it moves fastest")
  candidate = unseen.Candidate("ppn", ppn, 1.25)
  shown = unseen.draw_heatmaps(candidate, [(stretch, calm), (stretch, MOMENT)], PENN_ACTION)
  assert (shown.run, shown.clip, shown.frames) == ("ppn", "0502", "9 to 13")
  assert shown.skip_connection and shown.reason == MOMENT.reason
  assert unseen.draw_heatmaps(candidate, [], PENN_ACTION) is None
