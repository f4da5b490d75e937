"""Deformable convolution by the resampler of TensorFlow Addons, a compiled op.

It is for training only: XLA and TFLite lack the op, and a SavedModel with it requires TensorFlow
Addons.
"""

import importlib.util

import numpy as np

from ppn_tf.models.layers import deform_gather
from ppn_tf.models.layers.deform_gather import MapSize

import tensorflow as tf


def available() -> bool:
  """Returns whether TensorFlow Addons is installed; TensorFlow 2.16 and later have none."""
  return importlib.util.find_spec("tensorflow_addons") is not None


@tf.autograph.experimental.do_not_convert
def convolve(
  inputs: tf.Tensor, offsets: tf.Tensor, kernel: tf.Tensor, taps: np.ndarray
) -> tf.Tensor:
  """Computes `deform_gather.convolve`.

  The resampler reads all channels of a map at one position. Here each channel has its own
  positions, so each becomes a separate map.
  """
  import tensorflow_addons as tfa  # half a second, and prints a message

  size = MapSize(*inputs.shape[1:])
  num_taps = kernel.shape[0] // size.channels
  flat = tf.reshape(offsets, [-1, size.height * size.width, offsets.shape[-1]])
  rows, columns = (deform_gather.positions(flat, taps, size, axis)[0] for axis in (0, 1))
  places = tf.stack([columns, rows], axis=-1)
  places = tf.reshape(places, [-1, size.height * size.width * num_taps, size.channels, 2])
  places = tf.reshape(tf.transpose(places, [0, 2, 1, 3]), [-1, places.shape[1], 2])
  maps = tf.reshape(tf.transpose(inputs, [0, 3, 1, 2]), [-1, size.height, size.width, 1])
  read = tf.reshape(tfa.image.resampler(maps, places), [-1, size.channels, places.shape[1]])
  read = tf.reshape(tf.transpose(read, [0, 2, 1]), [-1, kernel.shape[0]])
  # The resampler returns 0 for NaN.
  undefined = tf.reshape(tf.math.is_nan(rows) | tf.math.is_nan(columns), tf.shape(read))
  read = tf.where(undefined, np.nan, read)
  outputs = tf.matmul(read, kernel)
  return tf.reshape(outputs, [-1, size.height, size.width, kernel.shape[1]])
