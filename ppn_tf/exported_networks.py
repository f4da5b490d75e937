"""This project's .tflite files on a data set's clips, and whose a .tflite file is."""

import os
from typing import Union

import numpy as np

from ppn_tf import peers
from ppn_tf.crop_networks import CropNetwork
from ppn_tf.errors import InputError
from ppn_tf.interpreters import open_file
from ppn_tf.keypoints import heatmaps
from ppn_tf.tracking.pose_models import SIGNATURES, TFLitePoseModel

Path = Union[str, os.PathLike]


class ExportedNetwork(CropNetwork):
  """A network of this project as `python -m export.tflite` writes it, on the CPU.

  The first crop passes twice: h_0 = start(crop_1), h_t = step(crop_t, h_(t-1)) for
  t = 1, 2, ... A frame-wise network has the same signatures and looks at the crop
  alone. Joints are read from h_t by DARK.
  """

  recurrent = True

  def __init__(self, path: Path, num_threads: int = 2):
    """Loads a file.

    Raises:
      InputError: it is no such file, or does not say which joints it has.
    """
    self._model = TFLitePoseModel(path, num_threads)
    if self._model.skeleton is None:
      raise InputError(
        f"{path}: does not say which joints it has. Export it anew with `python -m export.tflite`."
      )
    self.joint_names, self.image_size = self._model.skeleton.joint_names, self._model.image_size
    self._heatmaps = np.zeros((*self._model.heatmap_size, self._model.num_joints), np.float32)

  def __call__(self, crop: np.ndarray, first: bool = True) -> np.ndarray:
    previous = self._model.start(crop) if first else self._heatmaps
    self._heatmaps = self._model.step(crop, previous)
    keypoints, scores = heatmaps.decode(self._heatmaps, self._model.stride, "dark")
    return np.concatenate([keypoints.numpy(), scores.numpy()[:, None]], axis=-1)


def load_network(path: Path, num_threads: int = 2) -> CropNetwork:
  """A .tflite file of this project, recognised by its signatures, or of another one.

  Args:
    path: what `python -m export.tflite` wrote, or what `peers.load_peer` takes.
    num_threads: CPU threads.
  Raises:
    InputError: no such file, or it is neither.
  """
  if set(SIGNATURES) <= set(open_file(path, num_threads).get_signature_list()):
    return ExportedNetwork(path, num_threads)
  return peers.load_peer(path, num_threads)
