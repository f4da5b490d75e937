"""Mixed precision: in which number format networks that are being built will compute."""

import contextlib
from typing import Iterator

import tensorflow as tf


def half_precision() -> str:
  """The Keras policy for this machine: float16 on GPUs, which are built for it, else bfloat16."""
  return "mixed_float16" if tf.config.list_physical_devices("GPU") else "mixed_bfloat16"


@contextlib.contextmanager
def policy(mixed: bool) -> Iterator[None]:
  """Layers made inside compute in half precision, if `mixed`; their weights are float32 either way.

  Heatmaps and offsets are layers with a dtype of their own, float32.
  """
  before = tf.keras.mixed_precision.global_policy()
  tf.keras.mixed_precision.set_global_policy(half_precision() if mixed else "float32")
  try:
    yield
  finally:
    tf.keras.mixed_precision.set_global_policy(before)
