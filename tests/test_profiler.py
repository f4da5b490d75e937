"""Costs of networks against hand counts, and against the operations that TensorFlow traced."""

import math

import numpy as np
import pytest

from ppn_tf import profiler
from ppn_tf.models.pose_net import pose_net
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.ppu import ppu
from ppn_tf.models.upsample import deconv, duc

import tensorflow as tf

_layers = tf.keras.layers


def model_of(shape, *layers):
  inputs = tf.keras.Input(shape)
  outputs = inputs
  for layer in layers:
    outputs = layer(outputs)
  return tf.keras.Model(inputs, outputs)


@pytest.mark.parametrize(
  ("layer", "macs", "params"),
  [
    # 4 x 6 output cells, 3 x 3 taps, 5 to 7 channels; a bias each.
    (_layers.Conv2D(7, 3, padding="same"), 24 * 9 * 5 * 7, 9 * 5 * 7 + 7),
    # Of 4 x 6 cells a stride of 2 leaves 2 x 3.
    (_layers.Conv2D(7, 3, 2, padding="same", use_bias=False), 6 * 9 * 5 * 7, 9 * 5 * 7),
    # A dilated kernel has no more taps than another.
    (_layers.Conv2D(7, 3, padding="same", dilation_rate=2, use_bias=False), 24 * 315, 315),
    # Each channel by itself.
    (_layers.DepthwiseConv2D(3, padding="same", use_bias=False), 24 * 9 * 5, 9 * 5),
    # Each input cell times 4 x 4 taps, 5 to 7 channels, though 8 x 12 cells come out.
    (_layers.Conv2DTranspose(7, 4, 2, padding="same", use_bias=False), 24 * 16 * 35, 16 * 35),
    (_layers.SeparableConv2D(7, 3, padding="same", use_bias=False), 24 * (45 + 35), 45 + 35),
    # On the last axis, in each cell.
    (_layers.Dense(7), 24 * 35, 35 + 7),
    # Scale, shift and two statistics; none of them counted as work.
    (_layers.BatchNormalization(), 0, 4 * 5),
  ],
)
def test_layers_by_hand(layer, macs, params):
  cost = profiler.network_cost(model_of((4, 6, 5), layer))
  assert (cost.macs, cost.params, cost.deformable_macs) == (macs, params, 0)


def test_statistics_are_no_trainable_parameters():
  cost = profiler.network_cost(model_of((4, 6, 5), _layers.BatchNormalization()))
  assert (cost.params, cost.trainable_params) == (20, 10)


@pytest.mark.parametrize(("unit", "kernel"), [(duc, 9 * 5 * 28), (deconv, 16 * 5 * 7)])
def test_upsampling_by_hand(unit, kernel):
  """Both work on the 24 cells that come in: 3x3 to 4 x 7 channels, 4x4 to 7 channels."""
  cost = profiler.network_cost(model_of((4, 6, 5), lambda values: unit(values, 7, "up")))
  assert cost.macs == 24 * kernel


def test_unit_by_hand():
  """Two rates on 4 x 6 cells of 2 joints, one block of width 2."""
  cost = profiler.network_cost(ppu((4, 6), 2, num_blocks=1, dilations=(1, 3)))
  block, offsets, deformable = 2 * 9 * 2 * 2, 2 * 9 * 2 * 36, 2 * 9 * 2 * 2
  assert cost.deformable_macs == 24 * deformable
  assert cost.macs == 24 * (block + offsets + deformable)


def traced_macs(function, *specs):
  """MACs of the convolutions in a traced graph, from the shapes of its operations."""
  concrete = tf.function(function).get_concrete_function(*specs)
  graphs = [concrete.graph, *(f.graph for f in concrete.graph._functions.values())]
  total = 0
  for operation in (one for graph in graphs for one in graph.get_operations()):
    if operation.type in ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput"):
      kernel = operation.inputs[1].shape
      # A transposed convolution is the gradient of one whose output is its third input.
      transposed = operation.type == "Conv2DBackpropInput"
      cells = (operation.inputs[2] if transposed else operation.outputs[0]).shape
      total += math.prod(cells[:3]) * kernel.num_elements()
  return total


@pytest.mark.parametrize("upsampling", ["duc", "deconv"])
def test_model_costs_are_those_of_the_traced_operations(upsampling):
  head = pose_net("resnet18", (64, 64), 3, upsampling, name="head_net")
  body = pose_net("mobilenet_v2_0.35", (64, 64), 3, upsampling, name="body_net")
  # TensorFlow deals a dilated convolution out to a batch of plain ones. Of 16 cells a rate of 2
  # makes whole maps; 3 would pad them.
  model = PPN(head, body, ppu((16, 16), 3, num_blocks=2, dilations=(1, 2)))
  costs = profiler.model_costs(model)
  assert list(costs) == ["head_net", "body_net", "ppu", "start", "step"]
  frame = tf.TensorSpec([1, 64, 64, 3])
  assert costs["start"].macs == traced_macs(model.start, frame)
  assert costs["step"].macs == traced_macs(model.step, frame, tf.TensorSpec([1, 16, 16, 3]))
  assert costs["start"].params == head.count_params()
  assert costs["step"].params == body.count_params() + model.ppu.count_params()


def test_framewise_starts_and_steps_with_its_one_network():
  body = pose_net("mobilenet_v2_0.35", (64, 64), 3)
  costs = profiler.model_costs(Framewise(body))
  assert list(costs) == ["body_net", "start", "step"]
  assert costs["start"] == costs["step"] == costs["body_net"]


class Correlation(_layers.Layer):
  """A layer that nobody has told the profiler about."""

  def build(self, input_shape):
    self.kernel = self.add_weight("kernel", (input_shape[-1], 2))

  def call(self, inputs):
    return inputs @ self.kernel


def test_a_kernel_without_a_rule_is_refused():
  with pytest.raises(ValueError, match="no rule.*Received: 'odd', a Correlation"):
    profiler.network_cost(model_of((4, 6, 5), Correlation(name="odd")))


def test_a_model_inside_a_model_is_refused():
  inner = model_of((4, 6, 5), _layers.Conv2D(2, 1))
  with pytest.raises(ValueError, match="no rule"):
    profiler.network_cost(model_of((4, 6, 5), inner))


def test_open_sizes_and_layers_that_run_twice_are_refused():
  with pytest.raises(ValueError, match="fixed size"):
    profiler.network_cost(model_of((None, None, 5), _layers.Conv2D(2, 1)))
  twice = _layers.Conv2D(5, 1)
  with pytest.raises(ValueError, match="run more often"):
    profiler.network_cost(model_of((4, 6, 5), twice, twice))


def test_layers_are_listed_with_their_share():
  network = pose_net("mobilenet_v2_0.35", (64, 64), 3)
  layers = profiler.layer_costs(network)
  assert layers[-1].name == "heatmaps" and layers[-1].output_shape == (16, 16, 3)
  assert np.sum([layer.cost.macs for layer in layers]) == profiler.network_cost(network).macs
