"""Models that must work in all forms, and a search for models missing from this list."""

import importlib
import inspect
import pkgutil
from typing import Callable, Dict, List, NamedTuple, Set
from unittest import mock

import numpy as np

import ppn_tf.models
from ppn_tf.models.backbones import hrnet, lite_hrnet, resnet
from ppn_tf.models.layers import batch_norm
from ppn_tf.models.layers.deform_conv import IMPLEMENTATIONS
from ppn_tf.models.layers.upsample import UPSAMPLINGS
from ppn_tf.models.pose_net import BACKBONES, pose_net
from ppn_tf.models.ppn import PPN, PROPAGATIONS, Framewise
from ppn_tf.models.ppu import REDUCTIONS, ppu
from tests.tiny_backbone import tiny

import tensorflow as tf

SIZE, CELLS, JOINTS = (64, 64), (16, 16), 3
SMALL = "mobilenet_v2_0.35"


class Case(NamedTuple):
  """Model that must work in all forms.

  Attributes:
    build: builds the model with new weights.
    covers: names of `find_names` that the model covers.
    slow: whether only the slow tests check the model. One model of each kind is not slow.
    repeats: case with the same layers, but fewer or narrower ones, whose check suffices.
  """

  build: Callable[[], Framewise]
  covers: Set[str]
  slow: bool = False
  repeats: str = ""


def _framewise(backbone: str) -> Framewise:
  return Framewise(pose_net(backbone, SIZE, JOINTS, name="body_net"))


def _short_lite_hrnet(backbone: str = "lite_hrnet") -> Framewise:
  """Builds Lite-HRNet with one module in each stage and one unit in each branch."""
  modules = dict.fromkeys(lite_hrnet.MODULES, 1)
  with mock.patch.multiple(lite_hrnet, MODULES=modules, UNITS=1):
    return _framewise(backbone)


def _short_resnet(depth: int) -> Framewise:
  """Builds ResNet with one block in each stage."""
  kind, stages = resnet.BLOCKS[depth]
  with mock.patch.dict(resnet.BLOCKS, {depth: (kind, [1] * len(stages))}):
    return _framewise(f"resnet{depth}")


def _short_hrnet() -> Framewise:
  """Builds HRNet-W48 with one module in each stage and one block in each branch."""
  modules = dict.fromkeys(hrnet.MODULES, 1)
  with mock.patch.multiple(hrnet, MODULES=modules, BLOCKS=1):
    return _framewise("hrnet_w48")


def _tiny_net(upsampling: str = "duc", name: str = "body_net") -> tf.keras.Model:
  """Builds a pose network on a tiny backbone, for models that differ elsewhere."""
  with mock.patch.dict(BACKBONES, {SMALL: tiny}):
    return pose_net(SMALL, SIZE, JOINTS, upsampling, name=name)


def _tiny_ppn(skip_connection: bool = True, propagation: str = "chained", **unit: object) -> PPN:
  head, body = (_tiny_net(name=name) for name in ("head_net", "body_net"))
  settings = {"num_blocks": 2, "dilations": (1, 3), **unit}
  return PPN(head, body, ppu(CELLS, JOINTS, **settings), skip_connection, propagation)


def _ppn() -> PPN:
  head, body = (pose_net(SMALL, SIZE, JOINTS, name=name) for name in ("head_net", "body_net"))
  return PPN(head, body, ppu(CELLS, JOINTS, num_blocks=2, dilations=(1, 3)))


_PARTS = {"ppu", "ServedPPU", "pose_net", "PPN", "Mean", "DeformableConv2D", "propagation:chained"}
_BACKBONE = {
  "Framewise",
  "pose_net",
  "upsampling:duc",
  "DepthToSpace",
  "upsample",
  "duc",
  "batch_norm",
}
CASES: Dict[str, Case] = {
  **{
    name: Case(
      lambda name=name: _framewise(name),
      {f"backbone:{name}", *_BACKBONE},
      True,
      repeats,
    )
    for name, repeats in {
      "mobilenet_v2": "mobilenet_v2_0.35",
      "mobilenet_v2_0.5": "mobilenet_v2_0.35",
      "mobilenet_v2_0.35": "",
      "resnet34": "resnet18",
      "resnet101": "resnet50",
    }.items()
  },
  "resnet18": Case(lambda: _short_resnet(18), {"backbone:resnet18", *_BACKBONE}),
  "resnet50": Case(lambda: _short_resnet(50), {"backbone:resnet50", *_BACKBONE}, True),
  "mobilenet_v2_fpn": Case(
    lambda: _framewise("mobilenet_v2_fpn"),
    {"backbone:mobilenet_v2_fpn", "Framewise", "pose_net", "batch_norm"},
    True,
  ),
  "mobilenet_v2_1.75_fpn": Case(
    lambda: _framewise("mobilenet_v2_1.75_fpn"),
    {"backbone:mobilenet_v2_1.75_fpn"},
    True,
    "mobilenet_v2_fpn",
  ),
  "movenet": Case(
    lambda: _framewise("movenet"),
    {"backbone:movenet", "Framewise", "pose_net", "batch_norm", "SelectPerson", "separable"},
    True,
  ),
  "movenet_thunder": Case(
    lambda: _framewise("movenet_thunder"), {"backbone:movenet_thunder"}, True, "movenet"
  ),
  "hrnet_w48": Case(_short_hrnet, {"backbone:hrnet_w48", *_BACKBONE}, True),
  "lite_hrnet": Case(
    _short_lite_hrnet,
    {"backbone:lite_hrnet", "lite_hrnet", "GrowAligned", "SplitChannels", "ShuffleChannels"},
    True,
  ),
  "lite_hrnet_enlarged": Case(
    lambda: _short_lite_hrnet("lite_hrnet_enlarged"),
    {"backbone:lite_hrnet_enlarged", "lite_hrnet_enlarged"},
    True,
    "lite_hrnet",
  ),
  "deconv": Case(lambda: Framewise(_tiny_net("deconv")), {"upsampling:deconv", "deconv"}, True),
  "separable_duc": Case(
    lambda: Framewise(_tiny_net("separable_duc")),
    {"upsampling:separable_duc", "separable_duc"},
    True,
  ),
  "ppn": Case(_tiny_ppn, {"reduction:mean", *_PARTS}),
  "ppn_mobilenet": Case(_ppn, _PARTS, True),
  "ppn_without_skip_connection": Case(lambda: _tiny_ppn(False), _PARTS, True),
  "ppn_from_first": Case(
    lambda: _tiny_ppn(propagation="from_first"), {"propagation:from_first"}, True
  ),
  "ppn_sum": Case(lambda: _tiny_ppn(reduction="sum", initial_gain=0.5), {"reduction:sum"}, True),
  "ppn_wide_unit": Case(lambda: _tiny_ppn(width=16), _PARTS, True),
  "ppn_pooled_unit": Case(lambda: _tiny_ppn(pooling=2), _PARTS, True),
}
# Backbone functions; BACKBONES has their names.
_BEHIND_BACKBONES = {"mobilenet_v2", "mobilenet_v2_fpn", "resnet", "hrnet"}
# Abstract classes.
_BASES = {"VideoPoseModel"}


def covered_names() -> Set[str]:
  """Returns the names that the models of the list cover, and exempt names."""
  return set.union(*(case.covers for case in CASES.values())) | _BEHIND_BACKBONES | _BASES


def find_names() -> Set[str]:
  """Returns names in ppn_tf.models and of the exported PPU: entries, layers, modules, builders.

  A function is a builder if it returns a Keras model or a Keras tensor.
  """
  names = {
    f"{kind}:{name}"
    for kind, table in (
      ("backbone", BACKBONES),
      ("upsampling", UPSAMPLINGS),
      ("reduction", REDUCTIONS),
      ("propagation", PROPAGATIONS),
    )
    for name in table
  }
  for module in _modules():
    for name, value in vars(module).items():
      if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
        continue
      if inspect.isclass(value) and issubclass(value, tf.Module):
        names.add(name)
      elif inspect.isfunction(value) and _builds(value):
        names.add(name)
  return names


def _modules() -> List[object]:
  modules = pkgutil.walk_packages(ppn_tf.models.__path__, "ppn_tf.models.")
  names = [module.name for module in modules if not module.ispkg]
  return [importlib.import_module(name) for name in (*names, "ppn_tf.inference.tflite.ppu")]


def _builds(function: Callable[..., object]) -> bool:
  """Returns whether a function builds a Keras model or features instead of plain tensors.

  Functions of tensors for deformable convolution are parts of its layer; tests/models compares
  them.
  """
  if function.__module__.rpartition(".")[2] in {f"deform_{name}" for name in IMPLEMENTATIONS}:
    return False
  result = str(inspect.signature(function).return_annotation)
  # A list has the layers that a function has set in an existing model.
  return ("keras" in result or "Tensor" in result) and "List" not in result


def randomise(model: Framewise, seed: int) -> None:
  """Sets weights so that all parts of a model matter, and heatmaps of noise have a spread of 1.

  Batch norms get statistics of noise; with those of a new network, features fade from layer to
  layer until float16 has only zeros. Residual branches get a weight of 1/4, as they contribute
  little in a trained network; otherwise, a hundred random layers make any rounding error as large
  as the features.
  """
  rng = np.random.default_rng(seed)
  noise = rng.uniform(0, 255, (4, *SIZE, 3)).astype(np.float32)
  for network in model.networks:
    if network.name == "ppu":
      for layer in network.layers:
        scale = {"offsets": 0.1, "phi": 0.2, "warp": 0.1}.get(layer.name.partition("_")[0], 0.0)
        if layer.weights and "bn" not in layer.name:
          layer.set_weights([w + scale * rng.normal(size=w.shape) for w in layer.get_weights()])
    else:
      batch_norm.set_momentum(network, 0.0)
      for branch in _residual_branches(network):
        branch.gamma.assign(tf.fill(branch.gamma.shape, 0.25))
      network(noise, training=True)
      heatmaps = network.get_layer("heatmaps")
      features = tf.keras.Model(network.input, heatmaps.input)(noise, training=False)
      kernel, bias = heatmaps.get_weights()
      # The input of a sigmoid must have a spread, too.
      heatmaps.set_weights([kernel / np.std(features @ kernel[0, 0]), bias])
      if network.layers[-1] is not heatmaps:
        scales = network.layers[-1].get_weights()[0]
        network.layers[-1].set_weights([scales / np.std(network(noise, training=False))])


def _residual_branches(network: tf.keras.Model) -> List[tf.keras.layers.BatchNormalization]:
  """Returns the last batch norms of residual branches."""
  branches = []
  for add in network.layers:
    if isinstance(add, tf.keras.layers.Add):
      inputs = [tensor.node.layer for tensor in add.input]
      ends = [x for x in inputs if isinstance(x, tf.keras.layers.BatchNormalization)]
      if len(inputs) == 2 and len(ends) == 1:
        branches += ends
  return branches
