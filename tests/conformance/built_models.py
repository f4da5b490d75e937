"""Models of the list with random weights, a clip for them, and their heatmaps."""

import functools

import numpy as np
import pytest

from tests.conformance.models import CASES, SIZE, randomise

import tensorflow as tf

EACH = [
  pytest.param(name, marks=pytest.mark.slow if case.slow else (), id=name)
  for name, case in CASES.items()
]
FORMS = [case for case in EACH if not CASES[case.id].repeats]
FRAMES = 2


@functools.lru_cache(maxsize=4)
def build(name: str, seed: int = 1):
  """Returns a model with random weights, shared by all tests, which do not change it."""
  tf.keras.utils.set_random_seed(seed)
  model = CASES[name].build()
  randomise(model, seed)
  return model


@functools.lru_cache(maxsize=4)
def compute_eagerly(name: str):
  """Returns the heatmaps of the clip, computed op by op."""
  return build(name).unroll(CLIP)


def relative_error(heatmaps, expected) -> float:
  """Returns the root mean square error over the spread of the expected heatmaps.

  Unrelated heatmaps have an error of 1.4, and zeros an error of 1. A bound on single cells would
  depend on the processor, whose order of additions differs.
  """
  error = tf.sqrt(tf.reduce_mean(tf.square(heatmaps - expected)))
  return float(error / tf.math.reduce_std(expected))


# [1, T, H, W, 3], all frames different.
CLIP = np.random.default_rng(9).uniform(0, 255, (1, FRAMES, *SIZE, 3)).astype(np.float32)
