"""Halves of channels: split, and shuffled as in ShuffleNet (Zhang et al., CVPR 2018)."""

from typing import Any, Tuple

import tensorflow as tf


@tf.keras.utils.register_keras_serializable("ppn_tf")
class SplitChannels(tf.keras.layers.Layer):
  """Splits [B, h, w, C] into its first and its last C / 2 channels."""

  def call(self, inputs: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    first, last = tf.split(inputs, 2, axis=-1)
    return first, last


@tf.keras.utils.register_keras_serializable("ppn_tf")
class ShuffleChannels(tf.keras.layers.Layer):
  """Interleaves both halves of the channels of [B, h, w, C].

  Cells are one axis meanwhile, since delegates of TensorFlow Lite transpose at most four axes.
  """

  def build(self, input_shape: Any) -> None:
    _, height, width, channels = input_shape
    self._cells = height * width
    self._shape = (height, width, channels)
    super().build(input_shape)

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    halves = tf.reshape(inputs, (-1, self._cells, 2, self._shape[-1] // 2))
    return tf.reshape(tf.transpose(halves, (0, 1, 3, 2)), (-1, *self._shape))
