"""The training step: T frames through the recurrence, Eq. 1, Adam."""

from typing import Dict, Mapping

from ppn_tf import losses
from ppn_tf.keypoints import heatmaps
from ppn_tf.models.ppn import Framewise

import tensorflow as tf

Batch = Mapping[str, tf.Tensor]


class Trainer(tf.Module):
  """A model, its optimizer, and the running means of what is reported.

  All of it is in one checkpoint, so a run that is stopped anywhere goes on as
  if it had not been.

  Attributes:
    model: PPN or its frame-wise twin.
    optimizer: Adam; its learning rate falls linearly to zero.
    scales_loss: whether it multiplies the loss, for networks in float16.
    step: int64 variable, training steps done.
    means: running means since they were last read, by name.
  """

  def __init__(
    self,
    model: Framewise,
    *,
    num_steps: int,
    learning_rate: float = 1e-4,
    weight_decay: float = 1e-5,
    sigma: float = 2.0,
  ):
    super().__init__(name="trainer")
    self.model = model
    self.sigma = sigma
    self.weight_decay = weight_decay
    self.schedule = tf.keras.optimizers.schedules.PolynomialDecay(
      learning_rate, max(num_steps, 1), end_learning_rate=0.0
    )
    self.optimizer = tf.keras.optimizers.Adam(self.schedule)
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
  def train_step(self, batch: Batch) -> None:
    """One step of Adam on a batch as `pipeline.training_batches` gives it."""
    model = self.model
    targets = heatmaps.encode(batch["keypoints"], model.heatmap_size, model.stride, self.sigma)
    with tf.GradientTape() as tape:
      maps = model.unroll(batch["frames"], training=True)
      first_part, final_part = losses.clip_loss(maps.initial, maps.final, targets, batch["weights"])
      loss = first_part + final_part
      minimized = self.optimizer.get_scaled_loss(loss) if self.scales_loss else loss
    variables = model.trainable_variables
    gradients = tape.gradient(minimized, variables)
    if self.scales_loss:
      gradients = self.optimizer.get_unscaled_gradients(gradients)
    # Weight decay as a term of the gradient, as in the paper's ancestors.
    gradients = [g + self.weight_decay * v for g, v in zip(gradients, variables)]
    self.optimizer.apply_gradients(zip(gradients, variables))
    self.step.assign_add(1)

    self.means["loss"].update_state(loss)
    self.means["loss_first"].update_state(first_part)
    self.means["loss_final"].update_state(final_part)
    keypoints, _ = heatmaps.decode(maps.final, model.stride, "argmax")
    distance = tf.norm(keypoints - batch["keypoints"], axis=-1)
    right = tf.cast(distance <= 0.2 * batch["torso"][..., None], tf.float32)
    self.means["pck"].update_state(100.0 * right, sample_weight=batch["weights"])

  def read_means(self) -> Dict[str, float]:
    """The running means (loss parts, PCK-torso in percent), which start anew."""
    values = {name: float(mean.result()) for name, mean in self.means.items()}
    for mean in self.means.values():
      mean.reset_state()
    return {**values, "learning_rate": float(self.schedule(self.step))}
