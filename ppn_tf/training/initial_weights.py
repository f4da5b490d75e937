"""What networks start from: ImageNet weights, MoveNet's, the package's, a file, another run."""

from typing import List

from ppn_tf.inference import people
from ppn_tf.keypoints.skeletons import find_skeleton
from ppn_tf.models.backbones.imagenet import load_imagenet
from ppn_tf.models.backbones.movenet import read_movenet
from ppn_tf.models.weight_files import load_backbone
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.workdir import Workdir, restore

import tensorflow as tf


def load_weights(
  network: tf.keras.Model, part: str, backbone: str, source: str
) -> List[tf.keras.layers.Layer]:
  """Starts HeadNet, BodyNet or a PPU from weights that there are.

  Args:
    network: HeadNet, BodyNet or a PPU.
    part: which of them, "head", "body" or "ppu".
    backbone: its backbone's name, if it has one.
    source: "people", the network that comes with the package, or the workdir of
      a run (see `load_run_weights`); where it is no PPU also "imagenet" (see
      `models.imagenet`), an .npz file (see `models.pretrained`), or a .tflite of
      MoveNet Lightning (see `models.movenet`).
  Returns:
    The layers that were set.
  Raises:
    InputError: none of these, or one that does not fit.
  """
  if source == people.NAME:
    return people.load_part(network, part)
  if part == "ppu":
    return load_run_weights(network, part, source)
  if source == "imagenet":
    return load_imagenet(network, backbone)
  if source.endswith(".npz"):
    return load_backbone(network, source)
  if source.endswith(".tflite"):
    mend = (
      "MoveNet Lightning starts movenet, of its own 17 joints, mobilenet_v2_fpn and mobilenet_v2."
    )
    return load_backbone(network, source, read_movenet, mend)
  return load_run_weights(network, part, source)


def load_run_weights(
  network: tf.keras.Model, part: str, source: str
) -> List[tf.keras.layers.Layer]:
  """Starts HeadNet from a run's HeadNet, BodyNet from its BodyNet, a PPU from its PPU.

  A frame-wise run has one network, which starts either. A PPN's BodyNet never
  starts a HeadNet, whatever the backbones are. The last layer stays as it is
  where the run has another number of joints.

  Args:
    network: HeadNet, BodyNet or a PPU.
    part: which of them, "head", "body" or "ppu".
    source: workdir of a run whose network has the same backbone and upsampling.
  Returns:
    The layers that were set.
  Raises:
    InputError: no run there, no checkpoint yet, or a network that does not fit.
  """
  run = Workdir(source)
  if not run.is_there():
    raise InputError(
      f"--{part}_weights={source}: is neither `people` nor a run's workdir."
      if part == "ppu"
      else f"--{part}_weights={source}: is neither `imagenet` nor `people`, nor an .npz or .tflite "
      "file, nor a run's workdir."
    )
  settings = run.read_flags()
  theirs = "ppu" if part == "ppu" else f"{part}_net"
  if settings["method"] == "framewise":
    if part == "ppu":
      raise InputError(f"--ppu_weights={source}: is a frame-wise run. Give a PPN's workdir.")
    theirs = "body_net"
  if part != "ppu" and find_skeleton(settings["skeleton"]).num_joints != network.output_shape[-1]:
    if "places" in (layer.name for layer in network.layers):
      raise InputError(
        f"--{part}_weights={source}: has other joints than --skeleton, and the backbone movenet "
        "knows where people's joints are for its own alone. Choose mobilenet_v2_fpn."
      )
    network = tf.keras.Model(network.input, network.get_layer("heatmaps").input)
  tracked = tf.train.Checkpoint(model=tf.train.Checkpoint(**{theirs: network}))
  try:
    restore(tracked, run.latest_checkpoint())
  except InputError as error:
    raise InputError(f"--{part}_weights takes the run's {theirs}. {error}") from error
  return [layer for layer in network.layers if layer.weights]
