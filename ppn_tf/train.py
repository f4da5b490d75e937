"""Trains PPN, or its frame-wise BodyNet, on clips.

  python -m ppn_tf.train --config=ppn_swift --dataset=DATASET --workdir=RUN

The same command resumes a stopped run from its last checkpoint. After Ctrl-C or SIGTERM
it finishes the current step and saves it.
"""

from typing import Sequence

from absl import flags

from ppn_tf.config import flags as experiment_flags
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.training import experiment as training

FLAGS = flags.FLAGS
_NUM_FRAMES = (
  "T: frames of a window, at whose start the recurrence restarts, as in the paper; at least 1. "
  "Only evaluate and score accept 0, for whole clips."
)


def define_flags() -> None:
  """Defines the flags of this command."""
  experiment_flags.define(helps={"num_frames": _NUM_FRAMES})
  command_flags.mark_required("workdir", "dataset")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  if not FLAGS.num_frames:
    raise InputError("--num_frames=0: training requires windows of at least one frame.")
  aware = bool(FLAGS.quantize_aware)
  describe = experiment_flags.quantize_aware_experiment if aware else experiment_flags.experiment
  experiment = experiment_flags.keep_former_values(describe())
  training.train(experiment, experiment_flags.run_config(), FLAGS.alpha)


if __name__ == "__main__":
  define_flags()
  app.run(main)
