"""Mixed precision: number format in which new networks compute."""

import contextlib
from typing import Iterator

import tensorflow as tf


def half_precision() -> str:
  """Returns the Keras policy for this machine: float16 on GPUs, else bfloat16."""
  return "mixed_float16" if tf.config.list_physical_devices("GPU") else "mixed_bfloat16"


@contextlib.contextmanager
def policy(mixed: bool) -> Iterator[None]:
  """Makes layers that are created inside compute in half precision, with float32 weights.

  Layers of heatmaps and offsets have their own dtype, float32.

  Args:
    mixed: whether to use half precision; otherwise the policy is float32.
  """
  policy_outside = tf.keras.mixed_precision.global_policy()
  tf.keras.mixed_precision.set_global_policy(half_precision() if mixed else "float32")
  try:
    yield
  finally:
    tf.keras.mixed_precision.set_global_policy(policy_outside)
