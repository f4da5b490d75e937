"""Bilinear sampling at learned offsets in plain ops, for deformable convolution.

Four maps are computed from a map: its values, their differences to the right (`right`) and
downwards (`down`), and the difference of differences (`cross`). At a fraction (fy, fx) of a cell,
the bilinear value is

  value + fx * right + fy * (down + fx * cross),

so that sampling and both gradients need one index, and no weights of corners.
"""

from typing import NamedTuple, Sequence, Tuple

import numpy as np

import tensorflow as tf


class MapSize(NamedTuple):
  """Height and width of a map in cells, and number of channels."""

  height: int
  width: int
  channels: int


def tap_positions(kernel_size: int, dilation_rate: int, channels: int) -> np.ndarray:
  """Returns [2, P * C] float32: rows and columns of taps relative to the center, in cells.

  The P = kernel_size**2 taps are ordered row by row, each once for every channel.
  """
  steps = dilation_rate * (np.arange(kernel_size) - kernel_size // 2)
  taps = np.stack(np.meshgrid(steps, steps, indexing="ij")).reshape(2, -1)
  return np.repeat(taps, channels, axis=1).astype(np.float32)


def difference_maps(inputs: tf.Tensor) -> Tuple[tf.Tensor, ...]:
  """Computes value, right, down and cross, each flat, of maps [B, h, w, C] framed with zeros.

  Returns:
    Four tensors [B * (h + 1) * (w + 1) * C]; cell (0, 0) is the corner of the frame.
  """
  return framed_differences(tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]]), 1)


def framed_differences(framed: tf.Tensor, axis: int) -> Tuple[tf.Tensor, ...]:
  """Computes value, right, down and cross, each flat, without the last row and column.

  Args:
    framed: maps with rows on `axis`, columns on the next axis, and zeros around them.
    axis: 1 or 2, of four.
  """
  size = [-1 if extent is None else extent for extent in framed.shape]
  size[axis] -= 1
  size[axis + 1] -= 1

  def corner(row: int, column: int) -> tf.Tensor:
    begin = [0, 0, 0, 0]
    begin[axis : axis + 2] = row, column
    # The gradient of framed[...] copies, that of tf.slice pads.
    return tf.slice(framed, begin, size)

  value = corner(0, 0)
  right = corner(0, 1) - value
  down = corner(1, 0) - value
  cross = corner(1, 1) - corner(1, 0) - right
  return tuple(tf.reshape(maps, [-1]) for maps in (value, right, down, cross))


def positions(
  offsets: tf.Tensor, taps: tf.Tensor, size: MapSize, axis: int
) -> Tuple[tf.Tensor, int]:
  """Computes the position that each tap reads on one axis, and the map's extent there.

  Args:
    offsets: [B, h * w, 2 * P * C], all dy before all dx.
    taps: see `tap_positions`.
    size: size of the map.
    axis: 0 for rows, 1 for columns.
  Returns:
    [B, h * w, P * C] in cells, and the height or width.
  """
  cell = np.indices(size[:2], np.float32)[axis].reshape(-1, 1)
  shift = tf.split(offsets, 2, axis=-1)[axis]
  return shift + (cell + taps[axis]), size[axis]


def cells(
  offsets: tf.Tensor, taps: tf.Tensor, size: MapSize
) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
  """Returns indices into flat difference maps, and fractions fy and fx, all [B, h * w, P * C]."""
  starts, fractions = [], []
  for axis in (0, 1):
    position, extent = positions(offsets, taps, size, axis)
    # From one cell before the map to one behind it; outside, all values are zero. Comparisons with
    # NaN are false, so NaN stays in the fraction, where clip_by_value may drop it.
    position = tf.where(position < -1.0, -1.0, position)
    position = tf.where(position > float(extent), float(extent), position) + 1.0
    start = tf.where(position > 0.0, tf.minimum(tf.floor(position), float(extent)), 0.0)
    starts.append(tf.cast(start, tf.int32))
    fractions.append(position - start)
  columns = size.width + 1
  batch = offsets.shape[0] or tf.shape(offsets)[0]
  first = tf.range(batch) * ((size.height + 1) * columns * size.channels)
  channel = np.arange(taps.shape[1], dtype=np.int32) % size.channels
  index = (starts[0] * columns + starts[1]) * size.channels
  return index + (channel + tf.reshape(first, [-1, 1, 1])), fractions[0], fractions[1]


def samples(
  maps: Sequence[tf.Tensor], offsets: tf.Tensor, taps: tf.Tensor, size: MapSize
) -> tf.Tensor:
  """Samples bilinear values [B, h * w, P * C] at the taps; zero outside the map.

  Args:
    maps: see `difference_maps`.
    offsets: [B, h * w, 2 * P * C] in cells, all dy before all dx, each ordered by tap, then
      channel.
    taps: see `tap_positions`.
    size: size of the map.
  """
  index, fy, fx = cells(offsets, taps, size)
  value, right, down, cross = (tf.gather(values, index) for values in maps)
  return value + fx * right + fy * (down + fx * cross)


@tf.autograph.experimental.do_not_convert
def read(inputs: tf.Tensor, offsets: tf.Tensor, taps: np.ndarray) -> tf.Tensor:
  """Samples maps [B, h, w, C] at the taps, [B, h * w, P * C]; offsets as in `convolve`."""
  size = MapSize(*inputs.shape[1:])
  flat = tf.reshape(offsets, [-1, size.height * size.width, offsets.shape[-1]])
  return samples(difference_maps(inputs), flat, taps, size)


@tf.autograph.experimental.do_not_convert
def convolve(
  inputs: tf.Tensor, offsets: tf.Tensor, kernel: tf.Tensor, taps: np.ndarray
) -> tf.Tensor:
  """Computes deformable convolution at one dilation rate (Eq. 4), with offsets by channel.

  Args:
    inputs: [B, h, w, C] float32.
    offsets: [B, h, w, 2 * P * C] float32, see `samples`.
    kernel: [P * C, F] float32, ordered by tap, then channel.
    taps: see `tap_positions`.
  Returns:
    [B, h, w, F] float32.
  """
  values = tf.reshape(read(inputs, offsets, taps), [-1, *inputs.shape[1:3], kernel.shape[0]])
  return tf.nn.conv2d(values, kernel[None, None], 1, "VALID")
