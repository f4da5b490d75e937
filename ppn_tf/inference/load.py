"""The pose network that a name or a path means, by what is there."""

import os
import pathlib
from typing import Any

from ppn_tf.inference.pose_model import KerasPoseModel, PoseModel, load_pose_model

PEOPLE = "people"


def load_model(model: Any, num_threads: int = 2) -> PoseModel:
  """The network in whichever form it is given.

  Args:
    model: "people", for the network that comes with the package (a file or folder
      of that name is ./people); a .tflite file, a SavedModel folder or a run's
      workdir; or a PPN or a Framewise.
    num_threads: CPU threads of a .tflite model and of the package's.
  Raises:
    InputError: there is no such model, or it is none of these.
  """
  if not isinstance(model, (str, os.PathLike)):
    return KerasPoseModel(model)
  if model == PEOPLE:
    from ppn_tf.inference import people  # its weights are megabytes

    return people.pose_model(num_threads)
  if (pathlib.Path(model) / "flags.json").is_file():
    from ppn_tf.inference.runs import run_model

    return run_model(os.fspath(model))
  return load_pose_model(model, num_threads)
