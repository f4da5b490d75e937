"""Trains one network on single images, to start PPN from.

  python -m ppn_tf.pretrain --body_backbone=resnet18 --dataset=DATASET --workdir=RUN

An epoch is every image, and every frame of a clip. Flags are those of ppn_tf.train with
other defaults: the recipe of Simple Baselines and HRNet for MPII, from which the paper's
networks start. `python -m ppn_tf.train --head_weights=RUN --body_weights=RUN` takes the
learned weights.
"""

from typing import Sequence

from absl import flags

from ppn_tf.config import flags as experiment_flags
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.training import experiment as training

FLAGS = flags.FLAGS
RECIPE = {
  "method": "framewise",
  "num_frames": 1,
  "batch_size": 32,
  "num_epochs": 140,
  "learning_rate": 1e-3,
  "learning_rate_drops": (90, 120),
  "weight_decay": 0.0,
  "scale_range": (0.75, 1.25),
  "max_rotation": 30.0,
}
_HELPS = {
  "method": "Must be framewise: pretraining trains one network on single images.",
  "num_frames": "Must be 1: pretraining trains on single images.",
}


def define_flags() -> None:
  """Defines the flags of this command."""
  experiment_flags.define(defaults=RECIPE, helps=_HELPS)
  command_flags.mark_required("workdir", "dataset")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  for name in ("method", "num_frames"):
    if FLAGS[name].value != RECIPE[name]:
      raise InputError(
        f"--{name}={FLAGS[name].value}: pretraining is of one network on single images. Leave it "
        f"out, or use `{command('train')}`."
      )
  experiment = experiment_flags.experiment()
  if FLAGS["num_steps"].present and not FLAGS["num_epochs"].present:
    experiment = experiment.replace(num_epochs=0)
  experiment = experiment_flags.keep_former_values(experiment)
  training.train(experiment, experiment_flags.run_config(), FLAGS.alpha)


if __name__ == "__main__":
  define_flags()
  app.run(main)
