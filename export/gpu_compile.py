"""Whether a GPU runs a whole .tflite file, and gives the same: `python -m export.gpu_compile FILE`.

LiteRT's WebGPU accelerator compiles every signature with no other processor to
fall back on, and its answers over recurrent frames are compared with the CPU's.
It wants Vulkan: a GPU's driver, or SwiftShader, a Vulkan on the CPU that
Debian's package `chromium` contains. A module to run in a process of its own,
for drivers are chosen when a process loads them, and may end it.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any, Dict, NamedTuple, Optional, Union

import numpy as np

from ppn_tf.inference.tflite.timing import random_values
from ppn_tf.runtime import layout

_FRAMES = 4
_SWIFTSHADER = pathlib.Path("/usr/lib/chromium/vk_swiftshader_icd.json")
_DRIVERS = (pathlib.Path("/usr/share/vulkan/icd.d"), pathlib.Path("/etc/vulkan/icd.d"))
_MINUTES = 10


class Compiled(NamedTuple):
  """What a GPU makes of a file.

  Attributes:
    reason: what stands in the way; "" if all of it is computed there.
    difference: mean difference of heatmaps to the CPU's over a few recurrent
      frames, in their standard deviations.
  """

  reason: str
  difference: float = 0.0


def vulkan() -> Optional[Dict[str, str]]:
  """Returns the variables with which a process finds Vulkan, or None where there is none."""
  if "VK_ICD_FILENAMES" in os.environ or any(list(one.glob("*.json")) for one in _DRIVERS):
    return {}
  if _SWIFTSHADER.exists():
    library = os.pathsep.join(
      filter(None, [os.fspath(_SWIFTSHADER.parent), os.environ.get("LD_LIBRARY_PATH", "")])
    )
    return {"VK_ICD_FILENAMES": os.fspath(_SWIFTSHADER), "LD_LIBRARY_PATH": library}
  return None


def compile_strictly(path: Union[str, os.PathLike]) -> Optional[Compiled]:
  """Compiles a file for a GPU and runs it there; None where there is no Vulkan or LiteRT."""
  environment = vulkan()
  if environment is None:
    return None
  try:
    done = subprocess.run(
      [sys.executable, "-m", __name__, os.fspath(path)],
      env={**layout.child_environment(), **environment},
      capture_output=True,
      text=True,
      check=False,
      timeout=60 * _MINUTES,
    )
  except subprocess.TimeoutExpired:
    return Compiled(f"not done in {_MINUTES} minutes")
  if done.returncode:
    return None if "No module named 'ai_edge_litert" in done.stderr else Compiled(_why(done.stderr))
  return Compiled("", float(json.loads(done.stdout.splitlines()[-1])["difference"]))


def _why(said: str) -> str:
  """The ops that a GPU does not take, as LiteRT says it, or else its last words."""
  ops = re.findall(r"^[A-Z0-9_]+: .+$", said, re.MULTILINE)
  ops = [line for line in ops if not line.startswith(("INFO:", "WARNING:", "ERROR:"))]
  return "; ".join(dict.fromkeys(ops)) or said.strip().splitlines()[-1]


class _GpuModel:
  """A file's signatures on the GPU alone."""

  def __init__(self, path: str):
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator

    self._model = CompiledModel.from_file(path, hardware_accel=HardwareAccelerator.GPU)
    if not self._model.is_fully_accelerated():
      raise RuntimeError("not all ops are accelerated")

  def call(self, signature: str, shape: Any, **inputs: np.ndarray) -> np.ndarray:
    buffers = {}
    for name, value in inputs.items():
      buffers[name] = self._model.create_input_buffer_by_name(signature, name)
      buffers[name].write(np.ascontiguousarray(value))
    output = self._model.create_output_buffer_by_name(signature, "heatmaps")
    self._model.run_by_name(signature, buffers, {"heatmaps": output})
    return output.read(int(np.prod(shape)), np.float32).reshape(shape)


def main(path: str) -> None:
  """Prints the difference of GPU and CPU as JSON."""
  from ai_edge_litert.interpreter import Interpreter

  gpu, interpreter = _GpuModel(path), Interpreter(path)
  cpu = {name: interpreter.get_signature_runner(name) for name in ("start", "step")}
  shape = cpu["step"].get_output_details()["heatmaps"]["shape"]
  frame = random_values(cpu["start"].get_input_details()["frame"], "frame")
  frames = [np.roll(frame, 3 * number, axis=2) for number in range(_FRAMES)]
  ours, theirs = gpu.call("start", shape, frame=frame), cpu["start"](frame=frame)["heatmaps"]
  differences = [np.abs(ours - theirs).mean() / theirs.std()]
  for frame in frames:
    ours = gpu.call("step", shape, frame=frame, previous=ours)
    theirs = cpu["step"](frame=frame, previous=theirs)["heatmaps"]
    differences.append(np.abs(ours - theirs).mean() / theirs.std())
  print(json.dumps({"difference": float(max(differences))}))


if __name__ == "__main__":
  main(sys.argv[1])
