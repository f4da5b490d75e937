"""Weights between a run's beginning and its end:

  python -m ppn_tf.training.interpolate --workdir=RUN --share=0.5 --output=NEW_RUN

A network that learns from few pictures forgets some of what the weights it was
started from knew of others. Half way back, in a straight line, it often has the
better of both (WiSE-FT, Wortsman et al., CVPR 2022):

  weights = (1 - share) * at the start + share * at the end

NEW_RUN is a run with one checkpoint, to export, to score, and to start others from.
"""

from typing import Sequence

from absl import flags

from ppn_tf.config import experiment
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training import experiment as training_experiment

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
  """Writes a run that lies between the start and the end of --workdir's.

  Args:
    output: the new run's folder.
    share: see `move_back`.
  Raises:
    InputError: the folder is there already, or --workdir's run did not start from weights.
  """
  if Workdir(output).path.exists():
    raise InputError(f"--output={output}: is there already. Give another folder, or delete it.")
  model = experiment.load_checked_run()
  if FLAGS.quantize_aware or not (FLAGS.head_weights or FLAGS.body_weights or FLAGS.ppu_weights):
    raise InputError(
      f"--workdir={FLAGS.workdir}: did not start from weights (--head_weights, --body_weights, "
      "--ppu_weights)."
    )
  start, _ = training_experiment.prepare_model()
  move_back(model, start, share)
  with complete_or_absent(Workdir(output).path) as partial:
    run = Workdir(partial)
    run.claim(experiment.run_flags())
    run.checkpoints(tf.train.Checkpoint(model=model)).save(checkpoint_number=FLAGS.num_steps)


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  output = experiment.required("output")
  write_between(output, FLAGS.share)
  print(f"{output}: {FLAGS.share:g} of the way from the start to the end of {FLAGS.workdir}")


if __name__ == "__main__":
  flags.DEFINE_string("output", None, "The new run's folder.")
  flags.DEFINE_float(
    "share", 0.5, "1 is the run's end, 0 its start.", lower_bound=0.0, upper_bound=1.0
  )
  app.run(main)
