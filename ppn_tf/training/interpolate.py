"""Interpolates the weights of a run between its start and its end.

  python -m ppn_tf.training.interpolate --workdir=RUN --share=0.5 --output=NEW_RUN

Fine-tuning on few pictures forgets some of what the initial weights knew. Half way back, on a
straight line, weights often combine both (WiSE-FT, Wortsman et al., CVPR 2022):

  weights = (1 - share) * start + share * end

NEW_RUN is a run with one checkpoint, to export, to score, and to start others from.
"""

from typing import Sequence

from absl import flags

from ppn_tf.config import flags as experiment_flags
from ppn_tf.inference.runs import load_run
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training.initial_model import prepare_model

import tensorflow as tf

FLAGS = flags.FLAGS


def move_back(trained: Framewise, start: Framewise, share: float) -> None:
  """Sets a network's weights to those between it and its start.

  Args:
    trained: the network; it is changed.
    start: the same network as its training began.
    share: 0 is the start, 1 changes nothing.
  """
  for network, source in zip(trained.networks, start.networks):
    for weight, first in zip(network.weights, source.weights):
      weight.assign((1.0 - share) * first + share * weight)


def write_between(output: str, share: float) -> None:
  """Writes a run that lies between the start and the end of the run in --workdir.

  Args:
    output: folder of the new run.
    share: see `move_back`.
  Raises:
    InputError: `output` exists, or the run in --workdir did not start from weights.
  """
  if Workdir(output).path.exists():
    raise InputError(f"--output={output}: is there already. Give another folder, or delete it.")
  experiment = experiment_flags.experiment_of_run()
  training = experiment.training
  has_start = training.head_weights or training.body_weights or training.ppu_weights
  if experiment.network.quantize_aware or not has_start:
    raise InputError(
      f"--workdir={FLAGS.workdir}: did not start from weights (--head_weights, --body_weights, "
      "--ppu_weights)."
    )
  model = load_run(FLAGS.workdir, FLAGS.checkpoint).model
  start, _ = prepare_model(experiment)
  move_back(model, start, share)
  with complete_or_absent(Workdir(output).path) as partial:
    run = Workdir(partial)
    run.claim(experiment.to_flags())
    checkpoints = run.checkpoints(tf.train.Checkpoint(model=model))
    checkpoints.save(checkpoint_number=experiment.optimizer.num_steps)


def define_flags() -> None:
  """Defines the flags of this command."""
  flags.DEFINE_string("output", None, "Folder of the new run.")
  command_flags.define_float("share", 0.5, "1 is the end of the run, 0 its start.", 0.0, 1.0)
  experiment_flags.define(from_run=True)
  command_flags.mark_required("workdir", "output")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  output = FLAGS.output
  write_between(output, FLAGS.share)
  print(f"{output}: {FLAGS.share:g} of the way from the start to the end of {FLAGS.workdir}")


if __name__ == "__main__":
  define_flags()
  app.run(main)
