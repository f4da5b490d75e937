"""Backbone weights from .npz files of convolutions with folded batch norms.

Keys are `<layer>/kernel` and `<layer>/bias`, layers named as in
tf.keras.applications. The bias is what the batch norm behind the convolution
adds, its scale being part of the kernel.
"""

import os
import zipfile
from typing import Dict, Optional, Union

import numpy as np

from ppn_tf.errors import InputError

import tensorflow as tf


def _batch_norm_of(network: tf.keras.Model, layer_name: str) -> Optional[tf.keras.layers.Layer]:
  names = {layer.name: layer for layer in network.layers}
  for candidate in (f"{layer_name}_BN", f"bn_{layer_name}", f"{layer_name}_bn"):
    if candidate in names:
      return names[candidate]
  return None


def _read(path: Union[str, os.PathLike]) -> Dict[str, np.ndarray]:
  try:
    with np.load(path) as arrays:
      return {name: arrays[name].astype(np.float32) for name in arrays.files}
  except (OSError, EOFError, TypeError, ValueError, zipfile.BadZipFile, AttributeError) as error:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    raise InputError(f"{path}: not a readable .npz of weights ({reason}).") from error


def load_backbone(network: tf.keras.Model, path: Union[str, os.PathLike]) -> int:
  """Sets the layers of a network that a weights file names.

  A folded bias becomes a batch norm that only adds it: gamma = sqrt(1 + eps),
  beta = bias, mean = 0, variance = 1. Layers of the file that the network lacks
  (a classifier, say) are left out.

  Args:
    network: a flat model holding the backbone's layers under their own names.
    path: the .npz file.
  Returns:
    The number of layers set.
  Raises:
    InputError: the file cannot be read, a shape differs, a bias is missing, or
      no layer matches.
  """
  arrays = _read(path)
  layers = {layer.name: layer for layer in network.layers}
  count = 0
  for key, kernel in arrays.items():
    name, _, kind = key.rpartition("/")
    batch_norm = _batch_norm_of(network, name)
    if kind != "kernel" or name not in layers or batch_norm is None:
      continue
    if f"{name}/bias" not in arrays:
      raise InputError(f"{path}: {name}/bias is missing. Fold the batch norm into bias and kernel.")
    bias = arrays[f"{name}/bias"]
    variable = layers[name].weights[0]
    for part, value, wanted in (
      (key, kernel, tuple(variable.shape)),
      (f"{name}/bias", bias, tuple(batch_norm.beta.shape)),
    ):
      if value.shape != wanted:
        raise InputError(
          f"{path}: {part} is {value.shape} but the network's is {wanted}. "
          "Choose the backbone that the file was made for."
        )
    variable.assign(kernel)
    gamma = np.full_like(bias, np.sqrt(1.0 + batch_norm.epsilon))
    batch_norm.set_weights([gamma, bias, np.zeros_like(bias), np.ones_like(bias)])
    count += 1
  if not count:
    raise InputError(
      f"{path}: no layer of it is in {network.name}. "
      "Choose the backbone that the file was made for."
    )
  return count
