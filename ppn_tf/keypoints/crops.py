"""Square crops around a person, and the one affine that leads there and back.

A crop is a centre and a side in frame pixels, perhaps rotated and mirrored.
Its affine maps frame pixels to crop pixels; pixels have their centres at whole
numbers, so the middle of a crop w pixels wide is (w - 1) / 2.
"""

from typing import Tuple

import tensorflow as tf


def box_to_crop(boxes: tf.Tensor, margin: float = 1.25) -> Tuple[tf.Tensor, tf.Tensor]:
  """The square crop that shows a box with some margin.

  Args:
    boxes: [..., 4] float32, (x1, y1, x2, y2) in frame pixels.
    margin: the crop's side is this times the box's longer side.
  Returns:
    center [..., 2] (x, y) and side [...], float32 frame pixels; the side is at
    least one pixel.
  """
  boxes = tf.cast(boxes, tf.float32)
  corner, opposite = boxes[..., :2], boxes[..., 2:]
  side = margin * tf.reduce_max(opposite - corner, axis=-1)
  return (corner + opposite) / 2.0, tf.maximum(side, 1.0)


def crop_affine(
  center: tf.Tensor,
  side: tf.Tensor,
  crop_size: Tuple[int, int],
  rotation: tf.Tensor = 0.0,
  flip: tf.Tensor = False,
) -> tf.Tensor:
  """The affine from frame pixels to crop pixels.

  Args:
    center: [..., 2] float32, (x, y) of the crop's middle in frame pixels.
    side: [...] float32, frame pixels that the crop's shorter side shows.
    crop_size: (height, width) of the crop in pixels.
    rotation: [...] float32 radians; positive turns the content clockwise, as
      seen on the screen (y points down).
    flip: [...] bool, mirrors the crop left to right, last of all.
  Returns:
    [..., 2, 3] float32: crop = affine @ (x, y, 1).
  """
  height, width = crop_size
  center = tf.cast(center, tf.float32)
  zoom = float(min(height, width)) / tf.cast(side, tf.float32)
  rotation = tf.cast(rotation, tf.float32) + tf.zeros_like(zoom)
  mirror = 1.0 - 2.0 * tf.cast(flip, tf.float32)
  cosine, sine = zoom * tf.cos(rotation), zoom * tf.sin(rotation)
  linear = tf.stack(
    [tf.stack([mirror * cosine, -mirror * sine], -1), tf.stack([sine, cosine], -1)], -2
  )
  middle = tf.constant([(width - 1) / 2.0, (height - 1) / 2.0], tf.float32)
  shift = middle - tf.linalg.matvec(linear, center)
  return tf.concat([linear, shift[..., None]], axis=-1)


def invert_affine(affine: tf.Tensor) -> tf.Tensor:
  """The inverse of [..., 2, 3] affines: crop pixels back to frame pixels."""
  linear = tf.linalg.inv(affine[..., :2])
  return tf.concat([linear, -tf.linalg.matmul(linear, affine[..., 2:])], axis=-1)


def transform_points(affine: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
  """Applies [..., 2, 3] affines to [..., K, 2] points (x, y)."""
  points = tf.cast(points, tf.float32)
  return tf.matmul(points, affine[..., :2], transpose_b=True) + affine[..., None, :, 2]


def crop_frames(frames: tf.Tensor, affines: tf.Tensor, crop_size: Tuple[int, int]) -> tf.Tensor:
  """Resamples frames into crops, bilinear, black outside the frame.

  Args:
    frames: [N, H, W, 3] uint8 or float, 0..255.
    affines: [N, 2, 3] float32, frame pixels to crop pixels.
    crop_size: (height, width) of the crops.
  Returns:
    [N, height, width, 3] float32, 0..255.
  """
  backward = tf.reshape(invert_affine(affines), [-1, 6])
  projective = tf.pad(backward, [[0, 0], [0, 2]])
  return tf.raw_ops.ImageProjectiveTransformV3(
    images=tf.cast(frames, tf.float32),  # the op cuts integers off where it should round
    transforms=projective,
    output_shape=tf.constant(crop_size, tf.int32),
    fill_value=0.0,
    interpolation="BILINEAR",
    fill_mode="CONSTANT",
  )
