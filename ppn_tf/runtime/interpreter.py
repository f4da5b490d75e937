"""Which TensorFlow Lite runtime runs .tflite files."""

import importlib.util
import os
import pathlib
from typing import Any, List, Union

from ppn_tf.runtime.errors import InputError

# Their modules, the faster one first.
RUNTIMES = {"ai-edge-litert": "ai_edge_litert", "tf.lite": "tensorflow"}


def available_runtimes() -> List[str]:
  """Those of RUNTIMES that are installed."""
  return [name for name, module in RUNTIMES.items() if importlib.util.find_spec(module)]


def interpreter_class(runtime: str = "") -> Any:
  """A runtime's interpreter; by default of the first that is installed."""
  if (runtime or next(iter(available_runtimes()), "tf.lite")) == "ai-edge-litert":
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter
  import tensorflow as tf

  return tf.lite.Interpreter


def open_file(path: Union[str, os.PathLike], num_threads: int, runtime: str = "") -> Any:
  """A runtime's interpreter of a .tflite file; the runtime as in `interpreter_class`.

  Raises:
    InputError: no such file, or no TensorFlow Lite model.
  """
  if not pathlib.Path(path).is_file():
    raise InputError(f"{path}: no such file. Give the .tflite file of a pose network.")
  try:
    return interpreter_class(runtime)(model_path=os.fspath(path), num_threads=num_threads)
  except (ValueError, RuntimeError) as error:
    raise InputError(
      f"{path}: not a TensorFlow Lite model. Give the .tflite file of a pose network."
    ) from error
