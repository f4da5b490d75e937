"""This project's .tflite files on a data set's clips, and whose a .tflite file is."""

import os
from typing import Optional, Union

import numpy as np

from ppn_tf.evaluation import third_party
from ppn_tf.evaluation.crop_networks import CropNetwork
from ppn_tf.inference.frame_times import frames_between_refreshes
from ppn_tf.inference.pose_model import SIGNATURES, TFLitePoseModel
from ppn_tf.inference.recurrence import Recurrence
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.interpreter import open_file

Path = Union[str, os.PathLike]


class ExportedNetwork(CropNetwork):
  """A network of this project as `python -m export.tflite` writes it, on the CPU.

  Crops pass through `Recurrence`. A frame-wise network has the same signatures and looks at
  the crop alone.
  """

  recurrent = True

  def __init__(self, path: Path, num_threads: int = 2, refresh_every: Optional[int] = None):
    """Loads a file.

    Args:
      path: the .tflite file.
      num_threads: CPU threads.
      refresh_every: frames after which HeadNet refreshes the previous heatmaps; 0: never. By
        default as the file says, with frames PERIOD apart, since labeled clips have no times.
    Raises:
      InputError: it is no such file, or does not say which joints it has.
    """
    self._model = TFLitePoseModel(path, num_threads)
    if self._model.skeleton is None:
      raise InputError(
        f"{path}: does not say which joints it has. Export it again with "
        f"`{command('export tflite')}`."
      )
    self.joint_names, self.image_size = self._model.skeleton.joint_names, self._model.image_size
    self.margin = self._model.margin or self.margin
    self.start_size = self._model.start_size
    self.start_scale = (self._model.start_margin or self.margin) / self.margin
    if refresh_every is None:
      refresh_every = frames_between_refreshes(self._model.refresh_after)
    self.refresh_every = refresh_every
    self._recurrence = Recurrence(self._model)
    self._initial: Optional[np.ndarray] = None

  def __call__(self, crop: np.ndarray, affine: np.ndarray, first: bool = True) -> np.ndarray:
    if first or not self._recurrence.started:
      self._recurrence.start(crop, affine)
    keypoints, scores = self._recurrence.step(crop, affine, initial=self._initial)
    self._initial = None
    in_crop = keypoints @ affine[:, :2].T + affine[:, 2]
    return np.concatenate([in_crop, scores[:, None]], axis=-1)

  def start(self, crop: np.ndarray, affine: np.ndarray, next_affine: np.ndarray) -> None:
    self._recurrence.start(crop, affine, next_affine)

  def refresh(self, crop: np.ndarray, affine: np.ndarray, next_affine: np.ndarray) -> None:
    self._initial = self._recurrence.initial(crop, affine, next_affine)


def load_network(path: Path, num_threads: int = 2) -> CropNetwork:
  """A .tflite file of this project, recognised by its signatures, or of another one.

  Args:
    path: what `python -m export.tflite` wrote, or what `third_party.load_third_party` takes.
    num_threads: CPU threads.
  Raises:
    InputError: no such file, or it is neither.
  """
  if set(SIGNATURES) <= set(open_file(path, num_threads).get_signature_list()):
    return ExportedNetwork(path, num_threads)
  return third_party.load_third_party(path, num_threads)
