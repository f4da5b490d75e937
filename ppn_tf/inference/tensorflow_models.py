"""Pose networks that run in TensorFlow: Keras models in memory, and SavedModels."""

import os
import pathlib
from typing import Dict, Optional, Tuple, Union

import numpy as np

from ppn_tf.inference.pose_model import ExportedPoseModel, PoseModel, check_signatures
from ppn_tf.models.ppn import Framewise, check_steps_alone
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError

import tensorflow as tf


class KerasPoseModel(PoseModel):
  """PPN or Framewise in memory, compiled once."""

  def __init__(self, model: Framewise, readout: str = "answer"):
    """Compiles a network.

    Args:
      model: the network.
      readout: one of `metadata.READOUTS`.
    Raises:
      InputError: the network propagates from the first frame instead of the previous one.
    """
    check_steps_alone(model)
    self._model = model
    frame = tf.TensorSpec([1, *model.image_size, 3], tf.float32)
    heatmaps = tf.TensorSpec([1, *model.heatmap_size, model.num_joints], tf.float32)
    self._set_sizes(frame.shape, heatmaps.shape)
    self._start = tf.function(
      lambda frame: model.start(frame), input_signature=[frame], autograph=False
    )

    def step(frame: tf.Tensor, previous: tf.Tensor) -> Tuple[tf.Tensor, Optional[tf.Tensor]]:
      if readout == "answer":
        return model.step(frame, previous), None
      return model.final_and_preliminary(frame, previous)

    self._step = tf.function(step, input_signature=[frame, heatmaps], autograph=False)

  def start(self, frame: np.ndarray) -> np.ndarray:
    return self._start(tf.constant(frame[None], tf.float32))[0].numpy()

  def step(self, frame: np.ndarray, previous: np.ndarray) -> np.ndarray:
    return self.final_and_preliminary(frame, previous)[0]

  def final_and_preliminary(
    self, frame: np.ndarray, previous: np.ndarray
  ) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    feeds = tf.constant(frame[None], tf.float32), tf.constant(previous[None], tf.float32)
    final, preliminary = self._step(*feeds)
    return final[0].numpy(), None if preliminary is None else preliminary[0].numpy()


class SavedModelPoseModel(ExportedPoseModel):
  """SavedModel folder with the signatures `start` and `step`, or a folder of its versions."""

  def __init__(self, path: Union[str, os.PathLike]):
    try:
      self._loaded = tf.saved_model.load(str(_newest_version(pathlib.Path(path))))
    except (OSError, ValueError) as error:
      raise InputError(
        f"{path}: not a SavedModel. Give a folder written by `{command('export saved_model')}`."
      ) from error
    self._signatures = dict(self._loaded.signatures)
    inputs = {
      name: set(function.structured_input_signature[1])
      for name, function in self._signatures.items()
    }
    check_signatures(path, inputs)
    start, step = (self._signatures[name] for name in ("start", "step"))
    frame = step.structured_input_signature[1]["frame"]
    self._set_sizes(frame.shape, step.structured_outputs["heatmaps"].shape)
    self._set_start_size(path, start.structured_input_signature[1]["frame"].shape)

  def _run(self, signature: str, **inputs: np.ndarray) -> Dict[str, np.ndarray]:
    feeds = {name: tf.constant(value[None], tf.float32) for name, value in inputs.items()}
    outputs = self._signatures[signature](**feeds)
    return {name: value[0].numpy() for name, value in outputs.items()}


def _newest_version(path: pathlib.Path) -> pathlib.Path:
  """Returns the subfolder with the highest number, or the folder itself without any."""
  versions = [folder for folder in path.iterdir() if folder.is_dir() and folder.name.isdigit()]
  return max(versions, key=lambda folder: int(folder.name), default=path)
