"""How batch norms behave while training on small batches."""

import tensorflow as tf


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
