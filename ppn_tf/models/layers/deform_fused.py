"""Deformable convolution for training: XLA fuses the sampling, and no intermediates are kept.

Op by op, every intermediate of the sampling has P * C values per cell and is kept for the
gradient. Here the gradient recomputes them from map and offsets, in XLA programs small enough to
be one loop each.
"""

from typing import Callable, Sequence, Tuple

import numpy as np

from ppn_tf.models.layers import deform_gather
from ppn_tf.models.layers.deform_gather import MapSize

import tensorflow as tf


def _slope(
  along: tf.Tensor,
  cross: tf.Tensor,
  offsets: tf.Tensor,
  taps: tf.Tensor,
  upstream: tf.Tensor,
  size: MapSize,
  axis: int,
) -> tf.Tensor:
  """Computes the gradient of offsets along one axis; zero where they lead out of the map."""
  index, *fractions = deform_gather.cells(offsets, taps, size)
  position, extent = deform_gather.positions(offsets, taps, size, axis)
  inside = tf.cast((position > -1.0) & (position < float(extent)), tf.float32)
  slope = tf.gather(along, index) + fractions[1 - axis] * tf.gather(cross, index)
  return upstream * slope * inside


def _moments(
  offsets: tf.Tensor, taps: tf.Tensor, upstream: tf.Tensor, size: MapSize
) -> Tuple[tf.Tensor, ...]:
  """Returns indices, and the gradient of difference maps there: upstream times fx, fy, fx * fy."""
  index, fy, fx = deform_gather.cells(offsets, taps, size)
  return index, upstream * fx, upstream * fy, upstream * fx * fy


# One compiled program per function, shared by all dilation rates of a map size.
_samples = tf.function(deform_gather.samples, jit_compile=True, autograph=False)
_compiled_slope = tf.function(_slope, jit_compile=True, autograph=False)
_compiled_moments = tf.function(_moments, jit_compile=True, autograph=False)


def _scatter(index: tf.Tensor, weights: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
  """Sums weights by index; returns a [size] tensor."""
  index, weights = tf.reshape(index, [-1]), tf.reshape(weights, [-1])
  if tf.config.list_physical_devices("GPU"):
    return tf.math.unsorted_segment_sum(weights, index, size)
  # On a CPU, a weighted histogram is six times as fast. One thread sums a row of a matrix, always
  # in the same order; other threads are busy with other rates and moments.
  return tf.raw_ops.DenseBincount(input=index[None], size=size, weights=weights[None])[0]


@tf.autograph.experimental.do_not_convert
def convolve(
  inputs: tf.Tensor, offsets: tf.Tensor, kernel: tf.Tensor, taps: np.ndarray
) -> tf.Tensor:
  """Computes `deform_gather.convolve`, with less time and memory under a gradient tape."""
  size = MapSize(*inputs.shape[1:])
  taps = tf.constant(taps)

  @tf.custom_gradient
  def convolved(
    value: tf.Tensor,
    right: tf.Tensor,
    down: tf.Tensor,
    cross: tf.Tensor,
    offsets: tf.Tensor,
    kernel: tf.Tensor,
  ) -> Tuple[tf.Tensor, Callable]:
    def read() -> tf.Tensor:
      samples = _samples((value, right, down, cross), offsets, taps, size)
      return tf.reshape(samples, [-1, kernel.shape[0]])

    def gradient(upstream: tf.Tensor) -> Sequence[tf.Tensor]:
      by_kernel = tf.matmul(read(), upstream, transpose_a=True)
      by_samples = tf.matmul(upstream, kernel, transpose_b=True)
      by_samples = tf.reshape(by_samples, [-1, size.height * size.width, kernel.shape[0]])
      by_offsets = [
        _compiled_slope(along, cross, offsets, taps, by_samples, size, axis)
        for axis, along in enumerate((down, right))
      ]
      index, *moments = _compiled_moments(offsets, taps, by_samples, size)
      by_maps = [_scatter(index, weights, tf.size(value)) for weights in (by_samples, *moments)]
      return *by_maps, tf.concat(by_offsets, axis=-1), by_kernel

    return tf.matmul(read(), kernel), gradient

  flat = tf.reshape(offsets, [-1, size.height * size.width, offsets.shape[-1]])
  outputs = convolved(*deform_gather.difference_maps(inputs), flat, kernel)
  return tf.reshape(outputs, [-1, size.height, size.width, kernel.shape[1]])
