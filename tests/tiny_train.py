"""`python -m ppn_tf.train` with a backbone that is built in no time in MobileNetV2's place."""

from typing import Tuple

from ppn_tf import doors
from ppn_tf.models import pose_net

import tensorflow as tf


def tiny(image_size: Tuple[int, int]) -> Tuple[tf.Tensor, tf.Tensor]:
  """Frames and features of stride 32, with batch norms."""
  layers = tf.keras.layers
  frames = tf.keras.Input((*image_size, 3))
  features = layers.Rescaling(1.0 / 127.5, offset=-1.0)(frames)
  for stride in (8, 4):
    features = layers.AveragePooling2D(stride)(features)
    features = layers.Conv2D(16, 3, padding="same", use_bias=False)(features)
    features = layers.ReLU()(layers.BatchNormalization()(features))
  return frames, features


if __name__ == "__main__":
  pose_net.BACKBONES["mobilenet_v2_0.35"] = tiny

  from ppn_tf import train

  doors.run(train.main)
