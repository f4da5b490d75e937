"""Trained networks by the name of a preset or the workdir of a run."""

import os
from typing import Type, TypeVar, Union

from ppn_tf.config.experiment import open_run
from ppn_tf.inference import people, people_weights
from ppn_tf.inference.runs import load_run
from ppn_tf.models.layers import batch_norm
from ppn_tf.models.video_pose_model import VideoPoseModel
from ppn_tf.runtime.errors import InputError

Model = TypeVar("Model", bound=VideoPoseModel)


def load_network(
  preset: Union[str, os.PathLike], kind: Type[Model], checkpoint: str = "latest"
) -> Model:
  """Loads a trained network, for `VideoPoseModel.from_preset`.

  Args:
    preset: "people", or the workdir of a training run.
    kind: the class expected.
    checkpoint: checkpoint of a run, "latest" or "best".
  Raises:
    InputError: there is no such network, or it is of another class.
    ValueError: an unknown checkpoint.
  """
  if checkpoint not in ("latest", "best"):
    raise ValueError(f'checkpoint must be "latest" or "best". Received: {checkpoint!r}')
  if preset == people.NAME:
    model = people_weights.read()[0]
    for network in model.networks:
      # Their statistics are folded into convolutions; those of a batch would replace them.
      batch_norm.freeze(network)
  else:
    if not open_run(os.fspath(preset)).is_there():
      raise InputError(f'{preset}: neither "people" nor the workdir of a training run.')
    model = load_run(preset, checkpoint).model
  if not isinstance(model, kind):
    raise InputError(
      f"{preset}: holds a {type(model).__name__}, not a {kind.__name__}. "
      f"Load it with {type(model).__name__}.from_preset."
    )
  return model
