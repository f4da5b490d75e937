"""Writes a SavedModel for TensorFlow Serving.

  python -m export.saved_model --workdir=RUN --output=FOLDER

FOLDER/1 holds the model in the layout of TensorFlow Serving, with warm-up requests. It loads
without this package. Signatures `start` and `step` take any number of frames at once, `track`
any number of clips of any length.
"""

import pathlib
from typing import Sequence

from absl import flags

from ppn_tf.inference import saved_model
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

import tensorflow as tf

from . import exported_network, models_config, serving_requests

FLAGS = flags.FLAGS


def define_flags() -> None:
  """Defines the flags of this command."""
  exported_network.define_flags()
  flags.DEFINE_string("output", None, "Folder to write.")
  command_flags.mark_required("output")
  command_flags.define_integer(
    "model_version", 1, "Folder in --output; TensorFlow Serving loads the highest number.", 1, 10**9
  )
  flags.DEFINE_string(
    "models_config", None, "TensorFlow Serving's list of models, to which the model is added."
  )
  flags.DEFINE_string(
    "served_from",
    None,
    "Folder where the server of --models_config finds the model's folder, such as /models; by "
    "default that of --output.",
  )


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  output = pathlib.Path(FLAGS.output).expanduser() / str(FLAGS.model_version)
  if FLAGS.served_from is not None and not FLAGS.models_config:
    raise InputError(
      f"--served_from={FLAGS.served_from}: given without --models_config. Give the list to write."
    )
  if FLAGS.models_config:
    models_config.read(pathlib.Path(FLAGS.models_config).expanduser())  # before minutes of work
  model, experiment = exported_network.load()
  frame = tf.zeros([1, *model.image_size, 3])
  heatmaps = tf.zeros([1, *model.heatmap_size, model.num_joints])
  preliminary = exported_network.get_readout() == "present"
  with complete_or_absent(output) as partial:
    saved_model.write_saved_model(model, partial, preliminary=preliminary)
    serving_requests.write(
      partial,
      output.parent.name,
      {
        "start": {"frame": frame},
        "step": {"frame": frame, "previous": heatmaps},
        "track": {"frames": tf.cast(frame[None], tf.uint8)},
      },
    )
  if FLAGS.models_config:
    folder = output.parent.absolute()
    parent = pathlib.PurePosixPath(FLAGS.served_from or folder.parent)
    path = pathlib.Path(FLAGS.models_config).expanduser()
    models_config.write(path, folder.name, str(parent / folder.name))
  print(f"{output}: signatures start, step and track, frames {model.image_size}.")


if __name__ == "__main__":
  define_flags()
  app.run(main)
