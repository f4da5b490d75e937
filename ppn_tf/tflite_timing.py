"""How long .tflite files take, in either runtime, on random inputs.

All files take turns, call by call, so that a machine that slows down slows all
of them: ratios of turns hold, absolute times of two runs say little.
"""

import os
import pathlib
import time
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Union

import numpy as np
from tqdm import tqdm

from ppn_tf.errors import InputError
from ppn_tf.interpreters import interpreter_class

Path = Union[str, os.PathLike]
Call = Callable[[], object]

# What is called of a file without signatures.
WHOLE = "whole network"


def load(path: Path, runtime: str, num_threads: int) -> Any:
  """An interpreter of a file.

  Raises:
    InputError: no such file, or no TensorFlow Lite model.
  """
  if not pathlib.Path(path).is_file():
    raise InputError(f"{path}: no such file. Give one written by `python -m export.tflite`.")
  try:
    return interpreter_class(runtime)(model_path=os.fspath(path), num_threads=num_threads)
  except (ValueError, RuntimeError) as error:
    raise InputError(f"{path}: not a TensorFlow Lite model ({error}).") from error


def random_values(details: Dict[str, Any], name: str) -> np.ndarray:
  """An input: a picture, or heatmaps where that is its name."""
  values = np.random.default_rng(0).random(details["shape"])
  return (values * (1.0 if name == "previous" else 255.0)).astype(details["dtype"])


def calls(interpreter: Any) -> Dict[str, Call]:
  """A call of each signature, or one of the whole network where there are no two."""
  signatures = interpreter.get_signature_list()
  if len(signatures) < 2:
    interpreter.allocate_tensors()
    for details in interpreter.get_input_details():
      interpreter.set_tensor(details["index"], random_values(details, details["name"]))
    return {WHOLE: interpreter.invoke}

  def call(name: str) -> Call:
    runner = interpreter.get_signature_runner(name)
    inputs = runner.get_input_details()
    values = {key: random_values(details, key) for key, details in inputs.items()}
    return lambda: runner(**values)

  return {name: call(name) for name in sorted(signatures)}


class Timed(NamedTuple):
  """A call of a file in a runtime with a number of threads, and its seconds in each turn."""

  file: str
  signature: str
  runtime: str
  threads: int
  seconds: np.ndarray

  def percentile(self, share: float) -> float:
    """In milliseconds."""
    return float(np.percentile(1e3 * self.seconds, share))


def time_all(
  paths: Sequence[pathlib.Path], runtime: str, threads: int, repeats: int
) -> List[Timed]:
  """Times all signatures of all files, in turns."""
  named = [
    (path.name, signature, call)
    for path in paths
    for signature, call in calls(load(path, runtime, threads)).items()
  ]
  seconds = np.zeros((len(named), repeats))
  for turn in tqdm(range(repeats), desc=f"{runtime}, {threads} threads", unit="turn", disable=None):
    for number, (_, _, call) in enumerate(named):
      call()  # what the others left in the caches goes
      began = time.perf_counter()
      call()
      seconds[number, turn] = time.perf_counter() - began
  return [Timed(*one[:2], runtime, threads, row) for one, row in zip(named, seconds)]
