"""Deformable convolution (Dai et al., ICCV 2017), in plain TensorFlow ops.

Each tap of the kernel reads the map at its usual place plus a learned offset,
bilinearly, and reads zero outside the map. One layer here holds several
kernels of different dilation rates over the same map, because their sum is one
sampling of all taps followed by one matrix product.
"""

from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

import tensorflow as tf


def tap_offsets(kernel_size: int, dilations: Sequence[int]) -> np.ndarray:
  """[P, 2] float32 (dy, dx) in cells of all taps: dilation by dilation, row by row."""
  steps = np.arange(kernel_size) - (kernel_size - 1) // 2
  taps = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2)
  return np.concatenate([taps * rate for rate in dilations]).astype(np.float32)


def _corners(inputs: tf.Tensor, positions: tf.Tensor) -> Tuple[tf.Tensor, ...]:
  """The four cells about each position and the fractions between them.

  Returns:
    top_left, top_right, bottom_left, bottom_right values, the fractions (fy,
    fx), all [B, h, w, P, K], and top_left's flat index into the padded map.
  """
  batch = inputs.shape[0] or tf.shape(inputs)[0]
  height, width, channels = inputs.shape[1:]
  # A frame of zero cells lets positions outside fade to zero.
  padded = tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]])
  flat = tf.reshape(padded, [-1])
  y, x = tf.unstack(positions, axis=0)
  y = tf.clip_by_value(y, -1.0, float(height)) + 1.0
  x = tf.clip_by_value(x, -1.0, float(width)) + 1.0
  top, left = tf.minimum(tf.floor(y), float(height)), tf.minimum(tf.floor(x), float(width))
  row_cells = width + 2
  index = (tf.cast(top, tf.int32) * row_cells + tf.cast(left, tf.int32)) * channels
  index += tf.range(channels)
  map_cells = (height + 2) * row_cells * channels
  index += tf.reshape(tf.range(batch) * map_cells, [-1, 1, 1, 1, 1])
  values = [
    tf.gather(flat, index + shift)
    for shift in (0, channels, row_cells * channels, (row_cells + 1) * channels)
  ]
  return (*values, y - top, x - left, index)


def _interpolate(inputs: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
  """See `sample`."""
  a, b, c, d, fy, fx, _ = _corners(inputs, positions)
  top = a + fx * (b - a)
  bottom = c + fx * (d - c)
  return top + fy * (bottom - top)


def _gradients(
  inputs: tf.Tensor, positions: tf.Tensor, upstream: tf.Tensor
) -> Tuple[tf.Tensor, tf.Tensor]:
  """Gradients of `_interpolate` by inputs and positions, given that by its result."""
  a, b, c, d, fy, fx, index = _corners(inputs, positions)
  height, width, channels = inputs.shape[1:]
  inside_y = tf.cast((positions[0] > -1.0) & (positions[0] < height), tf.float32)
  inside_x = tf.cast((positions[1] > -1.0) & (positions[1] < width), tf.float32)
  dy = upstream * ((c - a) + fx * ((d - c) - (b - a))) * inside_y
  dx = upstream * ((b - a) + fy * ((d - c) - (b - a))) * inside_x

  padded_shape = tf.shape(inputs) + [0, 2, 2, 0]
  cells = tf.reduce_prod(padded_shape)
  lower, upper = upstream * fy, upstream * (1.0 - fy)
  weights = (upper * (1.0 - fx), upper * fx, lower * (1.0 - fx), lower * fx)
  row_step = (width + 2) * channels
  flat_index = tf.reshape(index, [-1])
  padded = tf.add_n(
    [
      tf.math.unsorted_segment_sum(tf.reshape(weight, [-1]), flat_index + shift, cells)
      for shift, weight in zip((0, channels, row_step, row_step + channels), weights)
    ]
  )
  return tf.reshape(padded, padded_shape)[:, 1:-1, 1:-1], tf.stack([dy, dx])


_compiled_interpolate = tf.function(_interpolate, jit_compile=True)
_compiled_gradients = tf.function(_gradients, jit_compile=True)


def sample(inputs: tf.Tensor, positions: tf.Tensor, compiled: bool = False) -> tf.Tensor:
  """Reads each channel of a map at fractional positions, bilinearly.

  The gradient is computed anew from the inputs: nothing but them is kept
  between the forward and the backward pass.

  Args:
    inputs: [B, h, w, K] float32.
    positions: [2, B, h, w, P, K] float32, rows and columns in cells, a position
      per cell, tap and channel.
    compiled: let XLA fuse the ops of either pass into one loop, two to three
      times as fast. Exported graphs need the ops themselves.
  Returns:
    [B, h, w, P, K] float32; zero outside the map.
  """
  forward = _compiled_interpolate if compiled else _interpolate
  backward = _compiled_gradients if compiled else _gradients

  @tf.custom_gradient
  def sampled(inputs: tf.Tensor, positions: tf.Tensor) -> Tuple[tf.Tensor, Callable]:
    return forward(inputs, positions), lambda upstream: backward(inputs, positions, upstream)

  return sampled(inputs, positions)


@tf.keras.utils.register_keras_serializable("ppn_tf")
class DeformableConv2D(tf.keras.layers.Layer):
  """The sum of deformable convolutions with several dilation rates (Eqs. 4, 5).

  Called on [map [B, h, w, K], offsets of the first rate, of the second, ...].
  Offsets are [B, h, w, 2 * kernel_size**2 * K] float32 in cells: first all dy,
  then all dx; within them tap by tap (row by row), within a tap channel by
  channel, each channel having its own offsets. Stride 1, zero padding, no bias.

  Attributes:
    filters: channels of the result.
    kernel_size: rows and columns of each kernel, odd.
    dilations: the dilation rate of each kernel.
    scale: factor on the result; 1 / len(dilations) makes the sum a mean.
    identity_gain: the identity initializer's factor on the map.
    kernel: [len(dilations), kernel_size**2, K, filters]; starts as the
      identity, so that without offsets each kernel copies its map.
  """

  def __init__(
    self,
    filters: int,
    kernel_size: int = 3,
    dilations: Sequence[int] = (1,),
    scale: float = 1.0,
    kernel_initializer: Any = "identity",
    identity_gain: float = 1.0,
    **kwargs: Any,
  ):
    super().__init__(**kwargs)
    if kernel_size % 2 == 0:
      raise ValueError(f"kernel_size must be odd. Received: {kernel_size}")
    if not dilations or min(dilations) < 1:
      raise ValueError(f"dilations must be one or more rates >= 1. Received: {dilations}")
    self.filters = filters
    self.kernel_size = kernel_size
    self.dilations = tuple(dilations)
    self.scale = scale
    self.kernel_initializer = kernel_initializer
    self.identity_gain = identity_gain

  def build(self, input_shape: List[tf.TensorShape]) -> None:
    channels = input_shape[0][-1]
    taps = self.kernel_size**2
    shape = (len(self.dilations), taps, channels, self.filters)
    initializer = self.kernel_initializer
    if initializer == "identity":
      if channels != self.filters:
        raise ValueError(
          "the identity initializer needs as many filters as the map has channels. "
          f"Received: filters={self.filters}, channels={channels}"
        )
      identity = np.zeros(shape, np.float32)
      identity[:, taps // 2] = self.identity_gain * np.eye(channels)
      initializer = tf.keras.initializers.Constant(identity)
    self.kernel = self.add_weight("kernel", shape, initializer=initializer)
    super().build(input_shape)

  def call(self, inputs: List[tf.Tensor], training: bool = False) -> tf.Tensor:
    source, offsets = inputs[0], inputs[1:]
    height, width, channels = source.shape[1:]
    taps = self.kernel_size**2
    shape = [-1, height, width, taps, channels]
    halves = [tf.split(offset, 2, axis=-1) for offset in offsets]
    dy = tf.concat([tf.reshape(half[0], shape) for half in halves], axis=3)
    dx = tf.concat([tf.reshape(half[1], shape) for half in halves], axis=3)
    tap_dy, tap_dx = tap_offsets(self.kernel_size, self.dilations).T[:, None, None, :, None]
    rows = np.arange(height, dtype=np.float32)[:, None, None, None] + tap_dy
    columns = np.arange(width, dtype=np.float32)[None, :, None, None] + tap_dx
    samples = sample(source, tf.stack([dy + rows, dx + columns]), compiled=bool(training))
    samples = tf.reshape(samples, [-1, height, width, len(self.dilations) * taps * channels])
    kernel = tf.reshape(self.kernel * self.scale, [1, 1, -1, self.filters])
    return tf.nn.conv2d(samples, kernel, 1, "VALID")

  def compute_output_shape(self, input_shape: List[tf.TensorShape]) -> tf.TensorShape:
    return tf.TensorShape([*input_shape[0][:-1], self.filters])

  def get_config(self) -> Dict[str, Any]:
    return {
      **super().get_config(),
      "filters": self.filters,
      "kernel_size": self.kernel_size,
      "dilations": self.dilations,
      "scale": self.scale,
      "kernel_initializer": self.kernel_initializer,
      "identity_gain": self.identity_gain,
    }
