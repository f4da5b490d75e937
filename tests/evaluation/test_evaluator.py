"""Tests of the evaluator with a network that detects drawn joints."""

import dataclasses

import numpy as np
import pytest

from ppn_tf.evaluation.evaluator import Evaluator
from ppn_tf.models.ppn import Unrolled
from tests.three_joints import THREE

import tensorflow as tf

STRIDE, SIZE, CELLS = 4, (64, 64), (16, 16)


class ColourNet:
  """Network that finds joint k where color channel k is bright, and adds the peak of its state."""

  image_size, heatmap_size, num_joints, stride = SIZE, CELLS, 3, STRIDE

  def unroll(self, clips, state=None, training=False):
    maps = tf.nn.avg_pool3d(clips / 255.0, [1, STRIDE, STRIDE], [1, STRIDE, STRIDE], "VALID")
    if state is not None:
      # Propagation is visible, because heatmaps grow with the peak of the state.
      maps += 10.0 * tf.reduce_max(state, axis=[1, 2, 3], keepdims=True)[:, None]
    return Unrolled(None, maps, None, maps, maps[:, -1])


def blob(affine, keypoints, spread):
  """Returns a crop [H, W, 3] with a Gaussian, in frame pixels, at keypoint k in channel k.

  A crop pixel has the value of the Gaussian at its position in the frame.
  """
  y, x = np.mgrid[: SIZE[0], : SIZE[1]]
  inverse = np.linalg.inv(affine[:, :2])
  positions = (np.stack([x, y], -1) - affine[:, 2]) @ inverse.T
  squared = ((positions[:, :, None] - keypoints) ** 2).sum(-1)
  return 255 * np.exp(-squared / (2 * spread**2))


def keypoints_at(time):
  """Returns joints [T, K, 2] in frames `time` [T] of any clip."""
  start = np.array([[150.0, 140.0], [233.0, 171.0], [190.3, 240.7]])
  return start + np.asarray(time)[:, None, None] * np.array([3.1, -2.3])


def error(predictions):
  """Returns the largest error of predictions along an axis, in frame pixels."""
  return np.abs(predictions.keypoints - keypoints_at(range(len(predictions.keypoints)))).max()


def window(clip, first, valid, scales=(1.0,), spread=20.0):
  """Returns a window of 400 x 400 pixels with moving keypoints."""
  num_frames = len(valid)
  keypoints = keypoints_at(np.arange(first, first + num_frames))
  center = np.array([200.0, 190.0])
  affines = np.zeros((len(scales), num_frames, 2, 3))
  for n, scale in enumerate(scales):
    zoom = 64 / 256 * scale
    affines[n, :, 0, 0] = affines[n, :, 1, 1] = zoom
    affines[n, ..., 2] = 31.5 - zoom * center
  frames = [[blob(affines[n, t], keypoints[t], spread) for t in range(num_frames)]
            for n in range(len(scales))]  # fmt: skip
  return {
    "frames": tf.constant(np.float32(frames)),
    "affines": tf.constant(np.float32(affines)),
    "image_size": tf.constant([400, 400]),
    "clip": tf.constant(clip),
    "valid": tf.constant(valid),
  }


WINDOWS = (("a", 0, [True, True]), ("a", 2, [True, False]), ("b", 0, [True, True]))


@pytest.mark.parametrize(("decoder", "limit"), [("frame", 8.0), ("dark", 0.6), ("argmax", 8.0)])
def test_joints_are_in_frame_pixels(decoder, limit):
  evaluator = Evaluator(ColourNet(), THREE, decoder=decoder)
  results = list(evaluator(window(*arguments) for arguments in WINDOWS))
  assert [(result.clip, len(result.keypoints)) for result in results] == [("a", 3), ("b", 2)]
  for result in results:
    # A cell is 16 frame pixels.
    assert error(result) <= limit
    # The second window of clip a restarts the recurrence.
    assert result.scores.max() < 1.1
    assert result.joint_names == THREE.joint_names


@pytest.mark.parametrize(("decoder", "limit"), [("frame", 6.2), ("dark", 1.0)])
def test_merged_scales_keep_joint_positions(decoder, limit):
  # Half a cell of the finest crop is 6.2 frame pixels.
  windows = [window(*arguments, scales=(0.8, 1.0, 1.3)) for arguments in WINDOWS]
  for result in Evaluator(ColourNet(), THREE, decoder=decoder)(windows):
    assert error(result) <= limit


@pytest.mark.parametrize(("decoder", "limit"), [("frame", 10.0), ("dark", 1.5)])
def test_each_scale_contributes(decoder, limit):
  """Uses joints that only the crop of the second scale shows."""
  example = window("a", 0, [True, True], scales=(1.0, 0.8))
  blinded = example["frames"].numpy()
  blinded[0] = 0
  evaluator = Evaluator(ColourNet(), THREE, decoder=decoder)
  (result,) = evaluator([{**example, "frames": tf.constant(blinded)}])
  assert error(result) <= limit
  assert result.scores.max() < 0.55  # mean of two scales


def test_whole_clip_carries_the_state_across_windows():
  windows = [window(*arguments) for arguments in WINDOWS]
  evaluator = Evaluator(ColourNet(), THREE, decoder="dark", whole_clip=True)
  first, second = evaluator(windows)
  assert first.scores[:2].max() < 1.1 < 5 < first.scores[2].min()
  assert second.scores.max() < 1.1
  assert error(first) <= 8.0


class OneEyed(ColourNet):
  """Network that finds joint 0 only in the left half, and joint 1 only in the right half."""

  def unroll(self, clips, state=None, training=False):
    maps = super().unroll(clips, state, training).final.numpy()
    maps[:, :, :, 8:, 0] = 0
    maps[:, :, :, :8, 1] = 0
    return Unrolled(None, tf.constant(maps), None, tf.constant(maps), None)


@pytest.mark.parametrize("decoder", ["frame", "dark"])
def test_flip_swaps_sides_of_the_mirror_image(decoder):
  """Mirrors a pair of joints, so that the mirror image shows joint 0 as joint 1."""
  pair = dataclasses.replace(THREE, flip_pairs=((0, 1),))
  example = window("a", 0, [True, True])
  # Both joints of the pair look the same, like left and right hands.
  frames = example["frames"].numpy()
  frames[..., :2] = frames[..., :2].max(axis=-1, keepdims=True)
  example["frames"] = tf.constant(frames)
  evaluator = Evaluator(OneEyed(), pair, decoder=decoder, flip=True)
  tf.config.run_functions_eagerly(True)
  try:
    (result,) = evaluator([example])
  finally:
    tf.config.run_functions_eagerly(False)
  assert error(result) <= (8.0 if decoder == "frame" else 0.6)


def test_flip_is_exact_for_a_symmetric_network():
  """Checks that flipping does not move joints, not even by half a cell."""
  example = window("a", 0, [True, True])
  plain, flipped = (
    next(Evaluator(ColourNet(), THREE, decoder="dark", flip=flip)([example]))
    for flip in (False, True)
  )
  np.testing.assert_allclose(flipped.keypoints, plain.keypoints, atol=1e-3)
  np.testing.assert_allclose(flipped.scores, plain.scores, atol=1e-5)


def test_without_windows():
  assert list(Evaluator(ColourNet(), THREE)([])) == []
