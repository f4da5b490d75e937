"""Weights of PP-TinyPose from its OpenVINO file; they initialize `lite_hrnet`.

PP-TinyPose (PaddleDetection, 2021, Apache-2.0) at 256x192 is a Lite-HRNet of shuffle units. The
file has a graph (.xml) and its constants (.bin), with batch norms folded.
"""

import functools
import os
import pathlib
from typing import Any, Callable, Dict, Hashable, Iterable, List, Set, Tuple, TypeVar, Union
from xml.etree import ElementTree

import numpy as np

from ppn_tf.models.backbones.lite_hrnet import lite_hrnet
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

_IMAGE_SIZE = (256, 192)
_DTYPES = {"f16": np.float16, "f32": np.float32}
_Node = TypeVar("_Node", bound=Hashable)
_Convolution = Tuple[np.ndarray, np.ndarray]
_UNREADABLE = (
  ElementTree.ParseError,
  StopIteration,
  KeyError,
  ValueError,
  AttributeError,
  TypeError,
)
_FIX = "Give the .xml of PP-TinyPose at 256x192, with its .bin beside it."


def read_tinypose(path: Union[str, os.PathLike]) -> Dict[str, np.ndarray]:
  """Reads the convolutions of PP-TinyPose, with batch norms folded.

  Args:
    path: .xml file of OpenVINO; the .bin file of the same name is next to it.
  Returns:
    float32 arrays by `<layer>/kernel` and `<layer>/bias` for `weight_files.load_backbone`, with
    layers named as in `lite_hrnet`, and `heatmaps`.
  Raises:
    InputError: a file is not readable, or of another network.
  """
  path = pathlib.Path(path)
  try:
    graph = _Graph(path)
    convolutions = graph.convolutions()
  except OSError as error:
    raise InputError(f"{path}: {error.strerror}. {_FIX}") from error
  except _UNREADABLE as error:
    raise InputError(f"{path}: not a network of OpenVINO ({error}). {_FIX}") from error
  layers = _layers_in_order()
  shapes = [kernel.shape for kernel, _ in convolutions]
  expected = [shape for _, shape in layers]
  if shapes[:-1] != expected or len(shapes) != len(expected) + 1:
    raise InputError(f"{path}: not a PP-TinyPose; its convolutions have other sizes. {_FIX}")
  arrays = {}
  names = [name for name, _ in layers] + ["heatmaps"]
  for name, (kernel, bias) in zip(names, convolutions):
    arrays[f"{name}/kernel"], arrays[f"{name}/bias"] = kernel, bias
  return arrays


@functools.cache
@tf.autograph.experimental.do_not_convert
def _layers_in_order() -> List[Tuple[str, Tuple[int, ...]]]:
  """Returns names and kernel shapes of the convolutions of `lite_hrnet`, see `_postorder`."""
  _, outputs = lite_hrnet(_IMAGE_SIZE)

  def inputs_of(layer: tf.keras.layers.Layer) -> List[tf.keras.layers.Layer]:
    sources = layer.input if isinstance(layer.input, list) else [layer.input]
    return [source._keras_history.layer for source in sources]

  kernels = (tf.keras.layers.Conv2D, tf.keras.layers.DepthwiseConv2D)
  return [
    (layer.name, tuple(layer.weights[0].shape))
    for layer in _postorder(outputs._keras_history.layer, inputs_of)
    if isinstance(layer, kernels)
  ]


def _postorder(end: _Node, inputs_of: Callable[[_Node], Iterable[_Node]]) -> List[_Node]:
  """Returns the nodes that lead to one, each behind its inputs, which come in their order."""
  ordered: List[_Node] = []
  seen: Set[_Node] = {end}
  stack = [(end, iter(inputs_of(end)))]
  while stack:
    node, inputs = stack[-1]
    for source in inputs:
      if source not in seen:
        seen.add(source)
        stack.append((source, iter(inputs_of(source))))
        break
    else:
      ordered.append(node)
      stack.pop()
  return ordered


class _Graph:
  """Graph of an OpenVINO file."""

  def __init__(self, path: pathlib.Path):
    root: Any = ElementTree.parse(path).getroot()
    self._layers = {layer.get("id"): layer for layer in root.find("layers")}
    self._constants = path.with_suffix(".bin").read_bytes()
    self._inputs: Dict[str, List[str]] = {name: [] for name in self._layers}
    for edge in sorted(root.find("edges"), key=lambda edge: int(edge.get("to-port"))):
      self._inputs[edge.get("to-layer")].append(edge.get("from-layer"))

  def convolutions(self) -> List[_Convolution]:
    """Returns kernels, shaped as in Keras, and biases, ordered by `_postorder`.

    Both are doubled where the graph adds a result to itself.
    """
    found: Dict[str, _Convolution] = {}
    end = next(name for name in self._layers if self._type(name) == "Result")
    for name in _postorder(end, self._inputs.__getitem__):
      if self._type(name) != "Add":
        continue
      first, second = self._inputs[name]
      if first == second and first in found:
        kernel, bias = found[first]
        found[first] = 2 * kernel, 2 * bias
      elif self._type(first) in ("Convolution", "GroupConvolution"):
        found[name] = self._kernel(self._inputs[first][1]), self._constant(second).ravel()
    return list(found.values())

  def _type(self, name: str) -> str:
    return str(self._layers[name].get("type"))

  def _kernel(self, name: str) -> np.ndarray:
    """Returns a kernel [h, w, channels, filters]; filters are 1 in depthwise convolutions."""
    kernel = self._constant(name)
    if kernel.ndim == 5:  # [channels, 1, 1, h, w] of a convolution in groups
      kernel = kernel[:, :, 0].swapaxes(0, 1)
    return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0))

  def _constant(self, name: str) -> np.ndarray:
    """Returns a constant as float32, which the file may widen from float16."""
    if self._type(name) == "Convert":
      name = self._inputs[name][0]
    data = self._layers[name].find("data").attrib
    shape = [int(length) for length in data["shape"].split(",")]
    dtype = np.dtype(_DTYPES[data["element_type"]]).newbyteorder("<")
    count = int(np.prod(shape))
    values = np.frombuffer(self._constants, dtype, count, int(data["offset"]))
    return values.reshape(shape).astype(np.float32)
