"""Trains a network on single images: `python -m ppn_tf.pretrain --dataset=FOLDER --workdir=FOLDER`.

An epoch is every image, and every frame of a clip. The flags are ppn_tf.train's,
with other defaults: the recipe for MPII of Simple Baselines and HRNet, from which
the paper's networks start. `ppn_tf.train --head_weights=WORKDIR` and `--body_weights`
take what it has learned.
"""

from typing import Sequence

from absl import flags

from ppn_tf.runtime import app
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.training import experiment

FLAGS = flags.FLAGS

RECIPE = {
  "method": "framewise",
  "num_frames": 1,
  "batch_size": 32,
  "num_epochs": 140,
  "learning_rate": 1e-3,
  "learning_rate_drops": "90,120",
  "weight_decay": 0.0,
  "scale_range": "0.75,1.25",
  "max_rotation": 30.0,
}


def set_defaults() -> None:
  """Makes the recipe the flags' defaults; comes before they are parsed."""
  for name, value in RECIPE.items():
    FLAGS.set_default(name, value)


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  for name in ("method", "num_frames"):
    if FLAGS[name].value != RECIPE[name]:
      raise InputError(
        f"--{name}={FLAGS[name].value}: pretraining is of one network on single images. Leave it "
        f"out, or use `{command('train')}`."
      )
  if FLAGS["num_steps"].present and not FLAGS["num_epochs"].present:
    FLAGS["num_epochs"].value = 0
  experiment.train()


if __name__ == "__main__":
  set_defaults()
  app.run(main)
