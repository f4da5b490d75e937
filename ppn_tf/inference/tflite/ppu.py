"""The Pose Propagation Unit as it is exported: the same result in few passes over memory.

The sampling of Eq. 4 is two per cent of a step's multiply-accumulates and, op by
op, half of its time, for each op goes through a number per cell, tap and joint.
So the offset convolutions are made to give all they can:

- a tap's place is their bias, and the cell's place comes by two more input
  channels, rows and columns, so that they give positions instead of offsets;
- positions are scaled so that 0..6 is the map and its frame of zeros, and ReLU6
  keeps them there.

Of a pruned unit (sample_pruning.py) samples whose weights are zero are not read, nor
are their positions computed.

The exact sampler then reads a value and three differences at each position, as
deform_gather.py does. The table sampler reads once, the nearest cell of a map
that was enlarged bilinearly: of positions that are rounded to a part of a cell
that is the bilinear value itself.

Maps are flat, all joints' in one column: an index is (the joint's first row +
row) * columns + column.
"""

import functools
import math
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.models.layers.deform_conv import deformable_convolutions
from ppn_tf.models.layers.deform_gather import framed_differences, tap_positions
from ppn_tf.models.ppu import Mean
from ppn_tf.models.pruning import used_samples
from ppn_tf.models.quantize_aware import Ranges, is_rounding, ranges_of, weights_by_name

import tensorflow as tf

SAMPLERS = ("exact", "table")
# Parts of a cell that the table sampler rounds to, for units trained without rounding.
TABLE_STEPS = 4
# Begins the names of all ops of the sampling, which are not to be quantized.
SAMPLING = "sampling"


def sampler_of(unit: tf.keras.Model) -> str:
  """The sampler that reads as a unit does: by table where it rounds its offsets."""
  rounds = any(warp.offset_steps for warp in deformable_convolutions(unit))
  return "table" if rounds else "exact"


class Axis(NamedTuple):
  """How positions along one axis become 0..6.

  Attributes:
    scale: of a cell. It has six bits, so that float16 holds it, and its
      products with taps' places.
    cells: from one cell before the map, 0, on: those that 6 stands for, or more.
  """

  scale: float
  cells: int


def axis(extent: int, rounding: float) -> Axis:
  """The axis of `extent` cells, with positions `rounding` cells further on."""
  wanted = 6.0 / (extent + 1 + rounding)
  bit = 2.0 ** (math.floor(math.log2(wanted)) - 5)
  scale = math.floor(wanted / bit) * bit
  return Axis(scale, math.ceil(6.0 / scale))


class OffsetConvolution(NamedTuple):
  """A convolution of Eq. 3 that gives scaled positions, or offsets, of N <= 9 * K samples.

  Attributes:
    rate: of its dilation.
    kernel: [3, 3, channels + 2, 2 * N]; the last two channels in are rows and columns.
    bias: [2 * N].
    ranges: where it was trained with rounding, those of scaled offsets.
    joints: whose map each sample is of, [N].
    weights: of the deformable convolution (Eq. 4), [N, K].
  """

  rate: int
  kernel: np.ndarray
  bias: np.ndarray
  ranges: Optional[Ranges]
  joints: np.ndarray
  weights: np.ndarray


class ServedPPU(tf.Module):
  """A trained unit, called as the unit is, on heatmaps of batch 1.

  The weights that it changes are constants: what is learned later does not reach it.

  Attributes:
    sampler: one of SAMPLERS.
    steps: parts of a cell that the table sampler rounds positions to.
  """

  def __init__(self, unit: tf.keras.Model, sampler: str = "exact", integers: bool = False):
    """Takes over a unit.

    Args:
      unit: made by `ppu.ppu`; or a quantization-aware one, which `integers` must go with.
      sampler: one of SAMPLERS.
      integers: whether its convolutions are to compute with 8 bits, which hold an offset well
        and a place on the map badly: places are then added afterwards.
    Raises:
      ValueError: another sampler, or a unit that rounds, without integers.
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
    self._size = tuple(unit.output_shape[1:])
    rounding = 0.5 / self.steps if sampler == "table" else 0.0
    self._axes = [axis(extent, rounding) for extent in self._size[:2]]
    if integers:
      # All results of a convolution have one step: one scale for rows and columns.
      scale = min(one.scale for one in self._axes)
      self._axes = [Axis(scale, math.ceil(6.0 / scale))] * 2
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
      both = np.concatenate([used, len(weights) + used])  # rows and columns
      ranges = self._scaled_ranges(layer, both) if is_rounding(unit) else None
      self._convolutions.append(
        OffsetConvolution(
          rate, kernel[..., both], bias[both], ranges, used % self._size[2], weights[used]
        )
      )

  def _position_weights(
    self, kernel: np.ndarray, rate: int, rounding: float
  ) -> Tuple[np.ndarray, np.ndarray]:
    """Kernel and bias that make scaled positions of a kernel that makes offsets."""
    halves = np.split(kernel, 2, axis=-1)
    taps = tap_positions(3, rate, self._size[2])
    scales = [one.scale for one in self._axes]
    scaled = np.concatenate([scale * half for scale, half in zip(scales, halves)], axis=-1)
    places = np.zeros((3, 3, 2, kernel.shape[-1]), np.float32)
    for number, half in enumerate(np.split(places, 2, axis=-1)):
      half[1, 1, number] = scales[number]
    bias = np.concatenate([scale * (1.0 + rounding + tap) for scale, tap in zip(scales, taps)])
    return np.concatenate([scaled, places], axis=2).astype(np.float32), bias.astype(np.float32)

  def _scaled_ranges(self, layer: tf.keras.layers.Layer, channels: np.ndarray) -> Ranges:
    """The ranges of these channels' scaled offsets: as many steps, each scaled."""
    scale = self._axes[0].scale
    kernel, result = (tuple(scale * one.numpy() for one in pair) for pair in ranges_of(layer))
    return Ranges(tuple(one[channels] for one in kernel), result)

  def __call__(self, inputs: Sequence[tf.Tensor], training: bool = False) -> tf.Tensor:
    """The propagated heatmaps [1, h, w, K] from [previous, preliminary], of the same shape."""
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
      maps = prepare(previous)
    warped = []
    for one in self._convolutions:
      rows, columns = self._scaled_positions(features, places, one)
      with tf.name_scope(SAMPLING):
        sampled = read(maps, rows, columns, one.joints)
        warped.append(tf.nn.conv2d(sampled, one.weights[None, None], 1, "VALID"))
    if not warped:
      return tf.zeros_like(previous)
    with tf.name_scope(SAMPLING):
      # Not tf.add_n, of which GPU delegates take two maps at most.
      return functools.reduce(tf.add, warped)

  def _scaled_positions(
    self, features: tf.Tensor, places: np.ndarray, convolution: OffsetConvolution
  ) -> List[tf.Tensor]:
    """Rows and columns that the samples of a rate read, [1, h, w, N] each, in 0..6."""
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
      # As differences, for the converter makes one constant, as large as the result, of two that
      # are added.
      return [
        tf.nn.relu6(one.scale * places[..., number : number + 1] - (-tap - half))
        for number, (half, tap, one) in enumerate(zip(halves, np.split(bias, 2), self._axes))
      ]

  def _framed(self, maps: tf.Tensor) -> tf.Tensor:
    """Maps in a frame of zeros, from one cell before them to all that 6 stands for."""
    after = [one.cells - extent for one, extent in zip(self._axes, self._size)]
    return tf.pad(maps, [[0, 0], [1, after[0]], [1, after[1]], [0, 0]])

  def _differences(self, maps: tf.Tensor) -> Tuple[tf.Tensor, ...]:
    """value, right, down and cross of deform_gather.py, each flat, joint by joint."""
    framed = tf.pad(self._framed(maps), [[0, 0], [0, 1], [0, 1], [0, 0]])
    return framed_differences(tf.transpose(framed, [0, 3, 1, 2]), 2)

  def _table(self, maps: tf.Tensor) -> tf.Tensor:
    """The framed maps with `steps` cells for each, flat, joint by joint."""
    table = tf.raw_ops.ResizeBilinear(images=self._framed(maps), size=self._table_size())
    return tf.reshape(tf.transpose(table, [0, 3, 1, 2]), [-1])

  def _table_size(self) -> List[int]:
    return [(one.cells + 1) * self.steps for one in self._axes]

  def _interpolate(
    self, maps: Sequence[tf.Tensor], rows: tf.Tensor, columns: tf.Tensor, joints: np.ndarray
  ) -> tf.Tensor:
    (row, fy), (column, fx) = (
      _whole_and_fraction(scaled * (1.0 / one.scale))
      for scaled, one in zip((rows, columns), self._axes)
    )
    height, width = (one.cells + 1 for one in self._axes)
    index = tf.cast((row + _first_rows(joints, height)) * float(width) + column, tf.int32)
    value, right, down, cross = (_gather(one, index) for one in maps)
    return value + fx * right + fy * (down + fx * cross)

  def _look_up(
    self, table: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor, joints: np.ndarray
  ) -> tf.Tensor:
    height, width = self._table_size()
    row, column = (
      scaled * (self.steps / one.scale) for scaled, one in zip((rows, columns), self._axes)
    )
    index = (tf.floor(row) + _first_rows(joints, height)) * float(width) + column
    # The cast cuts off the column's fraction.
    return _gather(table, tf.cast(index, tf.int32))


def _first_rows(joints: np.ndarray, rows: int) -> np.ndarray:
  """Where joints begin in maps of so many rows that stand in one column, [N] float32.

  Here and not in cells, because these are numbers that float16 holds.
  """
  return joints.astype(np.float32) * rows


def _gather(cells: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
  """cells[index], with the flat indices that GPU delegates want."""
  return tf.reshape(tf.gather(cells, tf.reshape(index, [-1])), index.shape)


def _whole_and_fraction(position: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
  whole = tf.floor(position)
  return whole, position - whole
