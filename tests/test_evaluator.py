"""The evaluator on a network that finds what is drawn, and score() by hand."""

import numpy as np
import pytest

from ppn_tf.evaluator import ClipResult, Evaluator, score
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.models.ppn import Unrolled

import tensorflow as tf

STRIDE, SIZE, CELLS = 4, (64, 64), (16, 16)
THREE = Skeleton(
  name="three",
  joint_names=("head", "left_shoulder", "right_hip"),
  flip_pairs=(),
  limbs=(),
  torso=(1, 2),
  groups=(("Head", (0,)), ("Torso", (1, 2))),
)


class ColourNet:
  """Joint k is where colour channel k is bright; counts the frames since its start."""

  image_size, heatmap_size, num_joints, stride = SIZE, CELLS, 3, STRIDE

  def unroll(self, clips, state=None, training=False):
    maps = tf.nn.avg_pool3d(clips / 255.0, [1, STRIDE, STRIDE], [1, STRIDE, STRIDE], "VALID")
    if state is not None:
      # What is carried over shows: the maps grow with the first state's peak.
      maps += 10.0 * tf.reduce_max(state, axis=[1, 2, 3], keepdims=True)[:, None]
    return Unrolled(None, maps, None, maps, maps[:, -1])


def blob(affine, keypoints, spread):
  """[H, W, 3] a crop with a Gaussian of `spread` frame pixels at keypoint k in channel k.

  The value at a crop pixel is the Gaussian's at the frame position that it shows.
  """
  y, x = np.mgrid[: SIZE[0], : SIZE[1]]
  inverse = np.linalg.inv(affine[:, :2])
  positions = (np.stack([x, y], -1) - affine[:, 2]) @ inverse.T
  squared = ((positions[:, :, None] - keypoints) ** 2).sum(-1)
  return 255 * np.exp(-squared / (2 * spread**2))


def window(clip, first, valid, scales=(1.0,), spread=20.0):
  """A window of frames of 400 x 400 pixels whose keypoints drift."""
  num_frames = len(valid)
  time = np.arange(first, first + num_frames)
  start = np.array([[150.0, 140.0], [233.0, 171.0], [190.3, 240.7]])
  keypoints = start + time[:, None, None] * np.array([3.1, -2.3])
  center = np.array([200.0, 190.0])
  affines = np.zeros((len(scales), num_frames, 2, 3))
  for n, scale in enumerate(scales):
    zoom = 64 / 256 * scale
    affines[n, :, 0, 0] = affines[n, :, 1, 1] = zoom
    affines[n, ..., 2] = 31.5 - zoom * center
  frames = [[blob(affines[n, t], keypoints[t], spread) for t in range(num_frames)]
            for n in range(len(scales))]  # fmt: skip
  values = {
    "frames": np.float32(frames),
    "affines": np.float32(affines),
    "keypoints": np.float32(keypoints),
    "boxes": np.tile(np.float32([100, 100, 300, 280]), (num_frames, 1)),
  }
  result = {name: tf.constant(value) for name, value in values.items()}
  result["visibility"] = tf.ones([num_frames, 3], tf.bool)
  return {**result, "clip": tf.constant(clip), "valid": tf.constant(valid)}


WINDOWS = (("a", 0, [True, True]), ("a", 2, [True, False]), ("b", 0, [True, True]))


@pytest.mark.parametrize("decoder", ["dark", "argmax"])
def test_it_finds_the_joints_in_frame_pixels(decoder):
  results = list(Evaluator(ColourNet(), decoder=decoder)(window(*one) for one in WINDOWS))
  assert [(result.clip, len(result.predicted)) for result in results] == [("a", 3), ("b", 2)]
  for result in results:
    # A cell is 16 frame pixels.
    limit = 0.6 if decoder == "dark" else 8.0
    assert np.abs(result.predicted - result.keypoints).max() <= limit
    # The second window of clip a starts anew.
    assert result.scores.max() < 1.1
  table = score(results, THREE)
  assert table["pck_body"]["micro"] == table["pck_torso"]["micro"] == 100.0


def test_merging_scales_keeps_the_joints():
  scales = (0.8, 1.0, 1.3)
  windows = [window(*one, scales=scales) for one in WINDOWS]
  for result in Evaluator(ColourNet())(windows):
    assert np.abs(result.predicted - result.keypoints).max() <= 1.0


def test_each_scale_has_its_say():
  """A joint that only the second scale's crop shows is found all the same."""
  one = window("a", 0, [True, True], scales=(1.0, 0.8))
  blinded = one["frames"].numpy()
  blinded[0] = 0
  (result,) = Evaluator(ColourNet())([{**one, "frames": tf.constant(blinded)}])
  assert np.abs(result.predicted - result.keypoints).max() <= 1.5
  assert result.scores.max() < 0.55  # a mean of two


def test_whole_clip_carries_the_state_from_window_to_window():
  windows = [window(*one) for one in WINDOWS]
  first, second = Evaluator(ColourNet(), whole_clip=True)(windows)
  assert first.scores[:2].max() < 1.1 < 5 < first.scores[2].min()
  assert second.scores.max() < 1.1
  assert np.abs(first.predicted - first.keypoints).max() <= 8.0


def test_no_windows_no_results():
  assert list(Evaluator(ColourNet())([])) == []


def result_of(clip, distances, visibility):
  """Labels with a torso of 50 pixels and a box of 100 x 80, missed by so many pixels."""
  distances = np.array(distances, np.float64)
  keypoints = np.tile([[0.0, 0.0], [30.0, 0.0], [0.0, 40.0]], (len(distances), 1, 1))
  return ClipResult(
    clip=clip,
    predicted=keypoints + np.stack([distances, 0 * distances], -1),
    scores=np.ones(distances.shape),
    keypoints=keypoints,
    visibility=np.array(visibility, bool),
    boxes=np.tile([0.0, 0.0, 100.0, 80.0], (len(distances), 1)),
  )


def test_score_by_hand():
  # Right within 10 pixels by the torso, within 20 by the box.
  one = result_of("a", [[5, 15, 25], [9, 11, 5], [5, 5, 30]], [[1, 1, 1], [1, 1, 0], [0, 1, 1]])
  two = result_of("b", [[15, 5, 5]], [[1, 0, 1]])
  table = score([one, two], THREE, num_frames=2)
  assert (table["num_clips"], table["num_frames"], table["alpha"]) == (2, 4, 0.2)
  # By the torso: clip a 1/3, 1/2, 1/2; clip b 1/2. By the box: a 2/3, 2/2, 1/2; b 2/2.
  assert table["pck_torso"]["micro"] == pytest.approx(100 * 4 / 9)
  assert table["pck_body"]["micro"] == pytest.approx(100 * 7 / 9)
  assert table["pck_torso"]["groups"] == pytest.approx({"Head": 200 / 3, "Torso": 200 / 6})
  # Places in windows of 2: frames 0 and 2 of a and 0 of b, then frame 1 of a.
  assert table["per_frame_index"]["pck_torso"] == pytest.approx([100 * 3 / 7, 50.0])
  assert {name: row["pck_torso"] for name, row in table["per_clip"].items()} == pytest.approx(
    {"a": 100 * 3 / 7, "b": 50.0}
  )
  whole = score([one, two], THREE)["per_frame_index"]["pck_torso"]
  assert whole == pytest.approx([100 * 2 / 5, 50.0, 50.0])
