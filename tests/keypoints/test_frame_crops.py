"""Tests of crops of single frames against ppn_tf.keypoints.crops in TensorFlow."""

import numpy as np
import pytest

from ppn_tf.keypoints import crops, frame_crops
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

BOXES = [
  [60.0, 40.0, 200.0, 190.0],
  [-50.0, -20.0, 330.0, 200.0],  # beyond the frame on all sides
  [100.3, 50.7, 118.9, 80.2],  # enlarged
  [290.0, 190.0, 500.0, 400.0],  # mostly outside the frame
]


def noise(size=(210, 320)):
  return np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("size", [(96, 96), (128, 96)])
def test_crop_equals_training(box, size):
  frame = noise()
  center, side = crops.box_to_crop(tf.constant(box), 1.25)
  affine = crops.crop_affine(center, side, size)
  expected = crops.crop_frames(frame[None], affine[None], size)[0].numpy()
  result = frame_crops.crop_affine(np.array(box), 1.25, size)
  np.testing.assert_allclose(result, affine, rtol=1e-5, atol=1e-3)
  crop = frame_crops.crop_frame(frame, result, size)
  assert crop.dtype == np.float32
  np.testing.assert_allclose(crop, expected, atol=0.1)  # of 255, on noise


def test_crop_outside_the_frame_is_black():
  affine = frame_crops.crop_affine(np.array([900.0, 900, 950, 950]), 1.0, (32, 32))
  assert not frame_crops.crop_frame(noise(), affine, (32, 32)).any()


def test_pixel_by_hand():
  # A crop pixel is the mean of 2 x 2 frame pixels, with its center between them.
  frame = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
  affine = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]], np.float32)
  expected = frame.astype(float).reshape(2, 2, 2, 2, 3).mean(axis=(1, 3))
  np.testing.assert_allclose(frame_crops.crop_frame(frame, affine, (2, 2)), expected)


def test_points_are_mapped_back():
  affine = frame_crops.crop_affine(np.array(BOXES[0]), 1.25, (96, 128))
  points = np.random.default_rng(1).uniform(0, 200, (13, 2))
  mapped = points @ affine[:, :2].T + affine[:, 2]
  np.testing.assert_allclose(frame_crops.to_frame(affine, mapped), points, atol=1e-3)


def test_joints_box_follows_penn_action():
  generator = np.random.default_rng(2)
  keypoints = generator.uniform(-50, 400, (13, 2)).astype(np.float32)
  visible = generator.uniform(size=13) > 0.4
  expected = crops.joints_to_box(keypoints, visible, (210, 320)).numpy()
  result = frame_crops.joints_box(keypoints, visible, (210, 320))
  np.testing.assert_allclose(result, expected, atol=1e-3)


@pytest.mark.parametrize(
  ("frame", "message"),
  [
    (np.zeros((4, 5, 3), np.float32), r"\[4, 5, 3\] float32"),
    (np.zeros((4, 5), np.uint8), r"\[4, 5\] uint8"),
    (np.zeros((4, 5, 4), np.uint8), r"\[4, 5, 4\] uint8"),
    (np.zeros((0, 5, 3), np.uint8), r"\[0, 5, 3\] uint8"),
    ("a.png", "frames are"),
    (None, "frames are"),
  ],
)
def test_invalid_frame(frame, message):
  with pytest.raises(InputError, match=message) as caught:
    frame_crops.check_frame(frame)
  assert "\n" not in str(caught.value)
