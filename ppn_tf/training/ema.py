"""A moving average of a network's weights over the steps of its training."""

from typing import List, Tuple

from ppn_tf.models.ppn import Framewise

import tensorflow as tf


class WeightAverage:
  """Keeps a second model whose weights are the average of those that a model has had.

  Batch norms' moving statistics are averaged too: they belong to the weights of
  their time. The momentum rises as (1 + step) / (10 + step), so that a short
  run's average is not of its beginning.

  Attributes:
    averaged: the second model.
    momentum: what the momentum rises to.
  """

  def __init__(self, model: Framewise, averaged: Framewise, momentum: float):
    """Begins with the weights as they are.

    Args:
      model: the model in training.
      averaged: another one of the same flags; its weights are overwritten.
      momentum: from 0, which copies the model, to below 1.
    """
    self.averaged = averaged
    self.momentum = momentum
    self._pairs: List[Tuple[tf.Variable, tf.Variable]] = []
    for target, source in zip(averaged.networks, model.networks):
      self._pairs += zip(target.variables, source.variables)
    for target, source in self._pairs:
      target.assign(source)

  @tf.function
  def update(self, step: tf.Tensor) -> None:
    """Takes in the weights after a step, which are counted from 1."""
    step = tf.cast(step, tf.float32)
    rest = 1.0 - tf.minimum(self.momentum, (1.0 + step) / (10.0 + step))
    for target, source in self._pairs:
      target.assign_add(tf.cast(rest, target.dtype) * (source - target))
