"""Trains a network: `python -m ppn_tf.train --flagfile=FILE --dataset=FOLDER --workdir=FOLDER`.

A run that was stopped goes on from its last checkpoint when started again with
the same flags. Ctrl-C and SIGTERM let it finish its step and save it first.
"""

from typing import Sequence

from absl import flags

from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError
from ppn_tf.training import experiment

FLAGS = flags.FLAGS


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  if not FLAGS.num_frames:
    raise InputError("--num_frames=0: training needs clips of at least one frame.")
  experiment.train()


if __name__ == "__main__":
  app.run(main)
