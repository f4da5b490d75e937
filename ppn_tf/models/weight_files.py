"""Weights of pose networks as .npz files of convolutions with folded batch norms.

Keys are `<layer>/kernel` and `<layer>/bias`, with layers named as in the network. Where a batch
norm takes the convolution's output, its scale is part of the kernel and its shift is the bias.
Otherwise kernel and bias are those of the convolution, which may have no bias. A file may hold a
backbone, a backbone with a classifier, or a frame-wise network with upsampling and `heatmaps`.
"""

import os
import re
from typing import Callable, Dict, List, Mapping, Optional, Tuple, Union

import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.runtime.npz_files import read_npz

import tensorflow as tf

_layers = tf.keras.layers
# These layers stay as they are in a network of other joints.
_JOINTS = ("heatmaps", "scaled_heatmaps")
_Convolutions = Dict[str, Tuple[tf.keras.layers.Layer, Optional[tf.keras.layers.Layer]]]


def _convolutions(network: tf.keras.Model) -> _Convolutions:
  """Returns convolutions by name, in the network's order, each with the batch norm behind it."""
  batch_norms = {
    id(layer.input): layer
    for layer in network.layers
    if isinstance(layer, _layers.BatchNormalization)
  }
  return {
    layer.name: (layer, batch_norms.get(id(layer.output)))
    for layer in network.layers
    if layer.weights and len(layer.weights[0].shape) > 2  # a kernel with spatial axes
  }


def _own_bias(layer: tf.keras.layers.Layer) -> Optional[tf.Variable]:
  return getattr(layer, "bias", None)


def read_weights(path: Union[str, os.PathLike]) -> Dict[str, np.ndarray]:
  """Reads the arrays of a weights file as float32; InputError if it is not readable."""
  arrays = read_npz(path)
  for name, values in arrays.items():
    if values.dtype.kind not in "fiu":
      raise InputError(f"{path}: {name} has type {values.dtype}; expected numbers.")
  return {name: values.astype(np.float32) for name, values in arrays.items()}


def _layers_to_set(arrays: Mapping[str, np.ndarray], convolutions: _Convolutions) -> List[str]:
  """Returns names of the convolutions that arrays set; ValueError where they do not fit."""
  # Otherwise a ResNet-34 would pass for a ResNet-18: it has all its layers, and more of a kind.
  kinds = {re.sub(r"\d+", "#", name) for name in convolutions}
  for name in (key.rpartition("/")[0] for key in arrays):
    if name not in convolutions and re.sub(r"\d+", "#", name) in kinds:
      raise ValueError(f"holds {name}, which the network lacks")
  names: List[str] = []
  skipped: List[str] = []
  for name, (layer, batch_norm) in convolutions.items():
    if f"{name}/kernel" not in arrays:
      skipped.append(name)
      continue
    variables = {"kernel": layer.weights[0]}
    added = batch_norm.beta if batch_norm else _own_bias(layer)
    if added is not None:
      variables["bias"] = added
      if f"{name}/bias" not in arrays:
        raise ValueError(f"{name}/bias is missing")
    differing = [
      f"{name}/{part} is {arrays[f'{name}/{part}'].shape} but the network's is {variable.shape}"
      for part, variable in variables.items()
      if arrays[f"{name}/{part}"].shape != tuple(variable.shape)
    ]
    if differing and name in _JOINTS:
      continue
    if differing:
      raise ValueError(differing[0])
    if skipped:
      raise ValueError(f"holds {name} but not {skipped[0]} before it")
    names.append(name)
  if not names:
    raise ValueError("holds no layer of the network")
  return names


def load_backbone(
  network: tf.keras.Model,
  path: Union[str, os.PathLike],
  read: Callable[[Union[str, os.PathLike]], Mapping[str, np.ndarray]] = read_weights,
  fix: str = "Choose the backbone and upsampling that the file was made for.",
) -> List[tf.keras.layers.Layer]:
  """Sets the layers of a network that a weights file names.

  A folded bias becomes a batch norm that only adds it: gamma = sqrt(1 + eps), beta = bias, mean =
  0, variance = 1. The file's layers of a kind that the network lacks (a classifier, other
  upsampling) are ignored. So are layers `heatmaps` and `scaled_heatmaps` of another shape, since
  networks for other joints are useful initial weights. The network's layers behind the last one in
  the file keep their weights.

  Args:
    network: a flat model, as `pose_net` makes it.
    path: the file.
    read: returns its arrays by `<layer>/kernel` and `<layer>/bias`.
    fix: advice about a file that does not fit, for the error message.
  Returns:
    Layers that were set: convolutions, each with the batch norm that takes its output.
  Raises:
    InputError: the file is not readable, a shape differs, a bias or an earlier layer is missing,
      the file is of a deeper network, or it has no layer of this network. No layer is set then.
  """
  try:
    return set_convolutions(network, read(path))
  except ValueError as error:
    raise InputError(f"{path}: {error}. {fix}") from error


def set_convolutions(
  network: tf.keras.Model, arrays: Mapping[str, np.ndarray]
) -> List[tf.keras.layers.Layer]:
  """Sets the layers of a network that arrays name, as `load_backbone` does.

  Args:
    network: a flat model.
    arrays: by `<layer>/kernel` and `<layer>/bias`.
  Returns:
    Layers that were set.
  Raises:
    ValueError: arrays do not fit; no layer is set then.
  """
  convolutions = _convolutions(network)
  names = _layers_to_set(arrays, convolutions)
  loaded: List[tf.keras.layers.Layer] = []
  for name in names:
    layer, batch_norm = convolutions[name]
    loaded += [layer, batch_norm] if batch_norm else [layer]
    layer.weights[0].assign(arrays[f"{name}/kernel"])
    bias = arrays.get(f"{name}/bias")
    if batch_norm is None and _own_bias(layer) is not None:
      layer.bias.assign(bias)
    elif batch_norm is not None:
      gamma = np.full_like(bias, np.sqrt(1.0 + batch_norm.epsilon))
      batch_norm.set_weights([gamma, bias, np.zeros_like(bias), np.ones_like(bias)])
  return loaded


def write_backbone(
  network: tf.keras.Model, path: Union[str, os.PathLike], dtype: str = "float32"
) -> None:
  """Writes a network's convolutions, with batch norms folded, for `load_backbone`.

  Args:
    network: a flat model, as `pose_net` makes it; its upsampling and `heatmaps`
      are written too.
    path: the .npz file.
    dtype: "float32", or "float16" for half the size.
  Raises:
    InputError: the file cannot be written.
  """
  arrays = {name: value.astype(dtype) for name, value in folded_convolutions(network).items()}
  with complete_or_absent(path) as partial, open(partial, "wb") as file:
    np.savez(file, **arrays)


def folded_convolutions(network: tf.keras.Model) -> Dict[str, np.ndarray]:
  """Returns a network's folded convolutions by `<layer>/kernel` and `<layer>/bias`, float64."""
  arrays = {}
  for name, convolution in _convolutions(network).items():
    for part, value in zip(("kernel", "bias"), _folded(*convolution)):
      if value is not None:
        arrays[f"{name}/{part}"] = value
  return arrays


def _folded(
  layer: tf.keras.layers.Layer, batch_norm: Optional[tf.keras.layers.Layer]
) -> Tuple[np.ndarray, Optional[np.ndarray]]:
  """Returns kernel and bias of a convolution that equals a layer with its batch norm."""
  kernel = layer.weights[0].numpy().astype(np.float64)
  if batch_norm is None:
    bias = _own_bias(layer)
    return kernel, None if bias is None else bias.numpy()
  gamma, beta, mean, variance = (w.astype(np.float64) for w in batch_norm.get_weights())
  scale = gamma / np.sqrt(variance + batch_norm.epsilon)
  bias = beta - mean * scale
  # Output channels are the last axis of kernels, except for these two.
  if isinstance(layer, _layers.DepthwiseConv2D):
    scale = scale.reshape(kernel.shape[2:])
  elif isinstance(layer, _layers.Conv2DTranspose):
    scale = scale[:, np.newaxis]
  return kernel * scale, bias
