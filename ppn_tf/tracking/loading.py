"""The pose network that a name or a path means, by what is there."""

import importlib
import os
import pathlib
from typing import Any

from ppn_tf.errors import InputError
from ppn_tf.tracking.pose_models import KerasPoseModel, PoseModel, load_pose_model

PEOPLE = "people"
_PEOPLE_MODULE = "ppn_tf.people"


def load_model(model: Any, num_threads: int = 2) -> PoseModel:
  """The network in whichever form it is given.

  Args:
    model: "people", for the network that comes with the package (a file or folder
      of that name is ./people); a .tflite file, a SavedModel folder or a run's
      workdir; or a PPN or a Framewise.
    num_threads: CPU threads of a .tflite model.
  Raises:
    InputError: there is no such model, or it is none of these.
  """
  if not isinstance(model, (str, os.PathLike)):
    return KerasPoseModel(model)
  if model == PEOPLE:
    return _people()
  if (pathlib.Path(model) / "flags.json").is_file():
    from ppn_tf.tracking.runs import run_model

    return run_model(os.fspath(model))
  return load_pose_model(model, num_threads)


def _people() -> PoseModel:
  """Imported only where it is asked for: its weights are megabytes."""
  try:
    people = importlib.import_module(_PEOPLE_MODULE)
  except ModuleNotFoundError as error:
    if error.name != _PEOPLE_MODULE:
      raise
    raise InputError(
      f"{PEOPLE}: this installation has no weights of that name. "
      "Give a .tflite file, a SavedModel folder or a run's workdir."
    ) from error
  return people.pose_model()
