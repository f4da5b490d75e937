"""Pose Propagation Unit for export, with few passes over memory.

The sampling of Eq. 4 has two per cent of the multiply-accumulates of a step, but takes half of
its time when computed op by op, because each op processes a number per cell, tap and joint.
Therefore the offset convolutions do as much as possible:

- They return positions instead of offsets. Their bias adds the tap, and two more input channels,
  rows and columns, add the cell.
- Positions are scaled so that 0..6 covers the map and its frame of zeros, and ReLU6 clips them.

Pruned samples (`models.pruning`), whose weights are zero, are not read, and their positions are
not computed.

The exact sampler reads a value and three differences at each position, like `deform_gather`. The
table sampler reads the nearest cell of a map that was enlarged bilinearly. For positions rounded
to a fraction of a cell, that is exactly the bilinear value.

Maps are flat, with all joints in one column: index = (first row of the joint + row) * columns
+ column.
"""

import functools
import math
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.models.layers.deform_conv import deformable_convolutions
from ppn_tf.models.layers.deform_gather import framed_differences, tap_positions
from ppn_tf.models.ppu import ENLARGED, POOLED, Mean
from ppn_tf.models.pruning import used_samples
from ppn_tf.models.quantize_aware import Ranges, get_ranges, is_rounding, weights_by_name

import tensorflow as tf

SAMPLERS = ("exact", "table")
# Steps per cell of the table sampler, for units trained without rounding.
TABLE_STEPS = 4
# float32 represents every integer up to this one, so flat indices must stay below.
LARGEST_INDEX = 2**24
# Prefix of the names of all sampling ops, which must not be quantized.
SAMPLING = "sampling"


def get_sampler(unit: tf.keras.Model) -> str:
  """Returns the sampler equal to a unit: "table" if it rounds offsets, else "exact"."""
  rounds = any(warp.offset_steps for warp in deformable_convolutions(unit))
  return "table" if rounds else "exact"


class Axis(NamedTuple):
  """Scale of positions along one axis, from cells to 0..6.

  Attributes:
    scale: scaled length of a cell. It has six bits, so that float16 represents it and its products
      with the positions of taps exactly.
    cells: number of cells up to position 6, rounded up, counted from the cell before the map.
  """

  scale: float
  cells: int


def make_axis(extent: int, rounding: float) -> Axis:
  """Returns the axis of a map of `extent` cells, whose positions are shifted by `rounding`."""
  largest = 6.0 / (extent + 1 + rounding)
  bit = 2.0 ** (math.floor(math.log2(largest)) - 5)
  scale = math.floor(largest / bit) * bit
  return Axis(scale, math.ceil(6.0 / scale))


class OffsetConvolution(NamedTuple):
  """Convolution of Eq. 3 that returns scaled positions, or offsets, of N <= 9 * K samples.

  Attributes:
    rate: dilation rate.
    kernel: [3, 3, channels + 2, 2 * N]; the last two input channels are rows and columns.
    bias: [2 * N].
    ranges: ranges of scaled offsets, of a unit trained with rounding; else None.
    joints: [N], the joint whose map each sample reads.
    weights: [N, K], weights of the deformable convolution (Eq. 4).
  """

  rate: int
  kernel: np.ndarray
  bias: np.ndarray
  ranges: Optional[Ranges]
  joints: np.ndarray
  weights: np.ndarray


class ServedPPU(tf.Module):
  """Trained unit for heatmaps of batch size 1, called like the unit itself.

  Copies the weights as constants, so later training has no effect on it.

  Attributes:
    sampler: one of SAMPLERS.
    integers: whether its convolutions compute with 8 bits.
    steps: steps per cell to which the table sampler rounds positions.
  """

  def __init__(self, unit: tf.keras.Model, sampler: str = "exact", integers: bool = False):
    """Converts a unit.

    Args:
      unit: a unit of `models.ppu`; a quantization-aware one requires `integers`.
      sampler: one of SAMPLERS.
      integers: whether its convolutions compute with 8 bits. These represent an offset well and a
        position on the map badly, so positions are added after the convolution.
    Raises:
      ValueError: unknown sampler, a quantization-aware unit without `integers`, or heatmaps whose
        indices float32 does not represent.
    """
    if sampler not in SAMPLERS:
      raise ValueError(f"sampler must be one of {SAMPLERS}. Received: {sampler!r}")
    if is_rounding(unit) and not integers:
      raise ValueError("a quantization-aware unit must compute with integers. Received: False")
    super().__init__(name="served_ppu")
    warps = deformable_convolutions(unit)
    rates = [warp.dilation_rate for warp in warps]
    self.sampler, self.integers = sampler, integers
    self.steps = warps[0].offset_steps or TABLE_STEPS
    # A unit with pooling warps smaller maps than it receives.
    self._size = tuple(warps[0].output_shape[1:])
    by_name = {layer.name: layer for layer in unit.layers}
    self._pool, self._enlarge = (by_name.get(name, tf.identity) for name in (POOLED, ENLARGED))
    rounding = 0.5 / self.steps if sampler == "table" else 0.0
    self._axes = [make_axis(extent, rounding) for extent in self._size[:2]]
    if integers:
      # All results of a convolution have the same step, so rows and columns share a scale.
      scale = min(axis.scale for axis in self._axes)
      self._axes = [Axis(scale, math.ceil(6.0 / scale))] * 2
    cells = self._size[2] * math.prod(self._table_size() if sampler == "table" else self._extents())
    if cells > LARGEST_INDEX:
      raise ValueError(
        f"heatmaps must have at most {LARGEST_INDEX} values after padding and enlarging, because "
        f"float32 holds their indices. Received: shape {self._size}, {cells} values"
      )
    layers = [unit.get_layer(f"offsets_{rate}") for rate in rates]
    self._features = tf.keras.Model(unit.inputs, layers[0].input)
    averages = any(isinstance(layer, Mean) for layer in unit.layers)  # Eq. 5
    share = 1.0 / len(warps) if averages else 1.0
    self._convolutions = []
    for rate, layer, warp in zip(rates, layers, warps):
      weights = share * warp.kernel.numpy().reshape(-1, self._size[2])
      used = used_samples(warp)
      if not len(used):
        continue
      kernel = weights_by_name(layer)["kernel"].numpy()
      kernel, bias = self._position_weights(kernel, rate, rounding)
      channels = np.concatenate([used, len(weights) + used])  # rows and columns
      ranges = self._scaled_ranges(layer, channels) if is_rounding(unit) else None
      self._convolutions.append(
        OffsetConvolution(
          rate,
          kernel[..., channels],
          bias[channels],
          ranges,
          joints=used % self._size[2],
          weights=weights[used],
        )
      )

  def _position_weights(
    self, kernel: np.ndarray, rate: int, rounding: float
  ) -> Tuple[np.ndarray, np.ndarray]:
    """Returns kernel and bias for scaled positions, from a kernel for offsets."""
    halves = np.split(kernel, 2, axis=-1)
    taps = tap_positions(3, rate, self._size[2])
    scales = [axis.scale for axis in self._axes]
    scaled = np.concatenate([scale * half for scale, half in zip(scales, halves)], axis=-1)
    places = np.zeros((3, 3, 2, kernel.shape[-1]), np.float32)
    for number, half in enumerate(np.split(places, 2, axis=-1)):
      half[1, 1, number] = scales[number]
    bias = np.concatenate([scale * (1.0 + rounding + tap) for scale, tap in zip(scales, taps)])
    return np.concatenate([scaled, places], axis=2).astype(np.float32), bias.astype(np.float32)

  def _scaled_ranges(self, layer: tf.keras.layers.Layer, channels: np.ndarray) -> Ranges:
    """Returns the ranges of some channels of scaled offsets."""
    scale = self._axes[0].scale
    kernel, result = (tuple(scale * limit.numpy() for limit in pair) for pair in get_ranges(layer))
    return Ranges(tuple(limit[channels] for limit in kernel), result)

  def __call__(self, inputs: Sequence[tf.Tensor], training: bool = False) -> tf.Tensor:
    """Returns propagated heatmaps [1, h, w, K] from [previous, preliminary] of that shape."""
    assert not training
    previous, _ = inputs
    features = self._features(inputs, training=False)
    places = np.moveaxis(np.indices(self._size[:2], np.float32), 0, -1)[None]
    if not self.integers:
      features = tf.concat([features, places], axis=-1)
    by_table = self.sampler == "table"
    prepare: Callable[..., Any] = self._table if by_table else self._differences
    read: Callable[..., tf.Tensor] = self._look_up if by_table else self._interpolate
    with tf.name_scope(SAMPLING):
      maps = prepare(self._pool(previous))
    warped = []
    for convolution in self._convolutions:
      rows, columns = self._scaled_positions(features, places, convolution)
      with tf.name_scope(SAMPLING):
        sampled = read(maps, rows, columns, convolution.joints)
        warped.append(tf.nn.conv2d(sampled, convolution.weights[None, None], 1, "VALID"))
    if not warped:
      return tf.zeros_like(previous)
    with tf.name_scope(SAMPLING):
      # GPU delegates support tf.add_n with at most two maps.
      return self._enlarge(functools.reduce(tf.add, warped))

  def _scaled_positions(
    self, features: tf.Tensor, places: np.ndarray, convolution: OffsetConvolution
  ) -> List[tf.Tensor]:
    """Returns the rows and columns of the samples of a rate, each [1, h, w, N] in 0..6."""
    rate, kernel, bias, ranges, _, _ = convolution
    if not self.integers:
      scaled = tf.nn.conv2d(features, kernel, 1, "SAME", dilations=rate)
      return tf.split(tf.nn.relu6(tf.nn.bias_add(scaled, bias)), 2, axis=-1)
    kernel = kernel[:, :, :-2]
    if ranges:
      kernel = tf.quantization.fake_quant_with_min_max_vars_per_channel(
        kernel, *ranges.kernel, narrow_range=True
      )
    offsets = tf.nn.conv2d(features, kernel, 1, "SAME", dilations=rate)
    if ranges:
      offsets = tf.quantization.fake_quant_with_min_max_vars(offsets, *ranges.result)
    with tf.name_scope(SAMPLING):
      halves = tf.split(offsets, 2, axis=-1)
      # Differences, because the converter merges a sum of two constants into a constant as large
      # as the result.
      return [
        tf.nn.relu6(axis.scale * places[..., number : number + 1] - (-tap - half))
        for number, (half, tap, axis) in enumerate(zip(halves, np.split(bias, 2), self._axes))
      ]

  def _framed(self, maps: tf.Tensor) -> tf.Tensor:
    """Pads maps with zeros, from one cell before them to position 6."""
    bottom, right = (axis.cells - extent for axis, extent in zip(self._axes, self._size))
    return tf.pad(maps, [[0, 0], [1, bottom], [1, right], [0, 0]])

  def _differences(self, maps: tf.Tensor) -> Tuple[tf.Tensor, ...]:
    """Returns value, right, down and cross of `deform_gather`, each flat, joint by joint."""
    framed = tf.pad(self._framed(maps), [[0, 0], [0, 1], [0, 1], [0, 0]])
    return framed_differences(tf.transpose(framed, [0, 3, 1, 2]), 2)

  def _table(self, maps: tf.Tensor) -> tf.Tensor:
    """Returns the padded maps, enlarged by `steps` and flat, joint by joint."""
    table = tf.raw_ops.ResizeBilinear(images=self._framed(maps), size=self._table_size())
    return tf.reshape(tf.transpose(table, [0, 3, 1, 2]), [-1])

  def _extents(self) -> List[int]:
    return [axis.cells + 1 for axis in self._axes]

  def _table_size(self) -> List[int]:
    return [extent * self.steps for extent in self._extents()]

  def _interpolate(
    self, maps: Sequence[tf.Tensor], rows: tf.Tensor, columns: tf.Tensor, joints: np.ndarray
  ) -> tf.Tensor:
    (row, fy), (column, fx) = (
      _whole_and_fraction(scaled * (1.0 / axis.scale))
      for scaled, axis in zip((rows, columns), self._axes)
    )
    height, width = self._extents()
    index = tf.cast((row + _first_rows(joints, height)) * float(width) + column, tf.int32)
    value, right, down, cross = (_gather(cells, index) for cells in maps)
    return value + fx * right + fy * (down + fx * cross)

  def _look_up(
    self, table: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor, joints: np.ndarray
  ) -> tf.Tensor:
    height, width = self._table_size()
    row, column = (
      scaled * (self.steps / axis.scale) for scaled, axis in zip((rows, columns), self._axes)
    )
    # The floor of the column comes first: next to an index of 10^6, float32 has no room for the
    # fraction, and the sum would round to the next column.
    index = (tf.floor(row) + _first_rows(joints, height)) * float(width) + tf.floor(column)
    return _gather(table, tf.cast(index, tf.int32))


def _first_rows(joints: np.ndarray, rows: int) -> np.ndarray:
  """Returns the first row [N] float32 of joints in a column of maps of `rows` rows each.

  Rows instead of cells, because float16 represents them exactly.
  """
  return joints.astype(np.float32) * rows


def _gather(cells: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
  """Returns cells[index]; GPU delegates require flat indices."""
  return tf.reshape(tf.gather(cells, tf.reshape(index, [-1])), index.shape)


def _whole_and_fraction(position: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
  whole = tf.floor(position)
  return whole, position - whole
