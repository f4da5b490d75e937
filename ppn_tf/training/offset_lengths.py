"""Lengths of the offsets of the Pose Propagation Unit."""

from typing import Dict

from ppn_tf.models.ppn import PPN, Unrolled

import tensorflow as tf


def offset_lengths(model: PPN, maps: Unrolled) -> Dict[str, tf.Tensor]:
  """Computes the mean and maximum length of the offsets in clips, by dilation rate.

  Args:
    model: the network.
    maps: heatmaps of the network for clips.
  Returns:
    Scalars in cells by name: "offsets_3/mean", "offsets_3/max", and so on.
  """
  inputs = list(maps.ppu_inputs())
  lengths = {}
  for name, offsets in _offset_model(model.ppu)(inputs, training=False).items():
    dy, dx = tf.split(offsets, 2, axis=-1)
    length = tf.sqrt(dy**2 + dx**2)
    lengths[f"{name}/mean"] = tf.reduce_mean(length)
    lengths[f"{name}/max"] = tf.reduce_max(length)
  return lengths


def _offset_model(unit: tf.keras.Model) -> tf.keras.Model:
  """Builds the part of a PPU that computes its offsets (Eqs. 2 and 3), on the same weights.

  Returns:
    A model of [previous, preliminary] to a dictionary of offsets
    [B, H/S, W/S, 2 * 9 * K] by layer name, such as "offsets_3", in cells: first all
    dy, then all dx.
  """
  layers = [layer for layer in unit.layers if layer.name.startswith("offsets_")]
  return tf.keras.Model(unit.inputs, {layer.name: layer.output for layer in layers})
