"""Trained networks of runs."""

import os
from typing import NamedTuple, Union

from ppn_tf.config.experiment import Experiment, build_model, open_run, read_experiment
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime.checkpoints import fingerprint, restore
from ppn_tf.runtime.errors import InputError

import tensorflow as tf


class LoadedRun(NamedTuple):
  """Trained network of a run.

  Attributes:
    model: the network.
    experiment: settings that it was trained with.
    fingerprint: name and digest of the checkpoint in `model`, see `workdir.fingerprint`.
  """

  model: Framewise
  experiment: Experiment
  fingerprint: str


def load_run(workdir: Union[str, os.PathLike], checkpoint: str = "latest") -> LoadedRun:
  """Loads the trained network of a run, which may still be training.

  Args:
    workdir: folder of the run.
    checkpoint: "latest", or "best" by the score on --validation_split.
  Raises:
    InputError: no run is there, it has no such checkpoint, or the checkpoint does not fit.
  """
  run = open_run(os.fspath(workdir))
  experiment = read_experiment(run)
  model = build_model(experiment)
  path = run.checkpoint(checkpoint)
  while True:
    try:
      digest = fingerprint(path)
      restore(tf.train.Checkpoint(model=model), path)
      return LoadedRun(model, experiment, digest)
    except (FileNotFoundError, InputError):
      # Training deletes old checkpoints, possibly this one since its path was read.
      newer = run.checkpoint(checkpoint)
      if newer == path:
        raise
      path = newer
