"""Combined heatmaps of several crops of one frame."""

from typing import Tuple

from ppn_tf.keypoints import crops, heatmaps

import tensorflow as tf

DECODERS = ("frame", *heatmaps.DECODERS)


def read(
  maps: tf.Tensor, affines: tf.Tensor, stride: int, image_size: tf.Tensor, decoder: str = "frame"
) -> Tuple[tf.Tensor, tf.Tensor]:
  """Reads joint positions from the heatmaps of N crops of each of T frames.

  Args:
    maps: [N, T, h, w, K] float32.
    affines: [N, T, 2, 3] float32, frame to crop pixels, without rotation or mirroring.
    stride: crop pixels per cell.
    image_size: [2] int32, (H, W) of the frames.
    decoder: one of DECODERS. "frame" is `peaks_in_frame`; the others decode the
      mean of the scales in the first crop by `heatmaps.decode`.
  Returns:
    keypoints [T, K, 2] float32, (x, y) in frame pixels, and scores [T, K], the
    highest values of the mean heatmaps.
  Raises:
    ValueError: `decoder` is unknown.
  """
  if decoder not in DECODERS:
    raise ValueError(f"decoder must be one of {DECODERS}. Received: {decoder!r}")
  if decoder == "frame":
    return peaks_in_frame(maps, affines, stride, image_size)
  keypoints, scores = heatmaps.decode(merge_in_crop(maps, affines, stride), stride, decoder)
  return crops.transform_points(crops.invert_affine(affines[0]), keypoints), scores


def merge_in_crop(maps: tf.Tensor, affines: tf.Tensor, stride: int) -> tf.Tensor:
  """Averages the heatmaps of N crops in the cells of the first crop.

  Args:
    maps: [N, T, h, w, K] float32.
    affines: [N, T, 2, 3] float32, frame to crop pixels.
    stride: crop pixels per cell.
  Returns:
    [T, h, w, K] float32.
  """
  first = affines[0]
  moved = [crops.remap_heatmaps(crop_maps, source, first, stride)
           for crop_maps, source in zip(tf.unstack(maps[1:]), tf.unstack(affines[1:]))]  # fmt: skip
  return tf.add_n([maps[0], *moved]) / float(len(moved) + 1)


def peaks_in_frame(
  maps: tf.Tensor, affines: tf.Tensor, stride: int, image_size: tf.Tensor
) -> Tuple[tf.Tensor, tf.Tensor]:
  """Finds the maximum of the sum of N crops' heatmaps in the pixels of the frame.

  Video pose papers evaluate several scales in this way: they enlarge heatmaps to the frame
  bilinearly, sum them, and take the highest pixel.

  Args:
    maps: [N, T, h, w, K] float32.
    affines: [N, T, 2, 3] float32, frame to crop pixels, without rotation or mirroring.
    stride: crop pixels per cell.
    image_size: [2] int32, (H, W) of the frame.
  Returns:
    keypoints [T, K, 2] float32, (x, y) whole pixels, and scores [T, K], the
    mean of the scales at the highest pixel.
  """
  cells = crops.heatmap_affine(affines, stride)
  num_scales, joints = maps.shape[0], maps.shape[-1]

  def one_frame(inputs: Tuple[tf.Tensor, tf.Tensor]) -> Tuple[tf.Tensor, tf.Tensor]:
    frame_maps, to_cells = inputs
    first, rows = _along_axis(to_cells[:, 1, 1], to_cells[:, 1, 2], maps.shape[2], image_size[0])
    left, columns = _along_axis(to_cells[:, 0, 0], to_cells[:, 0, 2], maps.shape[3], image_size[1])
    wide = tf.einsum("nhwk,nxw->knhx", frame_maps, columns)
    # One product does both: it enlarges along y, and sums over the scales.
    wide = tf.reshape(wide, [joints, num_scales * maps.shape[2], -1])
    rows = tf.reshape(tf.transpose(rows, [1, 0, 2]), [-1, num_scales * maps.shape[2]])
    summed = tf.matmul(rows, wide)
    width = tf.shape(summed)[2]
    flat = tf.reshape(summed, [joints, -1])
    highest = tf.argmax(flat, axis=1, output_type=tf.int32)
    position = tf.stack([left + highest % width, first + highest // width], axis=-1)
    return tf.cast(position, tf.float32), tf.reduce_max(flat, axis=1) / float(num_scales)

  # Frame by frame: all joints of many frames would not fit into memory.
  return tf.map_fn(
    one_frame,
    (tf.transpose(maps, [1, 0, 2, 3, 4]), tf.transpose(cells, [1, 0, 2, 3])),
    fn_output_signature=(tf.float32, tf.float32),
    parallel_iterations=1,
  )


def _along_axis(
  zoom: tf.Tensor, shift: tf.Tensor, num_cells: int, length: tf.Tensor
) -> Tuple[tf.Tensor, tf.Tensor]:
  """Computes weights of bilinear enlargement along one axis of the frame.

  Args:
    zoom: [N] float32; pixel p lies at cell zoom * p + shift of a crop.
    shift: [N] float32, in cells.
    num_cells: c.
    length: pixels of the frame along the axis.
  Returns:
    First pixel that any crop shows, and [N, pixels, c] float32 weights of the pixels from there
    to the last one. Within half a cell of a crop's border only the border's cell counts; outside
    a crop all weights are zero.
  """
  low, high = -0.5, num_cells - 0.5
  start = tf.cast(tf.math.ceil(tf.reduce_min((low - shift) / zoom)), tf.int32)
  stop = tf.cast(tf.math.floor(tf.reduce_max((high - shift) / zoom)), tf.int32) + 1
  start = tf.clip_by_value(start, 0, length - 1)
  stop = tf.clip_by_value(stop, start + 1, length)
  pixels = tf.cast(tf.range(start, stop), tf.float32)
  cell = zoom[:, None] * pixels + shift[:, None]
  inside = (cell >= low) & (cell <= high)
  cell = tf.clip_by_value(cell, 0.0, num_cells - 1.0)
  distance = tf.abs(cell[..., None] - tf.range(num_cells, dtype=tf.float32))
  weights = tf.maximum(1.0 - distance, 0.0) * tf.cast(inside, tf.float32)[..., None]
  return start, weights
