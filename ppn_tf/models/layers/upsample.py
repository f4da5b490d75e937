"""Upsampling by 2: dense upsampling convolution (DUC), separable DUC, and deconvolution."""

from typing import Any, Dict, Sequence

from ppn_tf.models.layers.batch_norm import batch_norm

import tensorflow as tf


@tf.keras.utils.register_keras_serializable("ppn_tf")
class DepthToSpace(tf.keras.layers.Layer):
  """Rearranges [B, h, w, C * block_size**2] to [B, h * block_size, w * block_size, C]."""

  def __init__(self, block_size: int = 2, **kwargs: Any):
    super().__init__(**kwargs)
    self.block_size = block_size

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    return tf.nn.depth_to_space(inputs, self.block_size)

  def get_config(self) -> Dict[str, Any]:
    return {**super().get_config(), "block_size": self.block_size}


def duc(inputs: tf.Tensor, filters: int, name: str) -> tf.Tensor:
  """Upsamples by dense upsampling convolution (Wang et al., WACV 2018).

  A 3x3 convolution computes four cells, which depth_to_space spreads out.

  Returns:
    [B, 2h, 2w, filters].
  """
  return _dense_upsampling(inputs, filters, 3, name)


def separable_duc(inputs: tf.Tensor, filters: int, name: str) -> tf.Tensor:
  """Upsamples by DUC with a depthwise and a 1x1 convolution, as in MobileNets.

  With c input channels, a cell costs 9 c + 4 c * filters multiply-accumulates, instead of
  36 c * filters with DUC.

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
  """Computes four cells for each by a convolution; depth_to_space spreads them out."""
  outputs = tf.keras.layers.Conv2D(
    4 * filters, kernel_size, padding="same", use_bias=False, name=f"{name}_conv"
  )(inputs)
  outputs = batch_norm(f"{name}_bn")(outputs)
  outputs = tf.keras.layers.ReLU(name=f"{name}_relu")(outputs)
  return DepthToSpace(2, name=f"{name}_shuffle")(outputs)


def deconv(inputs: tf.Tensor, filters: int, name: str) -> tf.Tensor:
  """Upsamples by a 4x4 transposed convolution of stride 2 (Simple Baselines).

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
  """Builds a chain of 2x units, one for each of `widths` (output channels).

  Raises:
    ValueError: `method` is not one of UPSAMPLINGS.
  """
  if method not in UPSAMPLINGS:
    raise ValueError(f"method must be one of {sorted(UPSAMPLINGS)}. Received: {method!r}")
  outputs = inputs
  for number, width in enumerate(widths, 1):
    outputs = UPSAMPLINGS[method](outputs, width, name=f"{method}_{number}")
  return outputs
