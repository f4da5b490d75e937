"""Pictures of heatmaps and lengths of offsets for TensorBoard during training."""

from typing import Dict, Mapping, Tuple

from ppn_tf.keypoints import heatmaps
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.training.offset_lengths import offset_lengths

import tensorflow as tf


class HeatmapPictures:
  """Draws the heatmaps of a fixed clip over its frames.

  Attributes:
    model: PPN or Framewise.
    batch: batch of `pipeline.training_batches`, whose first clip is drawn.
  """

  def __init__(self, model: Framewise, batch: Mapping[str, tf.Tensor]):
    self.model = model
    self.batch = {name: value[:1] for name, value in batch.items()}

  @tf.function(autograph=False)
  def _view(self) -> Tuple[Dict[str, tf.Tensor], Dict[str, tf.Tensor]]:
    """[T, h, w, K] heatmaps by name, and `offset_lengths`."""
    maps = self.model.unroll(self.batch["frames"])
    if not isinstance(self.model, PPN):
      return {"final": maps.final[0]}, {}
    names = ("preliminary", "propagated", "final")
    return {name: getattr(maps, name)[0] for name in names}, offset_lengths(self.model, maps)

  def write(self) -> None:
    """Writes to the default summary writer.

    A strip of T frames per kind of heatmap, and the lengths of a PPN's offsets.
    """
    heatmaps_by_name, lengths = self._view()
    for name, length in lengths.items():
      tf.summary.scalar(name, length)
    targets = heatmaps.encode(
      self.batch["keypoints"][0], self.model.heatmap_size, self.model.stride
    )
    for name, maps in {**heatmaps_by_name, "target": targets}.items():
      glow = tf.image.resize(tf.reduce_max(maps, axis=-1, keepdims=True), self.model.image_size)
      glow = tf.clip_by_value(glow, 0.0, 1.0)
      warm = tf.constant([1.0, 0.6, 0.1])
      picture = 0.5 * self.batch["frames"][0] / 255.0 * (1.0 - glow) + glow * warm
      strip = tf.concat(tf.unstack(picture), axis=1)
      tf.summary.image(f"heatmaps/{name}", strip[None])
