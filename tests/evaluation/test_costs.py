"""Tests of costs against manual counts, the traced graph of a network, and published values."""

import math

import pytest

from ppn_tf.evaluation.costs import Cost, layer_costs, model_costs, network_cost
from ppn_tf.models.pose_net import pose_net
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.ppu import ppu

import tensorflow as tf

_layers = tf.keras.layers


def single_layer_model(layer, shape=(8, 6, 4)) -> tf.keras.Model:
  inputs = tf.keras.Input(shape)
  return tf.keras.Model(inputs, layer(inputs))


@pytest.mark.parametrize(
  ("layer", "macs", "params"),
  [
    # 4 x 3 cells of 9 taps, 4 -> 5 channels, each with a bias.
    (_layers.Conv2D(5, 3, 2, padding="same"), 12 * 9 * 4 * 5, 9 * 4 * 5 + 5),
    # A kernel of extent 5 leaves 4 x 2 of 8 x 6 cells.
    (_layers.Conv2D(5, 3, dilation_rate=2), 8 * 9 * 4 * 5, 9 * 4 * 5 + 5),
    # Two groups of 2 -> 3 channels.
    (_layers.Conv2D(6, 1, groups=2, use_bias=False), 48 * 2 * 2 * 3, 2 * 2 * 3),
    # Each of 4 channels becomes 2.
    (_layers.DepthwiseConv2D(3, 2, "same", depth_multiplier=2), 12 * 9 * 4 * 2, 9 * 4 * 2 + 8),
    # 9 taps on each of 4 channels, then 4 -> 7.
    (
      _layers.SeparableConv2D(7, 3, 2, padding="same", use_bias=False),
      12 * (9 * 4 + 4 * 7),
      9 * 4 + 4 * 7,
    ),
    # Each of the 8 x 6 input cells contributes to 4 x 4.
    (
      _layers.Conv2DTranspose(5, 4, 2, padding="same", use_bias=False),
      48 * 16 * 4 * 5,
      16 * 4 * 5,
    ),
    # 4 -> 7 in every cell.
    (_layers.Dense(7), 48 * 4 * 7, 4 * 7 + 7),
  ],
  ids=lambda value: type(value).__name__ if isinstance(value, _layers.Layer) else "",
)
def test_single_layer(layer, macs, params):
  assert network_cost(single_layer_model(layer)) == Cost(macs, 0, params, params)


def test_dense_on_a_vector():
  assert network_cost(single_layer_model(_layers.Dense(7), (5,))).macs == 5 * 7


def test_chain_of_layers():
  inputs = tf.keras.Input((8, 8, 3))
  outputs = _layers.Conv2D(4, 3, 2, padding="same", use_bias=False, name="conv")(inputs)
  outputs = _layers.BatchNormalization(name="bn")(outputs)
  outputs = _layers.ReLU(name="relu")(outputs)
  outputs = _layers.Add(name="add")([outputs, outputs])
  network = tf.keras.Model(inputs, _layers.UpSampling2D(name="grow")(outputs))
  # 4 x 4 cells, 9 taps, 3 -> 4 channels; scale, shift and two statistics per channel.
  convolution = Cost(16 * 9 * 3 * 4, 0, 108, 108)
  norm = Cost(0, 0, 4 * 4, 2 * 4)
  costs = layer_costs(network)
  assert [(layer.name, layer.kind) for layer in costs] == [
    ("conv", "Conv2D"),
    ("bn", "BatchNormalization"),
  ]
  assert [layer.output_shape for layer in costs] == [(4, 4, 4)] * 2
  assert [layer.cost for layer in costs] == [convolution, norm]
  assert network_cost(network) == Cost(1728, 0, 124, 116)


def test_frozen_layers_have_no_trainable_parameters():
  network = single_layer_model(_layers.Conv2D(5, 1))
  network.layers[-1].trainable = False
  assert network_cost(network) == Cost(48 * 20, 0, 25, 0)


def test_propagation_unit():
  """Counts a unit with one block of width K = 3 and two dilation rates on 5 x 4 cells."""
  cells, convolution = 5 * 4, 9 * 3 * 3
  # (dy, dx) of 9 taps for each of 3 joints, twice.
  offsets = 2 * 9 * 3 * (2 * 9 * 3)
  # Two 3x3 convolutions in the block, and a deformable one per rate.
  kernels = 2 * convolution + offsets + 2 * convolution
  # Two batch norms of 3 channels.
  assert network_cost(ppu((5, 4), 3, num_blocks=1, dilations=(1, 2))) == Cost(
    cells * kernels, cells * 2 * convolution, kernels + 2 * 4 * 3, kernels + 2 * 2 * 3
  )


class Sharpened(_layers.Conv2D):
  """Convolution subclass that may compute something else."""


def test_unknown_kernels_are_refused():
  for layer in (Sharpened(2, 3, name="sharp"), _layers.Conv1D(2, 3, name="sharp")):
    message = f"MACs .* are unknown.*Received: 'sharp', a {type(layer).__name__}"
    with pytest.raises(ValueError, match=message):
      network_cost(single_layer_model(layer, (8, 6, 4) if isinstance(layer, Sharpened) else (8, 4)))


def test_nested_models_are_refused():
  inner = single_layer_model(_layers.Conv2D(4, 3))
  with pytest.raises(ValueError, match="are unknown"):
    network_cost(single_layer_model(inner))


def test_layers_that_run_twice_are_refused():
  layer = _layers.Conv2D(4, 3, padding="same", name="twice")
  inputs = tf.keras.Input((8, 6, 4))
  with pytest.raises(ValueError, match="run once.*'twice'"):
    network_cost(tf.keras.Model(inputs, layer(layer(inputs))))


def test_maps_of_unknown_size_are_refused():
  with pytest.raises(ValueError, match="fixed size.*'conv'"):
    network_cost(single_layer_model(_layers.Conv2D(4, 3, name="conv"), (None, 6, 4)))


@pytest.fixture(name="small_ppn", scope="module")
def fixture_small_ppn() -> PPN:
  """Builds a PPN with strided, depthwise, transposed, dilated and deformable convolutions."""
  return PPN(
    pose_net("mobilenet_v2_0.35", (64, 64), 5, name="head_net"),
    pose_net("mobilenet_v2_0.35", (64, 64), 5, "deconv", name="body_net"),
    ppu((16, 16), 5, num_blocks=2, dilations=(1, 2, 4)),
  )


def graph_macs(graph: tf.Graph) -> int:
  """Counts the MACs of a traced graph from the shapes of its operations."""
  total = 0
  for operation in graph.get_operations():
    shapes = [tensor.shape for tensor in operation.inputs]
    if operation.type == "Conv2D":  # [rows, columns, in, out]
      total += operation.outputs[0].shape.num_elements() * math.prod(shapes[1][:3])
    elif operation.type == "DepthwiseConv2dNative":  # [rows, columns, in, multiplier]
      total += operation.outputs[0].shape.num_elements() * math.prod(shapes[1][:2])
    elif operation.type == "Conv2DBackpropInput":  # size, [rows, columns, out, in], map
      total += shapes[2].num_elements() * math.prod(shapes[1][:3])
    else:
      assert "MatMul" not in operation.type and "Einsum" not in operation.type
  return total


def test_counts_equal_the_traced_graph(small_ppn):
  """Uses a map size divisible by each dilation rate; otherwise the graph pads it."""
  frame, heatmaps = tf.TensorSpec((1, 64, 64, 3)), tf.TensorSpec((1, 16, 16, 5))
  start = tf.function(small_ppn.start, autograph=False).get_concrete_function(frame)
  step = tf.function(small_ppn.step, autograph=False).get_concrete_function(frame, heatmaps)
  costs = model_costs(small_ppn)
  assert costs["start"].macs == graph_macs(start.graph)
  assert costs["step"].macs == graph_macs(step.graph)


def test_start_and_step(small_ppn):
  costs = model_costs(small_ppn)
  assert list(costs) == ["head_net", "body_net", "ppu", "start", "step"]
  assert costs["start"] == costs["head_net"] != costs["body_net"]
  assert costs["step"].macs == costs["body_net"].macs + costs["ppu"].macs
  assert costs["step"].deformable_macs == costs["ppu"].deformable_macs == 16 * 16 * 3 * 9 * 5 * 5
  assert costs["step"].params == sum(
    network.count_params() for network in (small_ppn.body_net, small_ppn.ppu)
  )


def test_framewise_start_equals_step(small_ppn):
  costs = model_costs(Framewise(small_ppn.body_net))
  assert list(costs) == ["body_net", "start", "step"]
  assert costs["body_net"] == costs["start"] == costs["step"]


# Tables 2 and 5 of the paper, 1e9 MACs per frame without HeadNet.
@pytest.mark.parametrize(("backbone", "giga"), [("resnet18", 3.87), ("mobilenet_v2", 1.39)])
def test_stable_and_swift(backbone, giga):
  body = network_cost(pose_net(backbone, (256, 256), 13))
  assert (body + network_cost(ppu((64, 64), 13))).macs / 1e9 == pytest.approx(giga, rel=0.02)


# Table 2 of the paper, 3.87 - 3.07 and 1.39 - 0.59, and Table 4, 4.48 - 4.28.
@pytest.mark.parametrize(("cells", "giga"), [(64, 0.80), (32, 0.20)])
def test_propagation_unit_in_the_paper(cells, giga):
  assert network_cost(ppu((cells, cells), 13)).macs / 1e9 == pytest.approx(giga, rel=0.02)
