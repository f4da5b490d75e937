"""Parameters and multiply-accumulates (MACs) of Keras functional networks.

A network's cost is read off its layer graph: the kernels of each layer, and
how often they are laid upon its input or output. One MAC is a multiplication
with its addition; what papers of the field call FLOPs. By the field's
convention batch norms, activations, additions, biases and the deformable
convolution's bilinear interpolation are not counted.
"""

import dataclasses
import math
from typing import Dict, List, Tuple

from ppn_tf.models.layers.deform_conv import DeformableConv2D, deformable_convolutions
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.pruning import used_samples

import tensorflow as tf

_layers = tf.keras.layers

# A kernel's every element is used once in each cell of which of the layer's
# maps, and the names of its kernels. A transposed convolution spreads each
# cell of its input. Subclasses need their own line: they may compute otherwise.
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
  """What a layer, a network or a chain of networks costs.

  Attributes:
    macs: multiply-accumulates on one frame.
    deformable_macs: those of them in deformable convolutions.
    params: weights, with the moving statistics of batch norms.
    trainable_params: weights that training changes.
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
  """A layer's name, its class, the shape of its result without the batch, and its cost."""

  name: str
  kind: str
  output_shape: Tuple[int, ...]
  cost: Cost


def _macs(layer: tf.keras.layers.Layer) -> int:
  """MACs of a layer on one frame.

  Raises:
    ValueError: it has a kernel and no rule, runs more than once in its
      network, or works on maps of unknown size.
  """
  received = f"Received: {layer.name!r}, a {type(layer).__name__}"
  if type(layer) not in _RULES:
    # Vectors scale and shift channels, as batch norms do; kernels have two axes or more.
    if any(len(weight.shape) > 1 for weight in layer.weights):
      raise ValueError(f"there is no rule for the MACs of this layer with a kernel. {received}")
    return 0
  if len(layer.inbound_nodes) != 1:
    raise ValueError(f"layers are counted that run once. {received} run more often")
  shape, kernels = _RULES[type(layer)]
  cells = getattr(layer, shape)
  # Deformable convolutions take maps and offsets, all of one size.
  cells = (cells[0] if isinstance(cells, list) else cells)[1:-1]
  if None in cells:
    raise ValueError(f"the network's input needs a fixed size. {received} of cells {cells}")
  return math.prod(cells) * sum(getattr(layer, name).shape.num_elements() for name in kernels)


def _num_elements(weights: List[tf.Variable]) -> int:
  return sum(weight.shape.num_elements() for weight in weights)


def layer_costs(network: tf.keras.Model) -> List[LayerCost]:
  """The layers of a flat functional model that have weights, in the model's order.

  Args:
    network: a model whose maps are [B, h, w, C] of fixed (h, w).
  Raises:
    ValueError: a layer with a kernel whose MACs are not known, an inner model included.
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
  """What part of them is computed when a pruned PPU is served: of warps, and of their offsets."""
  shares = {}
  for warp in deformable_convolutions(network):
    taps, channels, _ = warp.kernel.shape
    if warp.pruned:
      share = len(used_samples(warp)) / (taps * channels)
      shares.update({warp.name: share, f"offsets_{warp.dilation_rate}": share})
  return shares


def network_cost(network: tf.keras.Model) -> Cost:
  """The cost of a flat functional model; see `layer_costs`."""
  return sum((layer.cost for layer in layer_costs(network)), Cost())


def model_networks(model: Framewise) -> Dict[str, tf.keras.Model]:
  """The networks of a PPN, head_net, body_net and ppu, or body_net of a Framewise."""
  if isinstance(model, PPN):
    return {"head_net": model.head_net, "body_net": model.body_net, "ppu": model.ppu}
  return {"body_net": model.body_net}


def model_costs(model: Framewise) -> Dict[str, Cost]:
  """The cost of each network, of `start` (once a clip) and of `step` (once a frame)."""
  costs = {name: network_cost(network) for name, network in model_networks(model).items()}
  start = costs.get("head_net", costs["body_net"])
  step = costs["body_net"] + costs.get("ppu", Cost())
  return {**costs, "start": start, "step": step}
