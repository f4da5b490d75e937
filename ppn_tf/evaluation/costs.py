"""Counts parameters and multiply-accumulates (MACs) of Keras functional networks.

A network's cost follows from its layer graph: the kernels of each layer and the
number of positions to which they are applied. One MAC is a multiplication and an
addition; the papers of this field call it a FLOP. By convention, batch
normalization, activations, additions, biases and the bilinear interpolation of
deformable convolutions are not counted.
"""

import dataclasses
import math
from typing import Dict, List, Tuple

from ppn_tf.models.layers.deform_conv import DeformableConv2D, deformable_convolutions
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.pruning import used_samples

import tensorflow as tf

_layers = tf.keras.layers

# By layer class: the maps in each cell of which every kernel element is used once,
# and the names of the kernels. A transposed convolution spreads each cell of its
# input. Subclasses need their own entry, since they may compute differently.
_RULES: Dict[type, Tuple[str, Tuple[str, ...]]] = {
  _layers.Conv2D: ("output_shape", ("kernel",)),
  _layers.DepthwiseConv2D: ("output_shape", ("depthwise_kernel",)),
  _layers.SeparableConv2D: ("output_shape", ("depthwise_kernel", "pointwise_kernel")),
  _layers.Conv2DTranspose: ("input_shape", ("kernel",)),
  _layers.Dense: ("output_shape", ("kernel",)),
  DeformableConv2D: ("output_shape", ("kernel",)),
}


@dataclasses.dataclass(frozen=True)
class Cost:
  """Holds the cost of a layer, a network or a chain of networks.

  Attributes:
    macs: multiply-accumulates on one frame.
    deformable_macs: share of `macs` in deformable convolutions.
    params: number of weights, including the moving statistics of batch normalization.
    trainable_params: number of trainable weights.
  """

  macs: int = 0
  deformable_macs: int = 0
  params: int = 0
  trainable_params: int = 0

  def __add__(self, other: "Cost") -> "Cost":
    return Cost(
      self.macs + other.macs,
      self.deformable_macs + other.deformable_macs,
      self.params + other.params,
      self.trainable_params + other.trainable_params,
    )


@dataclasses.dataclass(frozen=True)
class LayerCost:
  """Holds a layer's name, class name, output shape without the batch, and cost."""

  name: str
  kind: str
  output_shape: Tuple[int, ...]
  cost: Cost


def _macs(layer: tf.keras.layers.Layer) -> int:
  """Counts the MACs of a layer on one frame.

  Raises:
    ValueError: If the layer has a kernel and no rule, runs more than once in its
      network, or works on maps of unknown size.
  """
  received = f"Received: {layer.name!r}, a {type(layer).__name__}"
  if type(layer) not in _RULES:
    # Vectors scale and shift channels, as in batch normalization; kernels have more axes.
    if any(len(weight.shape) > 1 for weight in layer.weights):
      raise ValueError(f"the MACs of this layer with a kernel are unknown. {received}")
    return 0
  if len(layer.inbound_nodes) != 1:
    raise ValueError(f"only layers that run once can be counted. {received} that runs more often")
  shape, kernels = _RULES[type(layer)]
  cells = getattr(layer, shape)
  # Deformable convolutions take maps and offsets, all of one size.
  cells = (cells[0] if isinstance(cells, list) else cells)[1:-1]
  if None in cells:
    raise ValueError(f"the network's input must have a fixed size. {received} with maps of {cells}")
  return math.prod(cells) * sum(getattr(layer, name).shape.num_elements() for name in kernels)


def _num_elements(weights: List[tf.Variable]) -> int:
  return sum(weight.shape.num_elements() for weight in weights)


def layer_costs(network: tf.keras.Model) -> List[LayerCost]:
  """Counts the cost of every layer with weights, in the model's order.

  Args:
    network: a flat functional model with maps [B, h, w, C] of fixed (h, w).
  Raises:
    ValueError: If the MACs of a layer with a kernel, or of a nested model, are unknown.
  """
  costs, shares = [], _used_shares(network)
  for layer in network.layers:
    macs = _macs(layer)
    if layer.name in shares:
      macs = round(macs * shares[layer.name])
    if layer.weights:
      cost = Cost(
        macs,
        macs if isinstance(layer, DeformableConv2D) else 0,
        _num_elements(layer.weights),
        _num_elements(layer.trainable_weights),
      )
      costs.append(LayerCost(layer.name, type(layer).__name__, layer.output_shape[1:], cost))
  return costs


def _used_shares(network: tf.keras.Model) -> Dict[str, float]:
  """Returns the fraction of MACs that a pruned PPU keeps when served, by warp and offset layer."""
  shares = {}
  for warp in deformable_convolutions(network):
    taps, channels, _ = warp.kernel.shape
    if warp.pruned:
      share = len(used_samples(warp)) / (taps * channels)
      shares.update({warp.name: share, f"offsets_{warp.dilation_rate}": share})
  return shares


def network_cost(network: tf.keras.Model) -> Cost:
  """Counts the cost of a flat functional model; see `layer_costs`."""
  return sum((layer.cost for layer in layer_costs(network)), Cost())


def model_networks(model: Framewise) -> Dict[str, tf.keras.Model]:
  """Returns head_net, body_net and ppu of a PPN, or body_net of a Framewise."""
  if isinstance(model, PPN):
    return {"head_net": model.head_net, "body_net": model.body_net, "ppu": model.ppu}
  return {"body_net": model.body_net}


def model_costs(model: Framewise) -> Dict[str, Cost]:
  """Counts the cost of each network, of `start` (per clip) and of `step` (per frame)."""
  costs = {name: network_cost(network) for name, network in model_networks(model).items()}
  start = costs.get("head_net", costs["body_net"])
  step = costs["body_net"] + costs.get("ppu", Cost())
  return {**costs, "start": start, "step": step}
