"""Training steps with Adam, learning-rate schedules, and running means."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ppn_tf.models.training_step import Batch, StepSettings, TrainingStep
from ppn_tf.models.video_pose_model import VideoPoseModel
from ppn_tf.training.optimizer import FusedAdam

import tensorflow as tf


class LinearDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
  """Lowers the learning rate linearly to zero, after a linear warm-up to that line."""

  def __init__(self, learning_rate: float, num_steps: int, warmup_steps: int = 0):
    self.learning_rate = learning_rate
    self.num_steps = num_steps
    self.warmup_steps = warmup_steps

  def __call__(self, step: tf.Tensor) -> tf.Tensor:
    left = tf.maximum(1.0 - tf.cast(step, tf.float32) / max(self.num_steps, 1), 0.0)
    return self.learning_rate * left * self.warm_up(step)

  def warm_up(self, step: tf.Tensor) -> tf.Tensor:
    """Returns the factor of the warm-up, up to 1."""
    return tf.minimum((tf.cast(step, tf.float32) + 1.0) / max(self.warmup_steps, 1), 1.0)

  def get_config(self) -> Dict[str, Any]:
    names = ("learning_rate", "num_steps", "warmup_steps")
    return {name: getattr(self, name) for name in names}


class StepDecay(LinearDecay):
  """Lowers the learning rate to a tenth at each of some steps, after the same warm-up."""

  def __init__(self, learning_rate: float, drops: Sequence[int], warmup_steps: int = 0):
    super().__init__(learning_rate, 0, warmup_steps)
    self.drops = list(drops)

  def __call__(self, step: tf.Tensor) -> tf.Tensor:
    num_drops = tf.reduce_sum(tf.cast(tf.cast(step, tf.int64) >= self.drops, tf.float32))
    return self.learning_rate * self.warm_up(step) * 0.1**num_drops

  def get_config(self) -> Dict[str, Any]:
    names = ("learning_rate", "drops", "warmup_steps")
    return {name: getattr(self, name) for name in names}


class Trainer(tf.Module):
  """Keeps a model, its optimizer and the running means of its reports in one checkpoint.

  A run that stops anywhere resumes as if it had not stopped.

  Created in the scope of a strategy of tf.distribute, it trains on all replicas: a
  batch is then what the strategy made of it, a part for each replica.

  Attributes:
    strategy: the strategy; TensorFlow's default one, of one replica, outside of any.
    model: PPN or Framewise.
    optimizer: Adam; its learning rate is `schedule`.
    schedule: LinearDecay, or StepDecay where there are `drops`.
    step: int64 variable, completed training steps.
    training_step: loss and update of one step.
    means: running means since they were last read, by name.
  """

  def __init__(
    self,
    model: VideoPoseModel,
    *,
    num_steps: int,
    learning_rate: float = 1e-4,
    adam_epsilon: float = 1e-7,
    warmup_steps: int = 0,
    drops: Sequence[int] = (),
    slow_layers: Tuple[Sequence[tf.keras.layers.Layer], float] = ((), 1.0),
    settings: Optional[StepSettings] = None,
    teacher: Optional[VideoPoseModel] = None,
  ):
    """Creates a trainer.

    Args:
      model: the model to train.
      num_steps: steps after which the learning rate is zero.
      learning_rate: learning rate of Adam at the start.
      adam_epsilon: constant in the denominator of Adam; by default that of Keras.
      warmup_steps: steps in which the learning rate rises.
      drops: steps at which the learning rate falls to a tenth, instead of linearly.
      slow_layers: layers, and the factor on their learning rate.
      settings: settings of the loss and the gradient; by default those of `StepSettings`.
      teacher: network whose heatmaps of all joints replace the labels as targets.
    """
    super().__init__(name="trainer")
    self.strategy = tf.distribute.get_strategy()
    self.model = model
    self.schedule = LinearDecay(learning_rate, num_steps, warmup_steps)
    if drops:
      self.schedule = StepDecay(learning_rate, drops, warmup_steps)
    optimizer = FusedAdam(self.schedule, epsilon=adam_epsilon)
    layers, factor = slow_layers
    optimizer.slow_down([v for layer in layers for v in layer.weights], factor)
    self.training_step = TrainingStep(model, optimizer, settings, teacher)
    self.optimizer = self.training_step.optimizer
    self.optimizer.build(model.trainable_variables)
    self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
    self.means = self.training_step.means

  @tf.function(autograph=False)
  @tf.autograph.experimental.do_not_convert
  def train_step(self, batch: Batch, stop: tf.Tensor = 0.0) -> tf.Tensor:
    """Trains on a batch as `pipeline.training_batches` gives it.

    Args:
      batch: the batch, or each replica's part of it.
      stop: scalar; anything but 0 tells all processes that train together.
    Returns:
      The sum of `stop` over all replicas.
    Raises:
      tf.errors.InvalidArgumentError: the loss or its gradient is not finite; trained variables and
        the optimizer are unchanged.
    """
    loss, stop = self.strategy.run(self.training_step.train, args=(batch, stop))
    with tf.control_dependencies(self.strategy.experimental_local_results(loss)):
      self.step.assign_add(1)
    return self.strategy.experimental_local_results(stop)[0]

  def read_means(self) -> Dict[str, float]:
    """Returns the running means (loss parts, PCK-torso in percent), and resets them."""
    values = {name: float(mean.result()) for name, mean in self.means.items()}
    for mean in self.means.values():
      mean.reset_state()
    return {**values, "learning_rate": float(self.schedule(self.step))}


def clips_not_finite(model: VideoPoseModel, batch: Batch) -> List[bool]:
  """Returns for each clip of a batch whether its heatmaps or targets are not finite."""
  bad = []
  for number in range(len(batch["keypoints"])):
    clip = {name: value[number : number + 1] for name, value in batch.items()}
    _, _, maps = TrainingStep.unroll(model, clip)
    counted = batch["keypoints"][number][batch["weights"][number] > 0]
    finite = [tf.reduce_all(tf.math.is_finite(value)) for value in (maps, counted)]
    bad.append(not all(map(bool, finite)))
  return bad
