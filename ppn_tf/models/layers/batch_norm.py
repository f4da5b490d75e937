"""Batch norms of this project's layers, and their behavior in training."""

import tensorflow as tf

# As in the frameworks of HRNet and PoseWarper. Keras' default, 0.001, is larger than the variance
# behind kernels drawn from N(0, 0.001), and would keep these layers from learning.
EPSILON = 1e-5


def batch_norm(name: str) -> tf.keras.layers.Layer:
  """Creates a batch norm as in HRNet, Simple Baselines and PoseWarper."""
  return tf.keras.layers.BatchNormalization(epsilon=EPSILON, name=name)


def set_momentum(network: tf.keras.Model, momentum: float) -> None:
  """Sets the momentum of moving statistics; short runs need a small value."""
  for layer in network.layers:
    if isinstance(layer, tf.keras.layers.BatchNormalization):
      layer.momentum = momentum


def freeze(network: tf.keras.Model) -> None:
  """Freezes scales, shifts and moving statistics, and uses the latter in training too.

  Networks whose batch norms were folded into convolutions require this: their statistics are not
  those of their activations.
  """
  for layer in network.layers:
    if isinstance(layer, tf.keras.layers.BatchNormalization):
      layer.trainable = False


def synchronize(network: tf.keras.Model) -> None:
  """Makes batch norms of a built network use statistics over all replicas of tf.distribute.

  Frozen batch norms use no batch statistics and remain unchanged. Keras refuses `synchronized`
  together with `fused`, the one kernel for mean, variance and scaling.
  """
  for layer in network.layers:
    if isinstance(layer, tf.keras.layers.BatchNormalization) and layer.trainable:
      layer.synchronized, layer.fused = True, False
