"""The network that flags of an experiment describe: HeadNet, BodyNet and PPU put together."""

from typing import Any, Mapping, Tuple

from ppn_tf.keypoints import skeletons
from ppn_tf.models.pose_net import pose_net
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.ppu import ppu
from ppn_tf.runtime.errors import InputError

import tensorflow as tf


def numbers(name: str, values: Any, count: int = 0) -> Tuple[float, ...]:
  """The numbers of a list flag.

  Raises:
    InputError: one of them is no number, or there are not `count` (if given).
  """
  try:
    parsed = tuple(float(value) for value in values)
  except ValueError:
    parsed = ()
  if not parsed or (count and len(parsed) != count):
    wanted = f"{count} numbers" if count else "numbers"
    raise InputError(f"--{name}={','.join(values)}: expected {wanted} separated by commas.")
  return parsed


def build_network(settings: Mapping[str, Any]) -> Framewise:
  """A network with fresh weights.

  Args:
    settings: values by flag name, as a run's flags.json has them; those about the
      network and its joints are looked at.
  Returns:
    PPN, or Framewise for method=framewise.
  Raises:
    InputError: settings that do not fit each other.
  """
  height, width = (int(n) for n in numbers("image_size", settings["image_size"], 2))
  dilations = tuple(int(rate) for rate in numbers("dilations", settings["dilations"]))
  num_joints = skeletons.find_skeleton(settings["skeleton"]).num_joints

  def network(part: str) -> tf.keras.Model:
    return pose_net(
      settings[f"{part}_backbone"],
      (height, width),
      num_joints,
      settings[f"{part}_upsampling"],
      settings["num_upsamplings"],
      name=f"{part}_net",
    )

  try:
    body_net = network("body")
    if settings["method"] == "framewise":
      return Framewise(body_net)
    unit = ppu(
      body_net.output_shape[1:3],
      num_joints,
      settings["ppu_width"] or None,
      settings["ppu_blocks"],
      dilations,
      settings["ppu_reduction"],
      settings["initial_gain"],
      settings["offset_steps"],
      settings.get("ppu_samples", 0),  # files of before say nothing of it
    )
    return PPN(
      network("head"), body_net, unit, settings["skip_connection"], settings["propagation"]
    )
  except ValueError as error:
    raise InputError(f"these flags make no network: {error}") from error
