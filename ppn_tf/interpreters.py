"""Which TensorFlow Lite runtime runs .tflite files."""

import importlib.util
from typing import Any

import tensorflow as tf


def interpreter_class() -> Any:
  """ai-edge-litert's interpreter where it is installed: it is the faster one."""
  if importlib.util.find_spec("ai_edge_litert") is not None:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter
  return tf.lite.Interpreter
