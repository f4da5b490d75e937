"""Writes single networks for `benchmarks.people_scores`, as frame-wise .tflite files.

  python -m benchmarks.people_parts --tinypose=tinypose_256x192.xml --output=DIR

Writes head.tflite and body.tflite, the HeadNet and BodyNet of the network for people, and with
--tinypose PP-TinyPose as tinypose.tflite, for square crops.
"""

import pathlib
from typing import Dict, Optional, Sequence

from absl import flags

from ppn_tf.inference import people, people_weights
from ppn_tf.inference.tflite import convert
from ppn_tf.inference.tflite.metadata import add_description, read_description
from ppn_tf.models.pose_net import pose_net
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.training.initial_weights import load_weights

import tensorflow as tf

FLAGS = flags.FLAGS
_BACKBONE = "lite_hrnet"
# Its own, in PaddleDetection.
TINYPOSE_MARGIN = 1.25


def define_flags() -> None:
  """Defines the flags of the command."""
  flags.DEFINE_string("output", None, "Folder to write to.")
  command_flags.mark_required("output")
  flags.DEFINE_string(
    "tinypose", None, "The .xml file of PP-TinyPose at 256x192; its .bin is next to it."
  )
  command_flags.define_integer(
    "tinypose_size", 256, "Side of the crops of PP-TinyPose, a multiple of 32 pixels.", 32, 1024
  )


def write_network(
  network: tf.keras.Model, path: pathlib.Path, margin: Optional[float] = None
) -> None:
  """Writes a network of COCO's joints.

  Args:
    network: functional model, [B, H, W, 3] to heatmaps [B, h, w, 17].
    path: the .tflite file.
    margin: side of its crops over the longer side of the box; by default as for the network for
      people.
  """
  model = Framewise(network)
  of_people = read_description(people.FILE)
  frame = dict(of_people["frame"])
  if margin:
    frame["box_margin"] = margin
  description = {
    "method": "framewise",
    "frame": {**frame, "size": list(model.image_size)},
    "heatmaps": {"size": list(model.heatmap_size), "pixels_per_cell": model.stride},
    "readout": "answer",
    "skeleton": of_people["skeleton"],
  }
  with complete_or_absent(path) as partial:
    partial.write_bytes(convert.to_tflite(model))
    add_description(partial, description)


def build_tinypose(path: str, size: int) -> tf.keras.Model:
  """Builds PP-TinyPose for crops of size x size pixels.

  Raises:
    InputError: the file is not PP-TinyPose's, or the size is not a multiple of 32.
  """
  try:
    network = pose_net(_BACKBONE, (size, size), 17, name="body_net")
  except ValueError as error:
    raise InputError(f"--tinypose_size={size}: {error}") from error
  load_weights(network, "body", _BACKBONE, path)
  return network


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  folder = pathlib.Path(FLAGS.output)
  networks: Dict[str, tf.keras.Model] = {}
  if FLAGS.tinypose:
    networks["tinypose"] = build_tinypose(FLAGS.tinypose, FLAGS.tinypose_size)
  model, _ = people_weights.read()
  assert isinstance(model, PPN)
  networks.update(head=model.head_net, body=model.body_net)
  folder.mkdir(parents=True, exist_ok=True)
  for name, network in networks.items():
    path = folder / f"{name}.tflite"
    write_network(network, path, TINYPOSE_MARGIN if name == "tinypose" else None)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
  define_flags()
  app.run(main)
