"""Random weights like those of a trained network, with batch-norm statistics."""

import numpy as np

import tensorflow as tf


def randomize(network: tf.keras.Model, seed: int = 0) -> None:
  """Sets random weights in every layer of a network, which keep activations near 1."""
  rng = np.random.default_rng(seed)
  for layer in network.layers:
    weights = layer.get_weights()
    if isinstance(layer, tf.keras.layers.BatchNormalization):
      gamma, beta, mean, variance = weights
      weights = [
        rng.uniform(0.5, 1.0, gamma.shape),
        rng.normal(0.0, 0.2, beta.shape),
        rng.normal(0.0, 0.2, mean.shape),
        rng.uniform(0.5, 2.0, variance.shape),
      ]
    elif weights:
      fan_in = max(1, np.prod(weights[0].shape[:3]))
      weights = [rng.normal(0.0, (2.0 / fan_in) ** 0.5, weights[0].shape)] + [
        rng.normal(0.0, 0.2, bias.shape) for bias in weights[1:]
      ]
    layer.set_weights(weights)
