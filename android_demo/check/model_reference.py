"""Writes inputs of a model and Python's heatmaps, by which the Java check compares its own.

  python android_demo/check/model_reference.py FILE.tflite FOLDER

TensorFlow Lite's C library of 2021 knows no signatures and runs the first subgraph of a file. The
folder therefore gets one file for each signature, whose subgraph comes first. All values are
float32, little endian.
"""

import json
import pathlib
import sys
from typing import Any, Dict, Sequence

import numpy as np

from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.runtime.errors import InputError

# isort: split
from tensorflow.lite.tools import flatbuffer_utils

_FRAMES = 3
# Operators that refer to other subgraphs by number.
_CALLS = {"IF", "WHILE", "CALL", "CALL_ONCE", "STABLEHLO_WHILE"}


def write_signature(path: pathlib.Path, name: str, output: pathlib.Path) -> Dict[str, Any]:
  """Writes a file whose first subgraph is that of a signature.

  Args:
    path: a .tflite file with signatures.
    name: the signature.
    output: file to write.
  Returns:
    names of the inputs and outputs, in the order of the subgraph.
  Raises:
    InputError: an operator refers to another subgraph.
  """
  model = flatbuffer_utils.read_model(str(path))
  (signature,) = (entry for entry in model.signatureDefs if entry.signatureKey.decode() == name)
  names = {
    flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex)
    for subgraph in model.subgraphs
    for operator in subgraph.operators
  }
  if names & _CALLS:
    raise InputError(f"{path}: operators refer to other subgraphs: {sorted(names & _CALLS)}")
  subgraph = model.subgraphs[signature.subgraphIndex]
  model.subgraphs = [subgraph]
  model.signatureDefs = []
  flatbuffer_utils.write_model(model, str(output))
  return {
    "inputs": _order(signature.inputs, subgraph.inputs),
    "outputs": _order(signature.outputs, subgraph.outputs),
  }


def _order(maps: Sequence[Any], tensors: Sequence[int]) -> Sequence[str]:
  names = {entry.tensorIndex: entry.name.decode() for entry in maps}
  return [names[int(tensor)] for tensor in tensors]


def main(arguments: Sequence[str]) -> None:
  path, folder = (pathlib.Path(argument) for argument in arguments)
  folder.mkdir(parents=True, exist_ok=True)
  description: Dict[str, Any] = {
    name: write_signature(path, name, folder / f"{name}.tflite") for name in ("start", "step")
  }
  model = TFLitePoseModel(path)
  blocks = np.random.default_rng(0).integers(0, 256, (12, 12, 3))
  picture = np.kron(blocks, np.ones((model.image_size[0] // 12, model.image_size[1] // 12, 1)))
  frames = [np.roll(picture, 3 * t, axis=1).astype("<f4") for t in range(_FRAMES)]
  maps = [model.start(frames[0])]
  preliminary = []
  for frame in frames:
    final, own = model.final_and_preliminary(frame, maps[-1])
    maps.append(final)
    if own is not None:
      preliminary.append(own)
  np.stack(frames).astype("<f4").tofile(folder / "frames.bin")
  np.stack(maps).astype("<f4").tofile(folder / "heatmaps.bin")
  np.stack(preliminary).astype("<f4").tofile(folder / "preliminary.bin")
  description["frames"] = _FRAMES
  (folder / "description.json").write_text(json.dumps(description), encoding="utf-8")


if __name__ == "__main__":
  main(sys.argv[1:])
