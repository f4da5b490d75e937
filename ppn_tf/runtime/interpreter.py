"""TensorFlow Lite runtimes for .tflite files."""

import importlib.util
import os
import pathlib
from typing import Any, List, Union

from ppn_tf.runtime.errors import InputError

# Modules by name of the distribution, the fastest first.
RUNTIMES = {"ai-edge-litert": "ai_edge_litert", "tf.lite": "tensorflow"}


def available_runtimes() -> List[str]:
  """Returns the names of installed RUNTIMES."""
  return [name for name, module in RUNTIMES.items() if importlib.util.find_spec(module)]


def interpreter_class(runtime: str = "") -> Any:
  """Returns the interpreter class of a runtime; by default of the first that is installed."""
  if (runtime or next(iter(available_runtimes()), "tf.lite")) == "ai-edge-litert":
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter
  import tensorflow as tf

  return tf.lite.Interpreter


def open_file(path: Union[str, os.PathLike], num_threads: int, runtime: str = "") -> Any:
  """Opens a .tflite file with the interpreter of a runtime, see `interpreter_class`.

  Raises:
    InputError: there is no such file, or it is no TensorFlow Lite model.
  """
  if not pathlib.Path(path).is_file():
    raise InputError(f"{path}: no such file. Give the .tflite file of a pose network.")
  try:
    return interpreter_class(runtime)(model_path=os.fspath(path), num_threads=num_threads)
  except (ValueError, RuntimeError) as error:
    raise InputError(
      f"{path}: not a TensorFlow Lite model. Give the .tflite file of a pose network."
    ) from error
