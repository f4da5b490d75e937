"""Tests of pose networks: published parameter counts, the paper's MACs, sizes and flatness."""

import pytest

from ppn_tf.evaluation.costs import network_cost
from ppn_tf.models.layers.upsample import upsample
from ppn_tf.models.pose_net import BACKBONES, pose_net

import tensorflow as tf

_layers = tf.keras.layers


def is_flat(network: tf.keras.Model) -> bool:
  """Returns whether a network has no nested model, Lambda, or raw operation on a Keras tensor."""
  return not any(
    isinstance(layer, (tf.keras.Model, _layers.Lambda)) or "OpLambda" in type(layer).__name__
    for layer in network.layers
  )


# Published counts of tf.keras.applications and keras_cv without a classifier. MobileNetV2 also
# lacks its last 1x1 convolution, which has 1280 * (320, 160 or 112) weights and a batch norm of
# 4 * 1280 values.
@pytest.mark.parametrize(
  ("backbone", "count", "channels"),
  [
    ("resnet18", 11_186_112, 512),
    ("resnet34", 21_301_696, 512),
    ("resnet50", 23_561_152, 2048),
    ("resnet101", 42_605_504, 2048),
    ("mobilenet_v2", 2_257_984 - 1280 * (320 + 4), 320),
    ("mobilenet_v2_0.5", 706_224 - 1280 * (160 + 4), 160),
    ("mobilenet_v2_0.35", 410_208 - 1280 * (112 + 4), 112),
  ],
)
def test_stride_32_backbones(backbone, count, channels):
  frames, features = BACKBONES[backbone]((64, 96))
  network = tf.keras.Model(frames, features)
  assert network.count_params() == count
  assert network.output_shape == (None, 2, 3, channels)


def hrnet_params(width: int) -> int:
  """Returns HRNet's parameter count, summed from section 3 and figure 2 of its paper.

  A k x k convolution from i to o channels has k * k * i * o weights, no bias,
  and a batch norm of 4 values per channel.
  """

  def conv(k, i, o):
    return k * k * i * o + 4 * o

  def bottleneck(i):
    projection = conv(1, i, 256) if i != 256 else 0
    return conv(1, i, 64) + conv(3, 64, 64) + conv(1, 64, 256) + projection

  branches = [width * 2**i for i in range(4)]

  def module(count, outputs):
    total = sum(4 * 2 * conv(3, c, c) for c in branches[:count])
    for target in range(outputs):
      for source in range(count):
        c, goal = branches[source], branches[target]
        if source > target:
          total += conv(1, c, goal)
        elif source < target:  # strided 3x3s; only the last changes the width
          total += (target - source - 1) * conv(3, c, c) + conv(3, c, goal)
    return total

  stem = conv(3, 3, 64) + conv(3, 64, 64)
  stage_1 = bottleneck(64) + 3 * bottleneck(256)
  transitions = conv(3, 256, branches[0]) + conv(3, 256, branches[1])
  transitions += conv(3, branches[1], branches[2]) + conv(3, branches[2], branches[3])
  # The last module of stage 4 outputs only the highest resolution.
  stages = module(2, 2) + 4 * module(3, 3) + 2 * module(4, 4) + module(4, 1)
  return stem + stage_1 + transitions + stages


@pytest.mark.slow
def test_hrnet_w48():
  network = pose_net("hrnet_w48", (64, 96), 17)
  head = 48 * 17 + 17
  assert network.count_params() == hrnet_params(48) + head
  # Table 1 of its paper: 63.6 M parameters for 17 COCO joints, without moving statistics.
  trainable = sum(variable.shape.num_elements() for variable in network.trainable_variables)
  assert round(trainable / 1e6, 1) == 63.6
  assert network.output_shape == (None, 16, 24, 17)
  assert is_flat(network)


def test_feature_pyramid_of_mobilenet_v2():
  """Adds manual counts of the pyramid and heatmaps to the published count of MobileNetV2.

  A separable 3x3 from i to o channels has 9 i + i o weights and a batch norm of 4 o values.
  """

  def separable(i, o):
    return 9 * i + i * o + 4 * o

  top = 1280 * 64 + 64
  laterals = sum(c * c + c for c in (64, 32, 24))
  units = separable(64, 32) + separable(32, 24) + separable(24, 24) + separable(24, 96)
  network = pose_net("mobilenet_v2_fpn", (64, 96), 17)
  assert network.count_params() == 2_257_984 + top + laterals + units + 96 * 17 + 2 * 17
  assert network.output_shape == (None, 16, 24, 17)
  assert is_flat(network)


# Frame-wise rows of Table 2 of PosePropagationNet.
@pytest.mark.parametrize(("backbone", "giga"), [("resnet18", 3.07), ("mobilenet_v2", 0.59)])
def test_cost_in_the_paper(backbone, giga):
  network = pose_net(backbone, (256, 256), 13)
  assert is_flat(network)
  assert network.output_shape == (None, 64, 64, 13)
  assert round(network_cost(network).macs / 1e9, 2) == giga


def test_parameters_of_simple_baselines():
  """Counts 34.0 M parameters of ResNet-50 with three deconvolutions, 17 joints (its Table 3)."""
  network = pose_net("resnet50", (64, 64), 17, "deconv")
  trainable = sum(variable.shape.num_elements() for variable in network.trainable_variables)
  assert round(trainable / 1e6, 1) == 34.0


def test_separable_unit_costs_two_convolutions():
  """Counts 9 c + 4 c f MACs for each cell of c channels, where DUC has 36 c f."""
  maps = tf.keras.Input((4, 6, 64))
  costs = {}
  for method in ("duc", "separable_duc"):
    network = tf.keras.Model(maps, upsample(maps, method, (32,)))
    assert network.output_shape == (None, 8, 12, 32)
    costs[method] = network_cost(network).macs
  assert costs == {
    "duc": 24 * 36 * 64 * 32,
    "separable_duc": 24 * (9 * 64 + 4 * 64 * 32),
  }


@pytest.mark.parametrize(("units", "stride"), [(0, 32), (2, 8), (3, 4)])
def test_number_of_units_determines_the_stride(units, stride):
  network = pose_net("mobilenet_v2_0.35", (64, 96), 5, num_upsamplings=units)
  assert network.output_shape == (None, 64 // stride, 96 // stride, 5)


@pytest.mark.parametrize(
  ("arguments", "received"),
  [
    (("vgg16", (64, 64), 13), "'vgg16'"),
    (("resnet18", (64, 64), 13, "bilinear"), "'bilinear'"),
    (("resnet18", (64, 80), 13), "64, 80"),
  ],
)
def test_errors_name_the_received_value(arguments, received):
  with pytest.raises(ValueError, match=f"Received: .?{received}"):
    pose_net(*arguments)


def test_more_units_than_default_widths_are_refused():
  with pytest.raises(ValueError, match="num_upsamplings.*Received: 4"):
    pose_net("mobilenet_v2_0.35", (64, 64), 5, num_upsamplings=4)
