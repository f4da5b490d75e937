"""Training step on a batch of clips: recurrence, Eq. 1, gradient, optimizer."""

import dataclasses
import math
from typing import Dict, List, Mapping, Optional, Tuple

from ppn_tf.keypoints import heatmaps, losses

import tensorflow as tf

Batch = Mapping[str, tf.Tensor]
# Fraction of the torso within which a predicted joint is correct.
_PCK_ALPHA = 0.2


@dataclasses.dataclass(frozen=True)
class StepSettings:
  """Settings of the loss and the gradient of a step.

  Attributes:
    sigma: standard deviation of the target heatmaps in cells.
    weight_decay: factor of the L2 term in the gradient.
    clip_norm: largest global norm of the gradients, which are scaled down to it; 0: unlimited.
    accumulation: parts that a batch is computed in, to need less memory. The loss is the whole
      batch's; batch norms see one part.

  Raises:
    ValueError: a number is not finite or out of range.
  """

  sigma: float = 2.0
  weight_decay: float = 1e-5
  clip_norm: float = 0.0
  accumulation: int = 1

  def __post_init__(self) -> None:
    if not 0.0 < self.sigma < math.inf:
      raise ValueError(f"sigma must be a positive number of cells. Received: {self.sigma}")
    for name in ("weight_decay", "clip_norm"):
      value = getattr(self, name)
      if not 0.0 <= value < math.inf:
        raise ValueError(f"{name} must be a number of at least 0. Received: {value}")
    if self.accumulation < 1:
      raise ValueError(f"accumulation must be at least 1. Received: {self.accumulation}")


class TrainingStep:
  """Computes the loss of a model on a batch of clips, and updates the model.

  `fit` and `training.trainer.Trainer` both run this step. Checkpoints do not see it: its metrics
  and its optimizer belong to whoever created it.

  A batch holds frames [B, T, H, W, 3] float32, 0..255; keypoints [B, T, K, 2] float32, (x, y) in
  pixels of the frames; weights [B, T, K] float32, 0 for joints that do not count; and optionally
  torso [B, T] float32, the reference length of PCK-torso in pixels. It may hold heatmaps in place
  of frames, see `replace_frames`.

  Attributes:
    optimizer: the optimizer, with loss scaling for networks in float16.
    scales_loss: whether `optimizer` scales the loss.
    means: running means since their last reset, by name: loss, loss_first, loss_final, pck.
  """

  # Names of heatmaps in place of frames.
  HEATMAPS = ("initial", "preliminary", "initial_target", "target")

  def __init__(
    self,
    model: tf.keras.Model,
    optimizer: tf.keras.optimizers.Optimizer,
    settings: Optional[StepSettings] = None,
    teacher: Optional[tf.keras.Model] = None,
  ):
    """Creates a step in the scope of the strategy that runs it.

    Args:
      model: a VideoPoseModel.
      optimizer: updates the model's trainable variables.
      settings: settings of the loss and the gradient; by default those of `StepSettings`.
      teacher: fixed VideoPoseModel, whose heatmaps of all joints replace the labels as targets.
    """
    self._model = model
    self._settings = settings or StepSettings()
    self._teacher = teacher
    self._teacher_shares_networks = (
      teacher is not None
      and len(model.networks) == 3
      and teacher.networks[:2] == model.networks[:2]
    )
    layers = [layer for network in model.networks for layer in network.layers]
    self.scales_loss = any(layer.compute_dtype == "float16" for layer in layers)
    scaling = tf.keras.mixed_precision.LossScaleOptimizer
    if self.scales_loss and not isinstance(optimizer, scaling):
      # Gradients of heatmap losses are small, and float16 rounds those below 6e-8 to zero.
      optimizer = scaling(optimizer)
    self.optimizer = optimizer
    self.means: Dict[str, tf.keras.metrics.Mean] = {
      name: tf.keras.metrics.Mean(name) for name in ("loss", "loss_first", "loss_final", "pck")
    }

  def train(self, batch: Batch, stop: tf.Tensor = 0.0) -> Tuple[tf.Tensor, tf.Tensor]:
    """Updates the model by a batch; runs in a replica's context.

    Args:
      batch: this replica's part of the batch.
      stop: scalar float32, a number that all replicas exchange.
    Returns:
      The loss of all replicas and the sum of their `stop`, scalars.
    Raises:
      tf.errors.InvalidArgumentError: the loss or its gradient is not finite; trained variables and
        the optimizer are unchanged.
    """
    counts = tf.reduce_sum(self._get_weights(batch), axis=[0, 2])
    counts, stop = _sum_over_replicas([counts, tf.identity(stop)])
    first_part, final_part, gradients = self._compute_gradients(batch, counts)
    first_part, final_part, *gradients = _sum_over_replicas([first_part, final_part, *gradients])
    loss = first_part + final_part
    # Every assignment waits for the checks.
    with tf.control_dependencies(self._check_finite(loss, gradients)):
      self._apply([tf.identity(gradient) for gradient in gradients])
      loss = tf.identity(loss)
    self._update_means(first_part, final_part)
    return loss, stop

  def _check_finite(self, loss: tf.Tensor, gradients: List[tf.Tensor]) -> List[tf.Tensor]:
    """Returns operations that fail if the loss or its gradient is not finite."""
    finite_loss = tf.debugging.check_numerics(loss, "the loss is not finite")
    if self.scales_loss:  # loss scaling skips a step without finite gradient, and lowers the scale
      return [finite_loss]
    with tf.control_dependencies([finite_loss]):
      norm = tf.linalg.global_norm(gradients)
      return [tf.debugging.check_numerics(norm, "the gradient is not finite")]

  @staticmethod
  def unroll(
    model: tf.keras.Model, batch: Batch, training: bool = False
  ) -> Tuple[Optional[tf.Tensor], tf.Tensor, tf.Tensor]:
    """Computes heatmaps of a batch that holds frames, or heatmaps in their place.

    Args:
      model: a VideoPoseModel.
      batch: batch of a training step.
      training: whether batch statistics are used and updated.
    Returns:
      Initial [B, h, w, K] (None for a frame-wise network), preliminary and final heatmaps
      [B, T, h, w, K].
    """
    if "frames" in batch:
      maps = model.unroll(batch["frames"], training=training)
    else:
      stored = (tf.cast(batch[name], tf.float32) for name in ("initial", "preliminary"))
      maps = model.propagate_clip(*stored, training)
    return maps.initial, maps.preliminary, maps.final

  @property
  def image_size(self) -> Tuple[int, int]:
    """(H, W) of the frames in pixels."""
    return self._model.image_size

  def replace_frames(self, batch: Batch) -> Dict[str, tf.Tensor]:
    """Returns a batch of a PPN with heatmaps in place of frames, to train the PPU alone.

    `initial` [B, h, w, K] are HeadNet's, `preliminary` [B, T, h, w, K] BodyNet's; with a teacher,
    `initial_target` and `target` of these shapes are the teacher's. All are float16.
    """
    frames = batch["frames"]
    maps = self._model.unroll(frames)  # a graph does not run the PPU, whose heatmaps are not used
    replaced = {"initial": maps.initial, "preliminary": maps.preliminary}
    if self._teacher is not None:
      targets = self._get_targets(batch, maps.initial, maps.preliminary)
      replaced["initial_target"], replaced["target"] = targets
    replaced = {name: tf.cast(value, tf.float16) for name, value in replaced.items()}
    return {**{name: value for name, value in batch.items() if name != "frames"}, **replaced}

  def test(self, batch: Batch) -> None:
    """Updates the means by a batch, and leaves the model unchanged."""
    counts = tf.reduce_sum(self._get_weights(batch), axis=[0, 2])
    (counts,) = _sum_over_replicas([counts])
    first_part, final_part, final = self._compute_loss(batch, counts, training=False)
    self._update_pck(batch, final)
    self._update_means(*_sum_over_replicas([first_part, final_part]))

  def _update_means(self, first_part: tf.Tensor, final_part: tf.Tensor) -> None:
    self.means["loss"].update_state(first_part + final_part)
    self.means["loss_first"].update_state(first_part)
    self.means["loss_final"].update_state(final_part)

  def _apply(self, gradients: List[tf.Tensor]) -> None:
    """Applies gradients with weight decay as one of their terms, as in the paper's ancestors."""
    variables = self._model.trainable_variables
    if self.scales_loss:
      gradients = self.optimizer.get_unscaled_gradients(gradients)
    decay, clip_norm = self._settings.weight_decay, self._settings.clip_norm
    gradients = [g + decay * v for g, v in zip(gradients, variables)]
    if clip_norm:
      gradients, _ = tf.clip_by_global_norm(gradients, clip_norm)
    # They are summed over replicas already: decay and norm are of the whole batch.
    self.optimizer.apply_gradients(zip(gradients, variables), skip_gradients_aggregation=True)

  def _compute_gradients(
    self, batch: Batch, counts: tf.Tensor
  ) -> Tuple[tf.Tensor, tf.Tensor, List[tf.Tensor]]:
    """Returns the two parts of Eq. 1 and its gradients, summed over parts of the batch."""
    num_parts = self._settings.accumulation
    if num_parts == 1:
      return self._compute_gradients_of_part(batch, counts)
    parts = {
      name: tf.reshape(value, [num_parts, -1, *value.shape[1:]]) for name, value in batch.items()
    }

    def add_part(
      number: tf.Tensor, first: tf.Tensor, final: tf.Tensor, totals: List[tf.Tensor]
    ) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor, List[tf.Tensor]]:
      part = {name: value[number] for name, value in parts.items()}
      part_first, part_final, gradients = self._compute_gradients_of_part(part, counts)
      totals = [total + gradient for total, gradient in zip(totals, gradients)]
      return number + 1, first + part_first, final + part_final, totals

    zeros = [tf.zeros_like(variable) for variable in self._model.trainable_variables]
    start = (tf.constant(0), tf.constant(0.0), tf.constant(0.0), zeros)
    # A loop of the graph, not of Python, frees each part's activations before the next.
    _, first, final, totals = tf.while_loop(lambda number, *_: number < num_parts, add_part, start)
    return first, final, totals

  def _compute_gradients_of_part(
    self, part: Batch, counts: tf.Tensor
  ) -> Tuple[tf.Tensor, tf.Tensor, List[tf.Tensor]]:
    with tf.GradientTape() as tape:
      first_part, final_part, final = self._compute_loss(part, counts, training=True)
      loss = first_part + final_part
      minimized = self.optimizer.get_scaled_loss(loss) if self.scales_loss else loss
    self._update_pck(part, final)
    gradients = tape.gradient(minimized, self._model.trainable_variables)
    return first_part, final_part, gradients

  def _compute_loss(
    self, part: Batch, counts: tf.Tensor, training: bool
  ) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the two parts of Eq. 1, and the final heatmaps [B, T, h, w, K]."""
    initial, preliminary, final = self.unroll(self._model, part, training)
    first_target, targets = self._get_targets(part, initial, preliminary)
    weights = self._get_weights(part)
    parts = losses.clip_loss(initial, final, targets, weights, counts, first_target)
    return (*parts, final)

  def _update_pck(self, part: Batch, final: tf.Tensor) -> None:
    if "torso" in part:
      keypoints, _ = heatmaps.decode(final, self._model.stride, "argmax")
      distance = tf.norm(keypoints - part["keypoints"], axis=-1)
      is_correct = tf.cast(distance <= _PCK_ALPHA * part["torso"][..., None], tf.float32)
      self.means["pck"].update_state(100.0 * is_correct, sample_weight=part["weights"])

  def _get_targets(
    self, part: Batch, initial: Optional[tf.Tensor], preliminary: tf.Tensor
  ) -> Tuple[Optional[tf.Tensor], tf.Tensor]:
    """Returns targets of the initial heatmaps, [B, h, w, K], and of the final, [B, T, h, w, K].

    The first is None where the target of the first frame serves both. A teacher with HeadNet and
    BodyNet of the model starts from their heatmaps, `initial` and `preliminary`.
    """
    if "target" in part:
      return tf.cast(part["initial_target"], tf.float32), tf.cast(part["target"], tf.float32)
    if self._teacher is None:
      model = self._model
      size = model.heatmap_size
      return None, heatmaps.encode(part["keypoints"], size, model.stride, self._settings.sigma)
    if self._teacher_shares_networks:
      maps = self._teacher.propagate_clip(tf.stop_gradient(initial), tf.stop_gradient(preliminary))
    else:
      maps = self._teacher.unroll(part["frames"])
    return maps.initial, maps.final

  def _get_weights(self, part: Batch) -> tf.Tensor:
    """Returns the weights of joints, [B, T, K]; a teacher's heatmaps all count."""
    return part["weights"] if self._teacher is None else tf.ones_like(part["weights"])


def _sum_over_replicas(values: List[tf.Tensor]) -> List[tf.Tensor]:
  context = tf.distribute.get_replica_context()
  if context.num_replicas_in_sync == 1:
    return values
  return context.all_reduce(tf.distribute.ReduceOp.SUM, values)
