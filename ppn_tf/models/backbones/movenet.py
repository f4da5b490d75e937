"""Weights of MoveNet from its .tflite file.

MoveNet (Google, 2021, Apache-2.0) is MobileNetV2 with a feature pyramid and four heads. Those of
Lightning initialize `movenet`, and `mobilenet_v2_fpn`, which has only the head of heatmaps; those
of Thunder, which is 1.75 times as wide, `movenet_thunder` and `mobilenet_v2_1.75_fpn`. The heads of
people's middles and of joint positions relative to them select the person. The fourth head refines
positions within a cell, which is left to the decoder.
"""

import os
import re
from typing import Dict, Union

import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.interpreter import open_file

# MoveNet's layers behind MobileNetV2, and their names in `movenet`.
_PYRAMID = {
  "conv2d": "fpn_top",
  "conv2d_1": "fpn_1_lateral",
  "conv2d_2": "fpn_2_lateral",
  "conv2d_3": "fpn_3_lateral",
  "separable_conv2d": "fpn_1",
  "separable_conv2d_1": "fpn_2",
  "separable_conv2d_2": "fpn_3",
  "separable_conv2d_4": "fpn_features",
  "conv2d_5": "heatmaps",
  "separable_conv2d_3": "middles_features",
  "conv2d_4": "middles",
  "separable_conv2d_5": "places_features",
  "conv2d_6": "places",
}
_LAYER = re.compile(r"/(?:model_1/model|model_1|kpt_heatmap_0|center_0|kpt_regress_0)/([^/]+)/")


def read_movenet(path: Union[str, os.PathLike]) -> Dict[str, np.ndarray]:
  """Reads the convolutions of a single-pose MoveNet, with batch norms folded.

  Args:
    path: .tflite file with float weights.
  Returns:
    float32 arrays by `<layer>/kernel` and `<layer>/bias` for `weight_files.load_backbone`, with
    layers named as in `movenet`.
  Raises:
    InputError: the .tflite file is not readable, or of another network, or of integers.
  """
  interpreter = open_file(path, 1, "tf.lite")
  names = {tensor["index"]: tensor["name"] for tensor in interpreter.get_tensor_details()}
  ops = interpreter._get_ops_details()
  widened = {
    int(op["outputs"][0]): int(op["inputs"][0]) for op in ops if op["op_name"] == "DEQUANTIZE"
  }

  def constant(tensor: int) -> np.ndarray:
    value = interpreter.get_tensor(widened.get(tensor, tensor))
    if not np.issubdtype(value.dtype, np.floating):
      raise InputError(f"{path}: holds {value.dtype} weights. Give the .tflite of floats.")
    return value.astype(np.float32)

  interpreter.allocate_tensors()
  arrays: Dict[str, np.ndarray] = {}
  for op in ops:
    if op["op_name"] not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
      continue
    kernel, bias = (int(tensor) for tensor in op["inputs"][1:3])
    depthwise = op["op_name"] == "DEPTHWISE_CONV_2D"
    # Kernels other than depthwise ones are named after an op merged into the convolution; biases
    # after their layer, but equal biases are one tensor.
    match = _LAYER.search(names[kernel if depthwise else bias])
    layer = match.group(1) if match else ""
    separable = layer.startswith("separable_conv2d")
    name = _PYRAMID.get(layer, "" if separable else layer)
    if not name:
      continue
    if separable:
      name += "_depthwise" if depthwise else "_pointwise"
    # [filters, h, w, channels] to [h, w, channels, filters], [1, h, w, channels] likewise.
    arrays[f"{name}/kernel"] = constant(kernel).transpose(1, 2, 3, 0)
    if not (separable and depthwise):
      arrays[f"{name}/bias"] = constant(bias)
  if "fpn_features_pointwise/kernel" not in arrays:
    raise InputError(
      f"{path}: not a MoveNet. Give the .tflite of single-pose Lightning or Thunder."
    )
  return arrays
