"""This project's .tflite files on a data set's clips, and whose a .tflite file is."""

import os
from typing import Optional, Union

import numpy as np

from ppn_tf.evaluation import third_party
from ppn_tf.evaluation.crop_networks import CropNetwork
from ppn_tf.inference.moved_heatmaps import MovedHeatmaps
from ppn_tf.inference.pose_model import SIGNATURES, TFLitePoseModel
from ppn_tf.inference.present_places import PresentPlaces
from ppn_tf.keypoints import heatmaps
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.interpreter import open_file

Path = Union[str, os.PathLike]


class ExportedNetwork(CropNetwork):
  """A network of this project as `python -m export.tflite` writes it, on the CPU.

  The first crop passes twice: h_0 = start(crop_1), h_t = step(crop_t, h_(t-1)) for
  t = 1, 2, ... A frame-wise network has the same signatures and looks at the crop
  alone. Where the file says that it wants it, h_(t-1) goes along with the crop, see
  `MovedHeatmaps`. Joints are read from h_t by DARK; of a file whose step also gives BodyNet's
  heatmaps, as `PresentPlaces` says.
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
    self._previous: Optional[MovedHeatmaps] = None
    self._places = PresentPlaces()

  def __call__(self, crop: np.ndarray, affine: np.ndarray, first: bool = True) -> np.ndarray:
    if first or self._previous is None:
      self._previous = MovedHeatmaps(self._model.start(crop), affine, self._model.stride)
      self._places = PresentPlaces()
    previous, steady = self._previous, self._model.steady_crops
    maps, preliminary = self._model.final_and_preliminary(
      crop, previous.seen_in(affine) if steady else previous.maps
    )
    previous.replace(maps, affine)
    if preliminary is not None:
      places, highest = self._places.read(maps, preliminary, affine, self._model.stride)
      return np.concatenate([places @ affine[:, :2].T + affine[:, 2], highest[:, None]], axis=-1)
    keypoints, scores = heatmaps.decode(maps, self._model.stride, "dark")
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
  return third_party.load_peer(path, num_threads)
