"""Networks as .tflite files: float32 or quantized, in builtin ops alone, of batch 1.

A quantized network computes its convolutions with 8 bits. Positions, sampling
and the sum that is passed on stay float32: 8 bits hold neither a place among
the cells of a map nor what adds up over a clip.
"""

import collections
import contextlib
import os
import pathlib
import tempfile
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from ppn_tf.inference import saved_model
from ppn_tf.inference.tflite.ppu import SAMPLING, ServedPPU
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.quantize_aware import is_rounding

import tensorflow as tf

# What a file's heatmaps may differ by that computes the same in another order.
TOLERANCE = 1e-3
QUANTIZATIONS = ("none", "float16", "dynamic", "int8", "qat")
# A signature's name, and values by the names of its inputs.
Sample = Tuple[str, Dict[str, np.ndarray]]


def to_tflite(
  model: Framewise,
  sampler: str = "exact",
  quantization: str = "none",
  frame_type: tf.DType = tf.float32,
  samples: Optional[Callable[[], Iterable[Sample]]] = None,
  preliminary: bool = False,
) -> bytes:
  """Converts a network.

  Both signatures are in the one file and share their weights.

  Args:
    model: the network.
    sampler: one of served_ppu.SAMPLERS; of a frame-wise network it means nothing.
    quantization: one of QUANTIZATIONS: weights in float16; weights in 8 bits and
      activations as each turns out ("dynamic"); or both in 8 bits, with the
      ranges that activations have in `samples`, or ("qat") those that a
      `quantize_aware` network was trained with.
    frame_type: of the frames, tf.float32 or tf.uint8.
    samples: what the signatures are called with; for "int8".
    preliminary: whether step gives BodyNet's heatmaps, too.
  Raises:
    ValueError: a sampler or quantization that there is not; int8 without samples; qat of a
      network that does not round, or anything else of one that does.
  """
  if quantization not in QUANTIZATIONS:
    raise ValueError(f"quantization must be one of {QUANTIZATIONS}. Received: {quantization!r}")
  if (quantization == "int8") != bool(samples):
    raise ValueError("samples, to take the activations' ranges from, go with int8 alone.")
  if is_rounding(model.body_net) != (quantization == "qat"):
    raise ValueError(f"qat goes with quantization-aware networks alone. Received: {quantization}")
  if isinstance(model, PPN):
    unit = ServedPPU(model.ppu, sampler, integers=quantization in ("dynamic", "int8", "qat"))
    model = PPN(model.head_net, model.body_net, unit, model.skip_connection, model.propagation)
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name) / "model"
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
  """Quantizes all but what has to stay float32."""
  from tensorflow.lite.python.convert import mlir_quantize

  converter.representative_dataset = samples
  converter._experimental_calibrate_only = True
  calibrated = converter.convert()
  return mlir_quantize(calibrated, denylisted_nodes=_float_results(calibrated))


def _float_results(content: bytes) -> List[str]:
  """Names of all results that stay float32: of the sampling, of heatmaps, and the answers."""
  names = set()
  for graph in _parse(content).subgraphs:
    tensors = [tensor.name.decode() for tensor in graph.tensors]
    # An op that others were merged into bears their names behind its own.
    own = {name: name.split(";")[0] for name in tensors}
    names |= {n for n in tensors if own[n].startswith(SAMPLING) or "heatmaps/" in own[n]}
    names |= {tensors[number] for number in graph.outputs}
  return sorted(names)


def is_float32(content: bytes) -> bool:
  """Whether no number in a .tflite was made smaller."""
  from tensorflow.lite.python import schema_py_generated as schema

  small = {schema.TensorType.FLOAT16, schema.TensorType.INT8}
  return not any(t.type in small for graph in _parse(content).subgraphs for t in graph.tensors)


@contextlib.contextmanager
def _silent_converter() -> Iterator[None]:
  """Keeps the converter's statistics, which C++ prints, off the terminal.

  Should it fail, its exception has the reasons.
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
  """How often each op occurs in a .tflite, over all its subgraphs.

  A custom or Flex op, which needs more than the plain runtime, stands there
  under its own name with the prefix "custom:".
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
  """Those of the counted ops that a plain runtime does not have."""
  return sorted(name for name in counts if name.startswith("custom:"))
