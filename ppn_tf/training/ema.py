"""Moving average of the weights of a network over the steps of its training."""

from typing import List, Tuple

from ppn_tf.models.ppn import Framewise

import tensorflow as tf


class WeightAverage:
  """Keeps a second model whose weights are the moving average of a model in training.

  Moving statistics of batch norms are averaged too, because they belong to the weights. The
  momentum rises as (1 + step) / (10 + step), so that the average of a short run is not dominated
  by its beginning.

  Attributes:
    averaged: the second model.
    momentum: final momentum.
  """

  def __init__(self, model: Framewise, averaged: Framewise, momentum: float):
    """Copies the current weights.

    Args:
      model: model in training.
      averaged: second model with the same settings; its weights are overwritten.
      momentum: final momentum, from 0, which copies the model, to below 1.
    """
    self.averaged = averaged
    self.momentum = momentum
    self._pairs: List[Tuple[tf.Variable, tf.Variable]] = []
    for target, source in zip(averaged.networks, model.networks):
      self._pairs += zip(target.variables, source.variables)
    for target, source in self._pairs:
      target.assign(source)

  @tf.function(autograph=False)
  def update(self, step: tf.Tensor) -> None:
    """Updates the average after a step, counted from 1."""
    step = tf.cast(step, tf.float32)
    share = 1.0 - tf.minimum(self.momentum, (1.0 + step) / (10.0 + step))
    for target, source in self._pairs:
      target.assign_add(tf.cast(share, target.dtype) * (source - target))
