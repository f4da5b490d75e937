"""The network of a training run, with its joints and crops.

It alone of this package knows of the experiment, whose flags say what the network was; they are
read from the run's folder, not from the command line.
"""

from ppn_tf.config import experiment
from ppn_tf.inference.pose_model import KerasPoseModel, PoseModel
from ppn_tf.runtime.workdir import restore

import tensorflow as tf


def run_model(workdir: str) -> PoseModel:
  """A run's latest checkpoint.

  Raises:
    InputError: it has none yet, or one that does not fit its flags.
  """
  run = experiment.run_of(workdir)
  settings = run.read_flags()
  network = experiment.build_model(settings)
  restore(tf.train.Checkpoint(model=network), run.latest_checkpoint())
  model = KerasPoseModel(network)
  model.take_flags(settings)
  return model
