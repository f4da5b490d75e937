"""MobileNetV2 as a flat feature extractor of stride 32."""

from typing import Tuple

import tensorflow as tf


def mobilenet_v2(image_size: Tuple[int, int], alpha: float = 1.0) -> Tuple[tf.Tensor, tf.Tensor]:
  """MobileNetV2 (Sandler et al., CVPR 2018) without its last 1x1 convolution.

  Args:
    image_size: (H, W) in pixels.
    alpha: width multiplier.
  Returns:
    Keras tensors: frames [B, H, W, 3] float32, 0..255, and their features
    [B, H/32, W/32, 320 * alpha] float32.
  """
  frames = tf.keras.Input((*image_size, 3), name="frame")
  scaled = tf.keras.layers.Rescaling(1.0 / 127.5, offset=-1.0, name="scale_pixels")(frames)
  network = tf.keras.applications.MobileNetV2(
    input_tensor=scaled, alpha=alpha, include_top=False, weights=None
  )
  return frames, network.get_layer("block_16_project_BN").output
