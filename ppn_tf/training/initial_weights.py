"""Initial weights: ImageNet, MoveNet, the network of the package, a file, or another run."""

from typing import List

from ppn_tf.config.experiment import open_run, read_experiment
from ppn_tf.inference import people, people_weights
from ppn_tf.models.backbones.imagenet import load_imagenet
from ppn_tf.models.backbones.movenet import read_movenet
from ppn_tf.models.backbones.tinypose import read_tinypose
from ppn_tf.models.weight_files import load_backbone
from ppn_tf.runtime.checkpoints import restore
from ppn_tf.runtime.errors import InputError

import tensorflow as tf


def load_weights(
  network: tf.keras.Model, part: str, backbone: str, source: str
) -> List[tf.keras.layers.Layer]:
  """Loads initial weights of HeadNet, BodyNet or a PPU.

  Args:
    network: HeadNet, BodyNet or a PPU.
    part: "head", "body" or "ppu" accordingly.
    backbone: name of the backbone; empty for a PPU.
    source: "people" (the network of this package) or the workdir of a run (see
      `load_run_weights`). For HeadNet and BodyNet also "imagenet" (see
      `models.backbones.imagenet`), an .npz file (see `models.weight_files`), the .tflite file of
      a MoveNet (see `models.backbones.movenet`), or the .xml file of PP-TinyPose (see
      `models.backbones.tinypose`).
  Returns:
    Layers that were set.
  Raises:
    InputError: `source` is none of these, or does not fit.
  """
  if source == people.NAME:
    return people_weights.load_part(network, part)
  if part == "ppu":
    return load_run_weights(network, part, source)
  if source == "imagenet":
    return load_imagenet(network, backbone)
  if source.endswith(".npz"):
    return load_backbone(network, source)
  if source.endswith(".tflite"):
    advice = (
      "MoveNet Lightning starts movenet, of its own 17 joints, mobilenet_v2_fpn and mobilenet_v2; "
      "Thunder starts movenet_thunder and mobilenet_v2_1.75_fpn."
    )
    return load_backbone(network, source, read_movenet, advice)
  if source.endswith(".xml"):
    advice = "PP-TinyPose starts lite_hrnet and lite_hrnet_enlarged."
    return load_backbone(network, source, read_tinypose, advice)
  return load_run_weights(network, part, source)


def load_run_weights(
  network: tf.keras.Model, part: str, source: str
) -> List[tf.keras.layers.Layer]:
  """Loads initial weights from the same part of a run: HeadNet, BodyNet or PPU.

  The only network of a frame-wise run serves as either HeadNet or BodyNet. The BodyNet of a PPN
  never serves as HeadNet. The last layer stays unchanged if the run has another number of joints.

  Args:
    network: HeadNet, BodyNet or a PPU.
    part: "head", "body" or "ppu" accordingly.
    source: workdir of a run whose network has the same backbone and upsampling.
  Returns:
    Layers that were set.
  Raises:
    InputError: no run is there, it has no checkpoint yet, or its network does not fit.
  """
  run = open_run(source)
  if not run.is_there():
    raise InputError(
      f"--{part}_weights={source}: is neither `people` nor a run's workdir."
      if part == "ppu"
      else f"--{part}_weights={source}: is neither `imagenet` nor `people`, nor an .npz, .tflite "
      "or .xml file, nor a run's workdir."
    )
  experiment = read_experiment(run)
  source_name = "ppu" if part == "ppu" else f"{part}_net"
  if experiment.network.method == "framewise":
    if part == "ppu":
      raise InputError(f"--ppu_weights={source}: is a frame-wise run. Give a PPN's workdir.")
    source_name = "body_net"
  if part != "ppu" and experiment.skeleton.num_joints != network.output_shape[-1]:
    if "places" in (layer.name for layer in network.layers):
      raise InputError(
        f"--{part}_weights={source}: has other joints than --skeleton, and the backbone movenet "
        "knows where people's joints are for its own alone. Choose mobilenet_v2_fpn."
      )
    network = tf.keras.Model(network.input, network.get_layer("heatmaps").input)
  tracked = tf.train.Checkpoint(model=tf.train.Checkpoint(**{source_name: network}))
  try:
    restore(tracked, run.latest_checkpoint())
  except InputError as error:
    raise InputError(f"--{part}_weights takes the run's {source_name}. {error}") from error
  return [layer for layer in network.layers if layer.weights]
