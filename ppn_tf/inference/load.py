"""Loads pose networks by name or path: runs, exported files, the network of this package."""

import os
import pathlib
from typing import Any, NamedTuple, Union

from ppn_tf.config.experiment import Experiment, build_model, open_run, read_experiment
from ppn_tf.inference import people
from ppn_tf.inference.pose_model import KerasPoseModel, PoseModel, load_pose_model
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


def load_model(model: Any, num_threads: int = 2, checkpoint: str = "latest") -> PoseModel:
  """Loads a network in whichever form it is given.

  Args:
    model: "people" for the network of this package (./people for a file or folder of that
      name), a .tflite file, a SavedModel folder, the workdir of a run, a PPN or a Framewise.
    num_threads: CPU threads of a .tflite model and of the package's.
    checkpoint: "latest" or "best", of a run.
  Raises:
    InputError: there is no such model, or it is none of these.
  """
  if not isinstance(model, (str, os.PathLike)):
    return KerasPoseModel(model)
  is_run = model != people.NAME and (pathlib.Path(model) / "flags.json").is_file()
  if checkpoint != "latest" and not is_run:
    raise InputError(f"{model}: is no run, and has no checkpoint {checkpoint!r}. Give a workdir.")
  if model == people.NAME:
    return people.pose_model(num_threads)
  if is_run:
    run = load_run(model, checkpoint)
    pose_model = KerasPoseModel(run.model)
    pose_model.take_flags(run.experiment.to_flags())
    return pose_model
  return load_pose_model(model, num_threads)
