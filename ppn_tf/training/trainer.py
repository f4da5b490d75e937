"""The training step: T frames through the recurrence, Eq. 1, Adam."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ppn_tf.keypoints import heatmaps
from ppn_tf.models.ppn import Framewise
from ppn_tf.training import losses
from ppn_tf.training.optimizer import FusedAdam

import tensorflow as tf

Batch = Mapping[str, tf.Tensor]


class LinearDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
  """A learning rate that falls linearly to zero, after steps in which it rises to that line."""

  def __init__(self, learning_rate: float, num_steps: int, warmup_steps: int = 0):
    self.learning_rate = learning_rate
    self.num_steps = num_steps
    self.warmup_steps = warmup_steps

  def __call__(self, step: tf.Tensor) -> tf.Tensor:
    left = tf.maximum(1.0 - tf.cast(step, tf.float32) / max(self.num_steps, 1), 0.0)
    return self.learning_rate * left * self.risen(step)

  def risen(self, step: tf.Tensor) -> tf.Tensor:
    """What part of the rate has been reached."""
    return tf.minimum((tf.cast(step, tf.float32) + 1.0) / max(self.warmup_steps, 1), 1.0)

  def get_config(self) -> Dict[str, Any]:
    names = ("learning_rate", "num_steps", "warmup_steps")
    return {name: getattr(self, name) for name in names}


class StepDecay(LinearDecay):
  """A learning rate that falls to a tenth at each of some steps, after the same rise."""

  def __init__(self, learning_rate: float, drops: Sequence[int], warmup_steps: int = 0):
    super().__init__(learning_rate, 0, warmup_steps)
    self.drops = list(drops)

  def __call__(self, step: tf.Tensor) -> tf.Tensor:
    fallen = tf.reduce_sum(tf.cast(tf.cast(step, tf.int64) >= self.drops, tf.float32))
    return self.learning_rate * self.risen(step) * 0.1**fallen

  def get_config(self) -> Dict[str, Any]:
    names = ("learning_rate", "drops", "warmup_steps")
    return {name: getattr(self, name) for name in names}


class Trainer(tf.Module):
  """A model, its optimizer, and the running means of what is reported.

  All of it is in one checkpoint, so a run that is stopped anywhere goes on as
  if it had not been.

  Made in the scope of a strategy of tf.distribute, it trains on all replicas: a
  batch is then what the strategy made of it, a part for each replica.

  Attributes:
    strategy: the strategy; TensorFlow's default one, of one replica, outside of any.
    model: PPN or its frame-wise twin.
    optimizer: Adam; its learning rate is `schedule`.
    schedule: LinearDecay, or StepDecay where there are `drops`.
    scales_loss: whether it multiplies the loss, for networks in float16.
    step: int64 variable, training steps done.
    means: running means since they were last read, by name.
    clip_norm: gradients of a greater norm, all together, are scaled down to it; 0 never.
    accumulation: parts that a batch is computed in, one after the other, for
      less memory. The loss is the whole batch's; batch norms see a part.

  The learning rate of `slow_layers` is multiplied with `slow_rate`. Of a `teacher`, a network
  that stays as it is, the heatmaps are learned, of all joints, in place of the labels'.
  """

  def __init__(
    self,
    model: Framewise,
    *,
    num_steps: int,
    learning_rate: float = 1e-4,
    weight_decay: float = 1e-5,
    sigma: float = 2.0,
    warmup_steps: int = 0,
    drops: Sequence[int] = (),
    clip_norm: float = 0.0,
    accumulation: int = 1,
    slow_layers: Sequence[tf.keras.layers.Layer] = (),
    slow_rate: float = 1.0,
    teacher: Optional[Framewise] = None,
  ):
    super().__init__(name="trainer")
    # A function, of which checkpoints know nothing.
    self._teach = None if teacher is None else lambda frames: teacher.unroll(frames)
    self.strategy = tf.distribute.get_strategy()
    self.clip_norm = clip_norm
    self.accumulation = accumulation
    self.model = model
    self.sigma = sigma
    self.weight_decay = weight_decay
    self.schedule = LinearDecay(learning_rate, num_steps, warmup_steps)
    if drops:
      self.schedule = StepDecay(learning_rate, drops, warmup_steps)
    self.optimizer = FusedAdam(self.schedule)
    self.optimizer.slow_down([v for layer in slow_layers for v in layer.weights], slow_rate)
    layers = [layer for network in model.networks for layer in network.layers]
    self.scales_loss = any(layer.compute_dtype == "float16" for layer in layers)
    if self.scales_loss:
      # Gradients of heatmap losses are small, and below 6e-8 float16 has only zero.
      self.optimizer = tf.keras.mixed_precision.LossScaleOptimizer(self.optimizer)
    self.optimizer.build(model.trainable_variables)
    self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
    self.means = {
      name: tf.keras.metrics.Mean(name) for name in ("loss", "loss_first", "loss_final", "pck")
    }

  @tf.function
  def train_step(self, batch: Batch, stop: tf.Tensor = 0.0) -> tf.Tensor:
    """One step of Adam on a batch as `pipeline.training_batches` gives it.

    Args:
      batch: the batch, or each replica's part of it.
      stop: anything but 0 tells all processes that train together.
    Returns:
      The sum of `stop` over all replicas.
    Raises:
      tf.errors.InvalidArgumentError: the loss is not finite; the variables that
        are trained, and the optimizer, are as they were.
    """
    loss, told = self.strategy.run(self._step_of_replica, args=(batch, stop))
    with tf.control_dependencies(self.strategy.experimental_local_results(loss)):
      self.step.assign_add(1)
    return self.strategy.experimental_local_results(told)[0]

  def _step_of_replica(self, batch: Batch, stop: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    """The loss of all replicas, checked, and their `stop`."""
    counts = tf.reduce_sum(self._weights(batch), axis=[0, 2])
    counts, told = _sum_over_replicas([counts, tf.identity(stop)])
    first_part, final_part, gradients = self._gradients(batch, counts)
    first_part, final_part, *gradients = _sum_over_replicas([first_part, final_part, *gradients])
    loss = first_part + final_part
    # Whatever is assigned waits for the check.
    with tf.control_dependencies([tf.debugging.check_numerics(loss, "the loss is not finite")]):
      self._apply([tf.identity(gradient) for gradient in gradients])
      loss = tf.identity(loss)
    self.means["loss"].update_state(loss)
    self.means["loss_first"].update_state(first_part)
    self.means["loss_final"].update_state(final_part)
    return loss, told

  def _apply(self, gradients: List[tf.Tensor]) -> None:
    """Adam with weight decay as a term of the gradient, as in the paper's ancestors."""
    variables = self.model.trainable_variables
    if self.scales_loss:
      gradients = self.optimizer.get_unscaled_gradients(gradients)
    gradients = [g + self.weight_decay * v for g, v in zip(gradients, variables)]
    if self.clip_norm:
      gradients, _ = tf.clip_by_global_norm(gradients, self.clip_norm)
    # They are summed over replicas already: decay and norm are of the whole.
    self.optimizer.apply_gradients(zip(gradients, variables), skip_gradients_aggregation=True)

  def _gradients(
    self, batch: Batch, counts: tf.Tensor
  ) -> Tuple[tf.Tensor, tf.Tensor, List[tf.Tensor]]:
    """Eq. 1's two parts and its gradients, which are summed up over parts of the batch."""
    if self.accumulation == 1:
      return self._gradients_of_part(batch, counts)
    parts = {
      name: tf.reshape(value, [self.accumulation, -1, *value.shape[1:]])
      for name, value in batch.items()
    }
    first, final = tf.constant(0.0), tf.constant(0.0)
    total = [tf.zeros_like(variable) for variable in self.model.trainable_variables]
    # A loop of the graph, not of Python: each turn's activations are gone before the next.
    for number in tf.range(self.accumulation):
      part = {name: value[number] for name, value in parts.items()}
      part_first, part_final, gradients = self._gradients_of_part(part, counts)
      first, final = first + part_first, final + part_final
      total = [one + other for one, other in zip(total, gradients)]
    return first, final, total

  def _gradients_of_part(
    self, part: Batch, counts: tf.Tensor
  ) -> Tuple[tf.Tensor, tf.Tensor, List[tf.Tensor]]:
    model = self.model
    first_target, targets = self._targets(part)
    with tf.GradientTape() as tape:
      maps = model.unroll(part["frames"], training=True)
      first_part, final_part = losses.clip_loss(
        maps.initial, maps.final, targets, self._weights(part), counts, first_target
      )
      loss = first_part + final_part
      minimized = self.optimizer.get_scaled_loss(loss) if self.scales_loss else loss
    keypoints, _ = heatmaps.decode(maps.final, model.stride, "argmax")
    distance = tf.norm(keypoints - part["keypoints"], axis=-1)
    right = tf.cast(distance <= 0.2 * part["torso"][..., None], tf.float32)
    self.means["pck"].update_state(100.0 * right, sample_weight=part["weights"])
    return first_part, final_part, tape.gradient(minimized, model.trainable_variables)

  def _targets(self, part: Batch) -> Tuple[Optional[tf.Tensor], tf.Tensor]:
    """What the initial heatmaps are to be, [B, h, w, K], and the final ones, [B, T, h, w, K].

    None in the first's place: the first frame's.
    """
    if self._teach is None:
      model = self.model
      size = model.heatmap_size
      return None, heatmaps.encode(part["keypoints"], size, model.stride, self.sigma)
    shown = self._teach(part["frames"])
    return shown.initial, shown.final

  def _weights(self, part: Batch) -> tf.Tensor:
    """Which joints count, [B, T, K]."""
    return part["weights"] if self._teach is None else tf.ones_like(part["weights"])

  def read_means(self) -> Dict[str, float]:
    """The running means (loss parts, PCK-torso in percent), which start anew."""
    values = {name: float(mean.result()) for name, mean in self.means.items()}
    for mean in self.means.values():
      mean.reset_state()
    return {**values, "learning_rate": float(self.schedule(self.step))}


def _sum_over_replicas(values: List[tf.Tensor]) -> List[tf.Tensor]:
  context = tf.distribute.get_replica_context()
  if context.num_replicas_in_sync == 1:
    return values
  return context.all_reduce(tf.distribute.ReduceOp.SUM, values)


def clips_not_finite(model: Framewise, batch: Batch) -> List[bool]:
  """Which clips of a batch, each by itself, give heatmaps or targets that are not finite."""
  bad = []
  for number in range(len(batch["frames"])):
    maps = model.unroll(batch["frames"][number : number + 1]).final
    counted = batch["keypoints"][number][batch["weights"][number] > 0]
    finite = [tf.reduce_all(tf.math.is_finite(value)) for value in (maps, counted)]
    bad.append(not all(map(bool, finite)))
  return bad
