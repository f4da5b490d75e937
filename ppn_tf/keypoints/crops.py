"""Square crops around a person, and affines between frames and crops.

A crop has a center and a side in frame pixels, and may be rotated and mirrored. Its affine maps
frame pixels to crop pixels. Pixel centers are integers, so the middle of a crop of w columns is
(w - 1) / 2.
"""

from typing import Tuple

import tensorflow as tf

# Penn Action's boxes are the extent of the visible joints times this factor.
BOX_SCALE = 1.2


def box_to_crop(boxes: tf.Tensor, margin: float = 1.25) -> Tuple[tf.Tensor, tf.Tensor]:
  """Computes the square crop that shows a box with a margin.

  Args:
    boxes: [..., 4] float32, (x1, y1, x2, y2) in frame pixels.
    margin: side of the crop divided by the longer side of the box.
  Returns:
    center [..., 2] (x, y) and side [...], float32 frame pixels; the side is at
    least one pixel.
  """
  boxes = tf.cast(boxes, tf.float32)
  corner, opposite = boxes[..., :2], boxes[..., 2:]
  side = margin * tf.reduce_max(opposite - corner, axis=-1)
  return (corner + opposite) / 2.0, tf.maximum(side, 1.0)


def steady_path(center: tf.Tensor, side: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
  """Fits a straight path of constant speed to T crops by least squares; all get the mean size.

  Args:
    center: [T, 2] float32 frame pixels.
    side: [T] float32 frame pixels.
  Returns:
    center [T, 2] and side [T], float32 frame pixels.
  """
  times = tf.range(tf.shape(center)[0], dtype=tf.float32)[:, None]
  times -= tf.reduce_mean(times)
  mean = tf.reduce_mean(center, axis=0)
  speed = tf.math.divide_no_nan(
    tf.reduce_sum(times * center, axis=0), tf.reduce_sum(times * times, axis=0)
  )
  return mean + times * speed, tf.reduce_mean(side) + tf.zeros_like(side)


def joints_to_box(
  keypoints: tf.Tensor, visibility: tf.Tensor, image_size: tf.Tensor, scale: float = BOX_SCALE
) -> tf.Tensor:
  """Computes the box of the visible joints by Penn Action's rule: extent x 1.2, within the frame.

  Args:
    keypoints: [..., K, 2] float32, (x, y) in frame pixels.
    visibility: [..., K] bool.
    image_size: [2] integer, (H, W) of the frame.
    scale: sides of the box divided by the extent of the joints.
  Returns:
    [..., 4] float32, (x1, y1, x2, y2); of no area where no joint is visible.
  """
  visible, points = visibility[..., None], tf.cast(keypoints, tf.float32)
  low = tf.reduce_min(tf.where(visible, points, points.dtype.max), axis=-2)
  high = tf.reduce_max(tf.where(visible, points, points.dtype.min), axis=-2)
  any_visible = tf.reduce_any(visibility, axis=-1, keepdims=True)
  low, high = (tf.where(any_visible, corner, tf.zeros_like(corner)) for corner in (low, high))
  center, half = (low + high) / 2.0, scale * (high - low) / 2.0
  last = tf.cast(tf.reverse(image_size, [0]), tf.float32) - 1.0
  corners = tf.clip_by_value([center - half, center + half], 0.0, last)
  return tf.concat(tf.unstack(corners), axis=-1)


def crop_affine(
  center: tf.Tensor,
  side: tf.Tensor,
  crop_size: Tuple[int, int],
  rotation: tf.Tensor = 0.0,
  flip: tf.Tensor = False,
) -> tf.Tensor:
  """Computes the affine from frame pixels to crop pixels.

  Args:
    center: [..., 2] float32, (x, y) of the crop's middle in frame pixels.
    side: [...] float32, frame pixels that the crop's shorter side shows.
    crop_size: (height, width) of the crop in pixels.
    rotation: [...] float32 radians; positive turns the content clockwise, as
      seen on the screen (y points down).
    flip: [...] bool, mirrors the crop left to right, after the rotation.
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
  """Inverts affines [..., 2, 3], so that they map crop pixels to frame pixels."""
  linear = tf.linalg.inv(affine[..., :2])
  return tf.concat([linear, -tf.linalg.matmul(linear, affine[..., 2:])], axis=-1)


def compose_affines(outer: tf.Tensor, inner: tf.Tensor) -> tf.Tensor:
  """Returns the affine [..., 2, 3] that applies `inner` first, then `outer`."""
  linear, shift = outer[..., :2], outer[..., 2:]
  return tf.concat([linear @ inner[..., :2], linear @ inner[..., 2:] + shift], axis=-1)


def heatmap_affine(affine: tf.Tensor, stride: int) -> tf.Tensor:
  """Converts an affine [..., 2, 3] to crop pixels into one to heatmap cells.

  The center of a cell lies at pixel S * cell + (S - 1) / 2 of its crop.
  """
  offset = tf.constant([[0.0, 0.0, (stride - 1) / 2.0]])
  return (affine - offset) / float(stride)


def transform_points(affine: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
  """Applies [..., 2, 3] affines to [..., K, 2] points (x, y)."""
  points = tf.cast(points, tf.float32)
  return tf.matmul(points, affine[..., :2], transpose_b=True) + affine[..., None, :, 2]


def crop_frames(frames: tf.Tensor, affines: tf.Tensor, crop_size: Tuple[int, int]) -> tf.Tensor:
  """Resamples frames into crops bilinearly, black outside the frame.

  Args:
    frames: [N, H, W, C] uint8 or float; images are 0..255.
    affines: [N, 2, 3] float32, frame pixels to crop pixels.
    crop_size: (height, width) of the crops.
  Returns:
    [N, height, width, C] float32.
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


def remap_heatmaps(maps: tf.Tensor, source: tf.Tensor, target: tf.Tensor, stride: int) -> tf.Tensor:
  """Moves heatmaps from one crop of a frame to another.

  Args:
    maps: [N, h, w, K] float32 in the source crops.
    source: [N, 2, 3] float32, frame to source crop pixels.
    target: [N, 2, 3] float32, frame to target crop pixels.
    stride: crop pixels per cell.
  Returns:
    [N, h, w, K] float32, zero outside the source crop.
  """
  affines = compose_affines(
    heatmap_affine(target, stride), invert_affine(heatmap_affine(source, stride))
  )
  return crop_frames(maps, affines, (maps.shape[1], maps.shape[2]))
