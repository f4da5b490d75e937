"""Lists the rows of the paper's tables that can be built here, and published costs of parts."""

import functools
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

from ppn_tf.models.pose_net import BACKBONES, pose_net
from ppn_tf.models.ppu import ppu

import tensorflow as tf


class Row(NamedTuple):
  """Describes a row of one of the paper's tables.

  Attributes:
    table: the table's number; "none" for a network that is not in the paper.
    name: the paper's name of the network.
    config: file in configs/, without the suffix.
    gflops: the paper's FLOPs per frame after the first, in 1e9; None if not given.
    remarks: reasons for a difference to the figure measured here.
  """

  table: str
  name: str
  config: str
  gflops: Optional[float] = None
  remarks: Tuple[str, ...] = ()


class Part(NamedTuple):
  """Describes a part of the networks with a published cost.

  Attributes:
    name: name of the part.
    build: builds the part as a Keras model.
    quantity: attribute of `costs.Cost` that was published.
    published: published value.
    source: publication.
  """

  name: str
  build: Callable[[], tf.keras.Model]
  quantity: str
  published: float
  source: str


# tests/evaluation/test_paper_rows.py computes every figure of these two.
_DECONVOLUTION = (
  "Here a transposed convolution counts each pixel of its input once. The paper's 7.74 equals the "
  "cost of ResNet-18 if the second and third deconvolution are counted per output pixel, and the "
  "first deconvolution and the last 1x1 convolution are not counted. This rule explains no other "
  "row: it gives 5.73 for MobileNetV2 and, with two deconvolutions, 3.44, 5.86 and 6.11 for "
  "ResNet-18, 34 and 50. The paper's rule for these rows is unknown."
)
_BOTTLENECK = (
  "The paper's ResNet-50 costs 3.38 more than its ResNet-18, here 3.07 more, because these "
  "bottlenecks have their stride in the first 1x1 convolution. With the stride in the 3x3 "
  "convolution the difference is 3.37."
)

ROWS: Sequence[Row] = (
  Row("1", "Framewise (ResNet-18)", "table1_framewise_resnet18"),
  Row("1", "PPN (ResNet-18)", "table1_ppn_resnet18"),
  Row("1", "Framewise (ResNet-34)", "table1_framewise_resnet34"),
  Row("1", "PPN (ResNet-34)", "table1_ppn_resnet34"),
  Row("1", "Framewise (ResNet-50)", "table1_framewise_resnet50"),
  Row("1", "PPN (ResNet-50)", "table1_ppn_resnet50"),
  Row("1", "Framewise (ResNet-101)", "table1_framewise_resnet101"),
  Row("1", "PPN (ResNet-101)", "table1_ppn_resnet101"),
  Row("2", "Framewise (ResNet-18-w-Deconv)", "table1_framewise_resnet18", 7.74, (_DECONVOLUTION,)),
  Row("2", "Framewise (ResNet-18-w-DUC)", "framewise_stable", 3.07),
  Row("2", "PPN (ResNet-18-w-DUC)-w/o-SC", "table2_ppn_resnet18_without_sc", 3.87),
  Row("2", "PPN (ResNet-18-w-DUC)", "ppn_stable", 3.87),
  Row(
    "2",
    "Framewise (MobileNet-V2-w-Deconv)",
    "table2_framewise_mobilenet_v2_deconv",
    5.64,
    (_DECONVOLUTION,),
  ),
  Row("2", "Framewise (MobileNet-V2-w-DUC)", "framewise_swift", 0.59),
  Row("2", "PPN (MobileNet-V2-w-DUC)-w/o-SC", "table2_ppn_mobilenet_v2_without_sc", 1.39),
  Row("2", "PPN (MobileNet-V2-w-DUC)", "ppn_swift", 1.39),
  Row("4", "Framewise (ResNet-18)", "table4_framewise_resnet18", 4.28, (_DECONVOLUTION,)),
  Row("4", "PPN (ResNet-18)", "table4_ppn_resnet18", 4.48, (_DECONVOLUTION,)),
  Row("4", "Framewise (ResNet-34)", "table4_framewise_resnet34", 6.69, (_DECONVOLUTION,)),
  Row("4", "PPN (ResNet-34)", "table4_ppn_resnet34", 6.89, (_DECONVOLUTION,)),
  Row(
    "4", "Framewise (ResNet-50)", "table4_framewise_resnet50", 7.66, (_DECONVOLUTION, _BOTTLENECK)
  ),
  Row("4", "PPN (ResNet-50)", "table4_ppn_resnet50", 7.86, (_DECONVOLUTION, _BOTTLENECK)),
  Row("5", "PPN-Stable", "ppn_stable", 3.87),
  Row("5", "PPN-Swift", "ppn_swift", 1.39),
  Row("none", "PPN-Stable with PoseWarper's unit", "ppn_stable_posewarper_unit"),
)


def _backbone(name: str) -> tf.keras.Model:
  # The number of parameters does not depend on the frame size.
  return tf.keras.Model(*BACKBONES[name]((64, 64)))


PARTS: Sequence[Part] = (
  Part("PPU at 64x64", lambda: ppu((64, 64), 13), "macs", 0.80e9, "Table 2: 3.87 - 3.07"),
  Part("PPU at 32x32", lambda: ppu((32, 32), 13), "macs", 0.20e9, "section IV-D"),
  *(
    Part(name, functools.partial(_backbone, key), "params", count, "keras-cv, no classifier")
    for name, key, count in (
      ("ResNet-18", "resnet18", 11.19e6),
      ("ResNet-34", "resnet34", 21.30e6),
      ("ResNet-50", "resnet50", 23.56e6),
      ("ResNet-101", "resnet101", 42.61e6),
    )
  ),
  Part(
    "HRNet-W48, 17 joints",
    lambda: pose_net("hrnet_w48", (64, 64), 17),
    "trainable_params",
    63.6e6,
    "HRNet's paper, Table 1",
  ),
)


def find_rows(text: str) -> Tuple[List[Row], List[Part]]:
  """Finds rows whose table ("table N"), name or config contains a text, and parts by name."""
  text = text.lower()
  return (
    [row for row in ROWS if text in f"table {row.table} {row.name} {row.config}".lower()],
    [part for part in PARTS if text in part.name.lower()],
  )
