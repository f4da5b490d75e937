"""Batch norms: how this project's own are made, and how they behave in training."""

import tensorflow as tf

# The ancestors' frameworks'. Keras' own 0.001 is above the variance of what kernels drawn from
# N(0, 0.001) give, and would keep those layers from learning.
EPSILON = 1e-5


def batch_norm(name: str) -> tf.keras.layers.Layer:
  """A batch norm as HRNet, Simple Baselines and PoseWarper have it."""
  return tf.keras.layers.BatchNormalization(epsilon=EPSILON, name=name)


def set_momentum(network: tf.keras.Model, momentum: float) -> None:
  """Sets how slowly the moving statistics follow: short runs need a small value."""
  for layer in network.layers:
    if isinstance(layer, tf.keras.layers.BatchNormalization):
      layer.momentum = momentum


def freeze(network: tf.keras.Model) -> None:
  """Keeps statistics, scales and shifts as they are, and uses them in training too.

  Networks whose batch norms were folded into convolutions want this: their
  statistics are not those of their activations.
  """
  for layer in network.layers:
    if isinstance(layer, tf.keras.layers.BatchNormalization):
      layer.trainable = False


def synchronize(network: tf.keras.Model) -> None:
  """Takes a batch's statistics over all replicas of tf.distribute, for networks built already.

  Frozen batch norms take none and stay as they are. Keras refuses `synchronized`
  together with `fused`, the one kernel for mean, variance and scaling.
  """
  for layer in network.layers:
    if isinstance(layer, tf.keras.layers.BatchNormalization) and layer.trainable:
      layer.synchronized, layer.fused = True, False
