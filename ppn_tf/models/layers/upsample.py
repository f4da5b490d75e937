"""2x upsampling: dense upsampling convolution (DUC), a separable one, and deconvolution."""

from typing import Any, Dict, Sequence

from ppn_tf.models.layers.batch_norm import batch_norm

import tensorflow as tf


@tf.keras.utils.register_keras_serializable("ppn_tf")
class DepthToSpace(tf.keras.layers.Layer):
  """[B, h, w, C * block_size**2] to [B, h * block_size, w * block_size, C]."""

  def __init__(self, block_size: int = 2, **kwargs: Any):
    super().__init__(**kwargs)
    self.block_size = block_size

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    return tf.nn.depth_to_space(inputs, self.block_size)

  def get_config(self) -> Dict[str, Any]:
    return {**super().get_config(), "block_size": self.block_size}


def duc(inputs: tf.Tensor, filters: int, name: str) -> tf.Tensor:
  """Dense upsampling convolution (Wang et al., WACV 2018), 2x.

  A 3x3 convolution makes the four cells that depth_to_space spreads out.

  Returns:
    [B, 2h, 2w, filters].
  """
  return _dense_upsampling(inputs, filters, 3, name)


def separable_duc(inputs: tf.Tensor, filters: int, name: str) -> tf.Tensor:
  """DUC whose 3x3 convolution is a depthwise and a 1x1 one, as in MobileNets, 2x.

  With c channels coming in, 9 c + 4 c filters multiply-accumulates a cell in
  place of DUC's 36 c filters.

  Returns:
    [B, 2h, 2w, filters].
  """
  outputs = tf.keras.layers.DepthwiseConv2D(
    3, padding="same", use_bias=False, name=f"{name}_depthwise"
  )(inputs)
  outputs = batch_norm(f"{name}_depthwise_bn")(outputs)
  outputs = tf.keras.layers.ReLU(name=f"{name}_depthwise_relu")(outputs)
  return _dense_upsampling(outputs, filters, 1, name)


def _dense_upsampling(inputs: tf.Tensor, filters: int, kernel_size: int, name: str) -> tf.Tensor:
  """A convolution makes four cells of each, which depth_to_space spreads out."""
  outputs = tf.keras.layers.Conv2D(
    4 * filters, kernel_size, padding="same", use_bias=False, name=f"{name}_conv"
  )(inputs)
  outputs = batch_norm(f"{name}_bn")(outputs)
  outputs = tf.keras.layers.ReLU(name=f"{name}_relu")(outputs)
  return DepthToSpace(2, name=f"{name}_shuffle")(outputs)


def deconv(inputs: tf.Tensor, filters: int, name: str) -> tf.Tensor:
  """A 4x4 transposed convolution of stride 2 (Simple Baselines), 2x.

  Returns:
    [B, 2h, 2w, filters].
  """
  outputs = tf.keras.layers.Conv2DTranspose(
    filters,
    4,
    2,
    padding="same",
    use_bias=False,
    kernel_initializer=tf.keras.initializers.RandomNormal(stddev=0.001),
    name=f"{name}_conv",
  )(inputs)
  outputs = batch_norm(f"{name}_bn")(outputs)
  return tf.keras.layers.ReLU(name=f"{name}_relu")(outputs)


UPSAMPLINGS = {"duc": duc, "separable_duc": separable_duc, "deconv": deconv}


def upsample(inputs: tf.Tensor, method: str, widths: Sequence[int]) -> tf.Tensor:
  """A chain of 2x units, one for each of `widths` (their output channels).

  Raises:
    ValueError: `method` is not one of UPSAMPLINGS.
  """
  if method not in UPSAMPLINGS:
    raise ValueError(f"method must be one of {sorted(UPSAMPLINGS)}. Received: {method!r}")
  outputs = inputs
  for number, width in enumerate(widths, 1):
    outputs = UPSAMPLINGS[method](outputs, width, name=f"{method}_{number}")
  return outputs
