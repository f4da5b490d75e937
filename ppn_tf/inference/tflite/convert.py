"""Conversion of networks to .tflite files: float32 or quantized, builtin ops only, batch size 1.

A quantized network computes convolutions with 8 bits. Positions, sampling and the propagated sum
stay float32, because 8 bits are too coarse for a position in a map and for a sum over a clip.
"""

import collections
import contextlib
import os
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from ppn_tf.inference import saved_model
from ppn_tf.inference.tflite.ppu import SAMPLING, ServedPPU
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.quantize_aware import is_rounding
from ppn_tf.runtime.scratch import scratch_folder

import tensorflow as tf

# Largest difference of heatmaps computed by the same operations in another order.
TOLERANCE = 1e-3
QUANTIZATIONS = ("none", "float16", "dynamic", "int8", "qat")
# Name of a signature, and values by the names of its inputs.
Sample = Tuple[str, Dict[str, np.ndarray]]


def to_tflite(
  model: Framewise,
  sampler: str = "exact",
  quantization: str = "none",
  frame_type: tf.DType = tf.float32,
  samples: Optional[Callable[[], Iterable[Sample]]] = None,
  preliminary: bool = False,
) -> bytes:
  """Converts a network to a TensorFlow Lite file.

  Both signatures are in the same file and share their weights.

  Args:
    model: the network.
    sampler: one of `ppu.SAMPLERS`; frame-wise networks ignore it.
    quantization: one of QUANTIZATIONS. "float16" stores weights in float16. "dynamic" uses 8-bit
      weights and measures ranges of activations at run time. "int8" uses 8 bits for both, with
      the ranges of activations in `samples`; "qat" with those of a `quantize_aware` network.
    frame_type: dtype of the frames, tf.float32 or tf.uint8.
    samples: returns calls of the signatures; for "int8" only.
    preliminary: whether step also returns preliminary heatmaps.
  Returns:
    the content of the file.
  Raises:
    ValueError: unknown sampler or quantization; int8 without samples, or samples without int8;
      "qat" for a network without rounding, or anything else for a network with it.
    InputError: the network propagates from the first frame instead of the previous one.
  """
  if quantization not in QUANTIZATIONS:
    raise ValueError(f"quantization must be one of {QUANTIZATIONS}. Received: {quantization!r}")
  if (quantization == "int8") != bool(samples):
    raise ValueError(f"int8, and only int8, requires samples. Received: {quantization}")
  if is_rounding(model.body_net) != (quantization == "qat"):
    raise ValueError(
      f"quantization-aware networks, and only those, require qat. Received: {quantization}"
    )
  if isinstance(model, PPN):
    unit = ServedPPU(model.ppu, sampler, integers=quantization in ("dynamic", "int8", "qat"))
    model = PPN(model.head_net, model.body_net, model.ppu, model.skip_connection, model.propagation)
    model.ppu = unit  # no Keras model, but called as the one that it replaces
  with scratch_folder() as scratch:
    folder = scratch / "model"
    saved_model.write_saved_model(
      model, folder, 1, frame_type, tracks=False, preliminary=preliminary
    )
    converter = tf.lite.TFLiteConverter.from_saved_model(
      os.fspath(folder), signature_keys=["start", "step"]
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if quantization != "none":
      converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
      converter.target_spec.supported_types = [tf.float16]
    with _silent_converter():
      return _to_int8(converter, samples) if samples else converter.convert()


def _to_int8(converter: Any, samples: Callable[[], Iterable[Sample]]) -> bytes:
  """Quantizes everything except the results that must stay float32."""
  from tensorflow.lite.python.convert import mlir_quantize

  converter.representative_dataset = samples
  converter._experimental_calibrate_only = True
  calibrated = converter.convert()
  return mlir_quantize(calibrated, denylisted_nodes=_float_results(calibrated))


def _float_results(content: bytes) -> List[str]:
  """Returns the names of results that stay float32: of sampling, of heatmaps, and outputs."""
  names = set()
  for graph in _parse(content).subgraphs:
    tensors = [tensor.name.decode() for tensor in graph.tensors]
    # A fused op has the names of the merged ops after its own.
    own = {name: name.split(";")[0] for name in tensors}
    names |= {n for n in tensors if own[n].startswith(SAMPLING) or "heatmaps/" in own[n]}
    names |= {tensors[number] for number in graph.outputs}
  return sorted(names)


def is_float32(content: bytes) -> bool:
  """Returns whether a .tflite file has no float16 and no int8 tensor."""
  from tensorflow.lite.python import schema_py_generated as schema

  small = {schema.TensorType.FLOAT16, schema.TensorType.INT8}
  return not any(t.type in small for graph in _parse(content).subgraphs for t in graph.tensors)


@contextlib.contextmanager
def _silent_converter() -> Iterator[None]:
  """Hides the statistics that C++ code of the converter prints to stderr.

  Exceptions of the converter still contain the reasons of a failure.
  """
  saved = os.dup(2)
  with open(os.devnull, "w") as nowhere:
    os.dup2(nowhere.fileno(), 2)
    try:
      yield
    finally:
      os.dup2(saved, 2)
      os.close(saved)


def _parse(content: bytes) -> Any:
  from tensorflow.lite.python import schema_py_generated as schema

  return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))


def count_ops(content: bytes) -> Dict[str, int]:
  """Counts the ops of a .tflite file by name, over all subgraphs.

  Custom and Flex ops, which a plain runtime does not have, get the prefix "custom:".
  """
  from tensorflow.lite.python import schema_py_generated as schema

  names = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")
  }
  file = _parse(content)
  counts: Dict[str, int] = collections.Counter()
  for graph in file.subgraphs:
    for operator in graph.operators:
      code = file.operatorCodes[operator.opcodeIndex]
      if code.customCode:
        counts[f"custom:{code.customCode.decode()}"] += 1
      else:
        counts[names[max(code.builtinCode, code.deprecatedBuiltinCode)]] += 1
  return dict(counts)


def custom_ops(counts: Mapping[str, int]) -> List[str]:
  """Returns the names, of those from `count_ops`, that a plain runtime does not have."""
  return sorted(name for name in counts if name.startswith("custom:"))
