"""Loads pose networks by name or path: runs, exported files, the network of this package.

TensorFlow, which takes seconds to import, is imported only for networks that run in it.
"""

import os
import pathlib
from typing import Any, Union

from ppn_tf.inference import people
from ppn_tf.inference.pose_model import PoseModel, TFLitePoseModel
from ppn_tf.runtime.errors import InputError


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
    from ppn_tf.inference.tensorflow_models import KerasPoseModel

    return KerasPoseModel(model)
  is_run = model != people.NAME and (pathlib.Path(model) / "flags.json").is_file()
  if checkpoint != "latest" and not is_run:
    raise InputError(f"{model}: is no run, and has no checkpoint {checkpoint!r}. Give a workdir.")
  if model == people.NAME:
    return people.pose_model(num_threads)
  if is_run:
    from ppn_tf.inference.runs import load_run
    from ppn_tf.inference.tensorflow_models import KerasPoseModel

    run = load_run(model, checkpoint)
    pose_model = KerasPoseModel(run.model)
    pose_model.take_flags(run.experiment.to_flags())
    return pose_model
  return load_pose_model(model, num_threads)


def load_pose_model(path: Union[str, os.PathLike], num_threads: int = 2) -> PoseModel:
  """Loads a .tflite file or a SavedModel folder.

  Args:
    path: the file or folder.
    num_threads: CPU threads of a .tflite model.
  Raises:
    InputError: the path does not exist, or is not an exported pose network.
  """
  path = pathlib.Path(path)
  if path.is_dir():
    from ppn_tf.inference.tensorflow_models import SavedModelPoseModel

    return SavedModelPoseModel(path)
  if not path.exists():
    raise InputError(f"{path}: no such model. Give a .tflite file or a SavedModel folder.")
  return TFLitePoseModel(path, num_threads)
