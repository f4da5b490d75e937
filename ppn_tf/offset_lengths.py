"""How far the Pose Propagation Unit looks: the lengths of its offsets."""

from typing import Dict

from ppn_tf.models.ppn import PPN, Unrolled
from ppn_tf.models.ppu import offset_model

import tensorflow as tf


def offset_lengths(model: PPN, maps: Unrolled) -> Dict[str, tf.Tensor]:
  """Mean and greatest length of the offsets in the frames of clips, by dilation rate.

  Args:
    model: the network.
    maps: what it made of clips from their first frame on.
  Returns:
    Scalars in cells by name: "offsets_3/mean", "offsets_3/max", and so on.
  Raises:
    ValueError: the clips were gone on with.
  """
  if maps.initial is None:
    raise ValueError("maps must be of clips from their first frame on. Received: no initial ones")
  first, preliminary = maps.initial[:, None], maps.preliminary
  previous = tf.repeat(first, preliminary.shape[1], axis=1)
  if model.propagation == "chained":
    previous = tf.concat([first, maps.final[:, :-1]], axis=1)
  frames = [tf.reshape(value, [-1, *value.shape[2:]]) for value in (previous, preliminary)]
  lengths = {}
  for name, offsets in offset_model(model.ppu)(frames, training=False).items():
    dy, dx = tf.split(offsets, 2, axis=-1)
    length = tf.sqrt(dy**2 + dx**2)
    lengths[f"{name}/mean"] = tf.reduce_mean(length)
    lengths[f"{name}/max"] = tf.reduce_max(length)
  return lengths
