"""Compares a .tflite file on GPU and CPU: `python -m export.gpu_compile FILE`.

LiteRT's WebGPU accelerator compiles all signatures without a fallback to the CPU,
and the heatmaps of recurrent frames are compared. This requires Vulkan: the driver
of a GPU, or SwiftShader, a Vulkan on the CPU that Debian's package `chromium`
contains. The module runs in a separate process, because a driver is selected when
it is loaded, and may crash.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Union

import numpy as np

from ppn_tf.inference.tflite.timing import random_values
from ppn_tf.runtime import layout

_FRAMES = 4
_SWIFTSHADER = pathlib.Path("/usr/lib/chromium/vk_swiftshader_icd.json")
_DRIVERS = (pathlib.Path("/usr/share/vulkan/icd.d"), pathlib.Path("/etc/vulkan/icd.d"))
_MINUTES = 10
# LiteRT's message about drivers without a device that it can use.
_NO_DEVICE = "Failed to initialize WebGPU environment"


class Compiled(NamedTuple):
  """Outcome of compiling a file for a GPU.

  Attributes:
    reason: reason why the GPU cannot run the whole file; empty if it can.
    difference: mean difference of heatmaps from the CPU's over recurrent frames, in standard
      deviations of the heatmaps.
  """

  reason: str
  difference: float = 0.0


def find_drivers() -> List[Dict[str, str]]:
  """Returns environment variables of a process for each Vulkan to try, the best one first."""
  if "VK_ICD_FILENAMES" in os.environ:
    return [{}]
  drivers: List[Dict[str, str]] = []
  if any(list(folder.glob("*.json")) for folder in _DRIVERS):
    drivers.append({})
  if _SWIFTSHADER.exists():
    library = os.pathsep.join(
      filter(None, [os.fspath(_SWIFTSHADER.parent), os.environ.get("LD_LIBRARY_PATH", "")])
    )
    drivers.append({"VK_ICD_FILENAMES": os.fspath(_SWIFTSHADER), "LD_LIBRARY_PATH": library})
  return drivers


def compile_strictly(path: Union[str, os.PathLike]) -> Optional[Compiled]:
  """Compiles a file for a GPU and runs it.

  Drivers without a device that LiteRT can use are left out, such as those of Mesa on a machine
  without a GPU.

  Returns:
    None without LiteRT, or without a Vulkan that it can use.
  """
  for variables in find_drivers():
    try:
      done = subprocess.run(
        [sys.executable, "-m", __name__, os.fspath(path)],
        env={**layout.child_environment(), **variables},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=60 * _MINUTES,
      )
    except subprocess.TimeoutExpired:
      return Compiled(f"not finished in {_MINUTES} minutes")
    if not done.returncode:
      return Compiled("", float(json.loads(done.stdout.splitlines()[-1])["difference"]))
    if "No module named 'ai_edge_litert" in done.stderr:
      return None
    if _NO_DEVICE not in done.stderr:
      return Compiled(_find_reason(done.stderr) or f"exit code {done.returncode}")
  return None


def _find_reason(log: str) -> str:
  """Returns the unsupported ops in LiteRT's messages, or else its first error, or the last line."""
  ops = re.findall(r"^(?!INFO:|WARNING:|ERROR:)[A-Z0-9_]+: .+$", log, re.MULTILINE)
  if ops:
    return "; ".join(dict.fromkeys(ops))
  errors = re.findall(r"^ERROR: \[[^]]*\] *(\S.*)$", log, re.MULTILINE)
  others = re.findall(r"^(?!INFO:|WARNING:|ERROR:) *(\S.*)$", log, re.MULTILINE)
  return next(iter([*errors, *others[-1:]]), "")


class _GpuModel:
  """Signatures of a file, compiled for the GPU alone."""

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
  """Prints the difference between GPU and CPU as JSON."""
  from ai_edge_litert.interpreter import Interpreter

  gpu, interpreter = _GpuModel(path), Interpreter(path)
  cpu = {name: interpreter.get_signature_runner(name) for name in ("start", "step")}
  shape = cpu["step"].get_output_details()["heatmaps"]["shape"]
  frame = random_values(cpu["start"].get_input_details()["frame"], "frame")
  frames = [np.roll(frame, 3 * number, axis=2) for number in range(_FRAMES)]
  on_gpu, on_cpu = gpu.call("start", shape, frame=frame), cpu["start"](frame=frame)["heatmaps"]
  differences = [np.abs(on_gpu - on_cpu).mean() / on_cpu.std()]
  for frame in frames:
    on_gpu = gpu.call("step", shape, frame=frame, previous=on_gpu)
    on_cpu = cpu["step"](frame=frame, previous=on_cpu)["heatmaps"]
    differences.append(np.abs(on_gpu - on_cpu).mean() / on_cpu.std())
  print(json.dumps({"difference": float(max(differences))}))


if __name__ == "__main__":
  main(sys.argv[1])
