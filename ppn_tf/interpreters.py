"""Which TensorFlow Lite runtime runs .tflite files."""

import importlib.util
from typing import Any, List

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
