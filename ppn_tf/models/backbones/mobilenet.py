"""MobileNetV2 as flat feature extractors: of stride 32, and of stride 4 with a feature pyramid."""

from typing import Tuple

from ppn_tf.models.layers.batch_norm import batch_norm

import tensorflow as tf

_layers = tf.keras.layers
# Widths of the pyramid at strides 32, 16, 8 and 4, and of its output features.
_PYRAMID_WIDTHS = (64, 32, 24, 24)
_LAST_WIDTH = 1280  # of MobileNetV2; Keras widens it where alpha > 1
PYRAMID_FEATURES = 96
# The last blocks of strides 16, 8 and 4.
_LATERALS = ("block_9_add", "block_5_add", "block_2_add")


def mobilenet_v2(image_size: Tuple[int, int], alpha: float = 1.0) -> Tuple[tf.Tensor, tf.Tensor]:
  """Builds MobileNetV2 (Sandler et al., CVPR 2018) without its last 1x1 convolution.

  Args:
    image_size: (H, W) in pixels.
    alpha: width multiplier.
  Returns:
    Keras tensors: frames [B, H, W, 3] float32, 0..255, and their features
    [B, H/32, W/32, 320 * alpha] float32.
  """
  frames, network = _whole_network(image_size, alpha)
  return frames, network.get_layer("block_16_project_BN").output


def mobilenet_v2_fpn(
  image_size: Tuple[int, int], alpha: float = 1.0
) -> Tuple[tf.Tensor, tf.Tensor]:
  """Builds MobileNetV2 with a feature pyramid (Lin et al., CVPR 2017), as in MoveNet.

  From stride 32 to stride 4, each level enlarges the features twofold and adds MobileNetV2's
  features of that stride through a 1x1 convolution. A separable 3x3 convolution follows.

  Args:
    image_size: (H, W) in pixels.
    alpha: width multiplier of all but the last convolution: 1 in MoveNet Lightning, 1.75 in
      Thunder.
  Returns:
    Keras tensors: frames [B, H, W, 3] float32, 0..255, and their features
    [B, H/4, W/4, 96] float32.
  """
  frames, network = _whole_network(image_size, alpha)
  outputs = network.get_layer("block_16_project_BN").output
  outputs = _layers.Conv2D(_LAST_WIDTH, 1, use_bias=False, name="Conv_1")(outputs)
  outputs = _layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name="Conv_1_bn")(outputs)
  outputs = _layers.ReLU(6.0, name="out_relu")(outputs)
  outputs = _layers.Conv2D(_PYRAMID_WIDTHS[0], 1, name="fpn_top")(outputs)
  for number, lateral in enumerate(_LATERALS, 1):
    enlarged = _layers.UpSampling2D(2, interpolation="bilinear", name=f"fpn_{number}_grow")(outputs)
    lateral_features = _layers.Conv2D(enlarged.shape[-1], 1, name=f"fpn_{number}_lateral")(
      network.get_layer(lateral).output
    )
    outputs = _layers.Add(name=f"fpn_{number}_add")([enlarged, lateral_features])
    outputs = separable(outputs, _PYRAMID_WIDTHS[number], f"fpn_{number}")
  return frames, separable(outputs, PYRAMID_FEATURES, "fpn_features")


def _whole_network(image_size: Tuple[int, int], alpha: float) -> Tuple[tf.Tensor, tf.keras.Model]:
  """Builds an input of frames, and MobileNetV2 on it."""
  frames = tf.keras.Input((*image_size, 3), name="frame")
  scaled = _layers.Rescaling(1.0 / 127.5, offset=-1.0, name="scale_pixels")(frames)
  return frames, tf.keras.applications.MobileNetV2(
    input_tensor=scaled, alpha=alpha, include_top=False, weights=None
  )


def separable(inputs: tf.Tensor, filters: int, name: str) -> tf.Tensor:
  """Builds a depthwise 3x3 and a 1x1 convolution with batch norm and ReLU."""
  outputs = _layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_depthwise")(
    inputs
  )
  outputs = _layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_pointwise")(outputs)
  outputs = batch_norm(f"{name}_bn")(outputs)
  return _layers.ReLU(name=f"{name}_relu")(outputs)
