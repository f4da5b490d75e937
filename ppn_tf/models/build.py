"""Builds HeadNet, BodyNet and PPU from settings."""

import dataclasses
from typing import Callable, Tuple

from ppn_tf.keypoints import skeletons
from ppn_tf.models.layers.upsample import UPSAMPLINGS
from ppn_tf.models.pose_net import BACKBONES, pose_net
from ppn_tf.models.ppn import PPN, PROPAGATIONS, Framewise
from ppn_tf.models.ppu import DILATIONS, REDUCTIONS, ppu
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.settings import Bounds, Settings, choice, number, numbers, switch, text

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class NetworkConfig(Settings):
  """Settings of a network: the shape of its weights, and how it computes with them.

  Help texts below describe each field. `skeleton` is text for `skeletons.find_skeleton`:
  a known name, or a skeleton as JSON.
  """

  method: str = choice(
    "ppn", ("ppn", "framewise"), "PPN, or its BodyNet alone, applied to each frame separately."
  )
  head_backbone: str = choice("hrnet_w48", sorted(BACKBONES), "Backbone of HeadNet.")
  head_upsampling: str = choice("duc", sorted(UPSAMPLINGS), "Upsampling units of HeadNet.")
  body_backbone: str = choice("mobilenet_v2", sorted(BACKBONES), "Backbone of BodyNet.")
  body_upsampling: str = choice("duc", sorted(UPSAMPLINGS), "Upsampling units of BodyNet.")
  num_upsamplings: int = number(3, "2x upsampling units after a stride-32 backbone.", 0, 5)
  ppu_width: int = number(
    0, "Channels of the residual blocks of the PPU; 0: as many as joints.", 0, 4096
  )
  ppu_blocks: int = number(17, "Residual blocks of the PPU.", 1, 1000)
  dilations: Tuple[int, ...] = numbers(
    DILATIONS, "Dilation rates of the PPU.", Bounds(1, 1000, whole=True)
  )
  ppu_reduction: str = choice(
    "mean", sorted(REDUCTIONS), "Reduction over the maps of all dilation rates (Eq. 5)."
  )
  offset_steps: int = number(
    0,
    "Round the offsets of the PPU to this many steps per cell, as `python -m export.tflite "
    "--sampler=table` does; 0: do not round.",
    0,
    1000,
  )
  ppu_samples: int = number(
    0,
    "Prune the trained PPU of --ppu_weights to this many samples before training. It reads 9 taps "
    "of K joints at each dilation rate; pruning keeps the most important ones and shortens the "
    "time of an exported PPU accordingly. 0: keep all.",
    0,
    10**6,
  )
  ppu_pooling: int = number(
    1,
    "Average this many cells of the heatmaps, along each axis, before the PPU, and enlarge its "
    "output. 2 takes a quarter of the PPU's time.",
    1,
    64,
  )
  skip_connection: bool = switch(True, "Add the heatmaps of BodyNet to those of the PPU.")
  propagation: str = choice(
    "chained",
    PROPAGATIONS,
    "Source of the propagated pose: the previous frame (Fig. 3c), or always the first (Fig. 3b).",
  )
  image_size: Tuple[int, int] = numbers(
    (256, 256), "Height and width of the crops in pixels.", Bounds(32, 4096, whole=True), count=2
  )
  quantize_aware: str = text(
    "",
    "Workdir of a trained run, to train further with the rounding of `python -m export.tflite "
    "--quantize=qat`. Network flags that are not given come from that run.",
  )
  skeleton: str = text(
    "penn_action",
    f"Joints: {', '.join(sorted(skeletons.SKELETONS))}, or the folder of a data set.",
  )


@tf.autograph.experimental.do_not_convert
def build_network(
  config: NetworkConfig,
  initial_gain: float = 1.0,
  make_pose_net: Callable[..., tf.keras.Model] = pose_net,
  make_ppu: Callable[..., tf.keras.Model] = ppu,
) -> Framewise:
  """Builds a network with fresh weights, without quantization.

  Args:
    config: settings of the network.
    initial_gain: factor on the copy that the PPU starts as, see `ppu`.
    make_pose_net: builds HeadNet and BodyNet, as `pose_net` does. Caching it shares equal parts of
      several networks, which suffices to count their costs.
    make_ppu: builds the PPU, as `ppu` does.
  Returns:
    PPN, or Framewise for method="framewise".
  Raises:
    InputError: settings that contradict each other.
  """
  num_joints = skeletons.find_skeleton(config.skeleton).num_joints

  def build_part(part: str) -> tf.keras.Model:
    return make_pose_net(
      getattr(config, f"{part}_backbone"),
      config.image_size,
      num_joints,
      getattr(config, f"{part}_upsampling"),
      config.num_upsamplings,
      name=f"{part}_net",
    )

  try:
    body_net = build_part("body")
    if config.method == "framewise":
      return Framewise(body_net)
    unit = make_ppu(
      body_net.output_shape[1:3],
      num_joints,
      config.ppu_width or None,
      config.ppu_blocks,
      config.dilations,
      config.ppu_reduction,
      initial_gain,
      config.offset_steps,
      config.ppu_samples,
      config.ppu_pooling,
    )
    return PPN(build_part("head"), body_net, unit, config.skip_connection, config.propagation)
  except ValueError as error:
    raise InputError(f"network settings do not fit each other: {error}") from error
