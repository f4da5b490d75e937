"""Runs a command with a backbone that builds quickly: `python -m tests.tiny_backbone COMMAND`.

The backbone replaces the smallest MobileNetV2. COMMAND is a module, such as ppn_tf.train,
followed by its flags.
"""

import runpy
import sys
from typing import Tuple

from ppn_tf.models import pose_net

import tensorflow as tf


def tiny(image_size: Tuple[int, int], width: int = 16) -> Tuple[tf.Tensor, tf.Tensor]:
  """Returns frames and features of stride 32 and `width` channels, computed with batch norms."""
  layers = tf.keras.layers
  frames = tf.keras.Input((*image_size, 3))
  features = layers.Rescaling(1.0 / 127.5, offset=-1.0)(frames)
  for stride in (8, 4):
    features = layers.AveragePooling2D(stride)(features)
    convolution = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"conv_{stride}")
    features = convolution(features)
    features = layers.ReLU()(layers.BatchNormalization(name=f"bn_{stride}")(features))
  return frames, features


if __name__ == "__main__":
  pose_net.BACKBONES["mobilenet_v2_0.35"] = tiny
  runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
