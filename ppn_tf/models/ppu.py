"""Pose Propagation Unit (section III-B, Eqs. 2-5)."""

from typing import Callable, Dict, Optional, Sequence, Tuple

from ppn_tf.models.layers.batch_norm import batch_norm
from ppn_tf.models.layers.deform_conv import DeformableConv2D

import tensorflow as tf

DILATIONS = (3, 6, 12, 18, 24)
# Layers of a unit with pooling: the one before sampling, and the last one.
POOLED, ENLARGED = "pooled_previous", "enlarged"
_layers = tf.keras.layers


def _normal() -> tf.keras.initializers.Initializer:
  return tf.keras.initializers.RandomNormal(stddev=0.001)


def _basic_block(inputs: tf.Tensor, filters: int, name: str) -> tf.Tensor:
  """Builds a residual block of two 3x3 convolutions at stride 1."""
  shortcut = inputs
  if inputs.shape[-1] != filters:
    shortcut = _layers.Conv2D(
      filters, 1, use_bias=False, kernel_initializer=_normal(), name=f"{name}_shortcut_conv"
    )(inputs)
    shortcut = batch_norm(f"{name}_shortcut_bn")(shortcut)
  outputs = inputs
  for number in (1, 2):
    outputs = _layers.Conv2D(
      filters,
      3,
      padding="same",
      use_bias=False,
      kernel_initializer=_normal(),
      name=f"{name}_conv{number}",
    )(outputs)
    outputs = batch_norm(f"{name}_bn{number}")(outputs)
    if number == 1:
      outputs = _layers.ReLU(name=f"{name}_relu1")(outputs)
  outputs = _layers.Add(name=f"{name}_add")([outputs, shortcut])
  return _layers.ReLU(name=f"{name}_relu2")(outputs)


@tf.keras.utils.register_keras_serializable("ppn_tf")
class Mean(tf.keras.layers.Layer):
  """Averages maps of one shape; the mean of equal maps is exactly that map.

  The result is the first map plus the mean difference to it, because a sum of n maps divided by n
  rounds.
  """

  def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    first = inputs[0]
    return first + tf.add_n([maps - first for maps in inputs[1:]]) * (1.0 / len(inputs))


# Reductions of the maps of all dilation rates in Eq. 5.
REDUCTIONS: Dict[str, Callable[..., tf.keras.layers.Layer]] = {"mean": Mean, "sum": _layers.Add}


def _check_settings(
  heatmap_size: Tuple[int, int],
  num_joints: int,
  dilations: Sequence[int],
  reduction: str,
  samples: int,
  pooling: int,
) -> None:
  """Raises ValueError for settings of which no unit can be built, see `ppu`."""
  if reduction not in REDUCTIONS:
    raise ValueError(f"reduction must be one of {sorted(REDUCTIONS)}. Received: {reduction!r}")
  if not dilations or min(dilations) < 1:
    raise ValueError(f"dilations must be one or more rates >= 1. Received: {dilations}")
  total = 9 * num_joints * len(dilations)
  if samples > total:
    raise ValueError(f"samples must be at most {total}. Received: {samples}")
  if pooling < 1 or any(extent % pooling for extent in heatmap_size):
    raise ValueError(f"pooling must divide heatmaps of {heatmap_size} cells. Received: {pooling}")


def ppu(
  heatmap_size: Tuple[int, int],
  num_joints: int,
  width: Optional[int] = None,
  num_blocks: int = 17,
  dilations: Sequence[int] = DILATIONS,
  reduction: str = "mean",
  initial_gain: float = 1.0,
  offset_steps: int = 0,
  samples: int = 0,
  pooling: int = 1,
) -> tf.keras.Model:
  """Builds the unit that warps heatmaps of the previous frame to the current frame.

  A new unit copies the previous heatmaps exactly: offsets are zero, deformable kernels are the
  identity, and their sum is a mean.

  Args:
    heatmap_size: (H/S, W/S) in cells.
    num_joints: K.
    width: channels of the residual blocks; K if not given.
    num_blocks: residual blocks of Phi.
    dilations: dilation rates of the offset and deformable convolutions.
    reduction: "mean", or "sum" as Eq. 5 prints it, which starts as the copy times the number of
      dilations.
    initial_gain: factor on the initial copy.
    offset_steps: steps per cell to which offsets are rounded, see DeformableConv2D.
    samples: number of samples after pruning, see pruning.py; 0: no pruning.
    pooling: n; the unit averages n x n cells of its inputs and enlarges its output, which takes
      1/n^2 of the time. Its cells, rates and offsets are then n times as large.
  Returns:
    A flat functional model of [previous, preliminary], both [B, H/S, W/S, K]
    float32, to the propagated heatmaps [B, H/S, W/S, K] float32.
  Raises:
    ValueError: an unknown reduction, no dilations, too many samples, or a pooling that does not
      divide the heatmaps.
  """
  _check_settings(heatmap_size, num_joints, dilations, reduction, samples, pooling)
  shape = (*heatmap_size, num_joints)
  previous = tf.keras.Input(shape, dtype="float32", name="previous")
  preliminary = tf.keras.Input(shape, dtype="float32", name="preliminary")
  features = _layers.Subtract(dtype="float32", name="difference")([preliminary, previous])  # Eq. 2
  warped_maps = previous
  if pooling > 1:
    features = _layers.AveragePooling2D(pooling, dtype="float32", name="pooled_difference")(
      features
    )
    warped_maps = _layers.AveragePooling2D(pooling, dtype="float32", name=POOLED)(previous)
  for number in range(1, num_blocks + 1):
    features = _basic_block(features, width or num_joints, f"phi_{number}")
  warped = []
  for rate in dilations:
    offsets = _layers.Conv2D(  # Eq. 3
      2 * 9 * num_joints,
      3,
      padding="same",
      dilation_rate=rate,
      use_bias=False,
      kernel_initializer="zeros",
      dtype="float32",
      name=f"offsets_{rate}",
    )(features)
    warp = DeformableConv2D(  # Eq. 4
      num_joints,
      dilation_rate=rate,
      identity_gain=initial_gain,
      offset_steps=offset_steps,
      pruned=bool(samples),
      dtype="float32",
      name=f"warp_{rate}",
    )
    warped.append(warp([warped_maps, offsets]))
  propagated = warped[0]
  if len(warped) > 1:  # Eq. 5
    propagated = REDUCTIONS[reduction](dtype="float32", name="propagated")(warped)
  if pooling > 1:
    propagated = _layers.UpSampling2D(
      pooling, interpolation="bilinear", dtype="float32", name=ENLARGED
    )(propagated)
  return tf.keras.Model([previous, preliminary], propagated, name="ppu")
