"""Exported networks in the runtimes that are installed here."""

import contextlib
import io
import pathlib
from typing import List, NamedTuple, Optional

from ppn_tf.inference.pose_model import PoseModel, TFLitePoseModel
from ppn_tf.inference.tensorflow_models import SavedModelPoseModel
from ppn_tf.inference.tflite import convert
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.interpreter import available_runtimes

import tensorflow as tf

from .gpu_compile import Compiled, compile_strictly

_COMPATIBLE = "compatible"


class Form(NamedTuple):
  """Exported network in a runtime.

  Attributes:
    name: name of the file or folder.
    runtime: name of the runtime.
    model: exported network.
    is_exact: whether it computes the same as its original, without rounding.
    ops: custom ops, or "builtin"; empty for a SavedModel.
    gpu: report of TensorFlow's static analyzer on GPU delegates.
    compiled: result of compiling the whole file for a GPU.
  """

  name: str
  runtime: str
  model: PoseModel
  is_exact: bool
  ops: str
  gpu: str
  compiled: str

  @property
  def title(self) -> str:
    """Returns name and runtime."""
    return f"{self.name} ({self.runtime})"


def gpu_compatibility(content: bytes) -> str:
  """Returns the first obstacle to GPU delegates by TensorFlow's analyzer, or "compatible"."""
  report = io.StringIO()
  with contextlib.redirect_stdout(report):
    tf.lite.experimental.Analyzer.analyze(model_content=content, gpu_compatibility=True)
  lines = [line.strip() for line in report.getvalue().splitlines() if "GPU COMPATIBILITY" in line]
  return lines[0].split(":", 1)[-1].strip() if lines else _COMPATIBLE


def describe_compiled(compiled: Optional[Compiled]) -> str:
  """Describes the result of compiling for a GPU in a few words."""
  if compiled is None:
    return "no Vulkan here"
  return compiled.reason or f"all of it, {compiled.difference:.0e} off"


def check_exists(path: pathlib.Path) -> None:
  """Checks that there is an export at a path.

  Raises:
    InputError: there is no such file or folder.
  """
  if not path.exists():
    raise InputError(
      f"{path}: no such file or folder. Give an output of `{command('export tflite')}`."
    )


def open_forms(path: pathlib.Path) -> List[Form]:
  """Opens a SavedModel in TensorFlow, or a .tflite file in each runtime.

  Raises:
    InputError: there is no such file or folder, or it is not an exported pose network.
  """
  check_exists(path)
  if path.is_dir():
    return [Form(path.name, "TensorFlow", SavedModelPoseModel(path), True, "", "", "")]
  content = path.read_bytes()
  counts = convert.count_ops(content)
  custom = convert.custom_ops(counts)
  is_exact = convert.is_float32(content) and not counts.get("RESIZE_BILINEAR")
  gpu, compiled = gpu_compatibility(content), describe_compiled(compile_strictly(path))
  return [
    Form(
      path.name,
      runtime,
      TFLitePoseModel(path, runtime=runtime),
      is_exact,
      ", ".join(custom) or "builtin",
      gpu,
      compiled,
    )
    for runtime in available_runtimes()
  ]
