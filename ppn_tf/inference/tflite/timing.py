"""How long .tflite files take, in either runtime, on random inputs.

All files take turns, call by call, so that a machine that slows down slows all
of them: ratios of turns hold, absolute times of two runs say little.
"""

import pathlib
import time
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence

import numpy as np
from tqdm import tqdm

from ppn_tf.runtime.interpreter import available_runtimes, open_file

Call = Callable[[], object]

# What is called of a file without signatures.
WHOLE = "whole network"


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
  paths: Sequence[pathlib.Path],
  runtime: str,
  threads: int,
  repeats: int,
  frames_alone: bool = False,
) -> List[Timed]:
  """Times files in turns.

  Args:
    paths: the files.
    runtime: what runs them, of interpreters.RUNTIMES.
    threads: of each file.
    repeats: how many turns.
    frames_alone: time what every frame of a clip costs: one call of each file, `step` where it
      is one of several signatures.
  Raises:
    InputError: no such file, or no TensorFlow Lite model.
  """
  named = [
    (path.name, signature, call)
    for path in paths
    for signature, call in calls(open_file(path, threads, runtime)).items()
    if not frames_alone or signature in ("step", WHOLE)
  ]
  seconds = np.zeros((len(named), repeats))
  for turn in tqdm(range(repeats), desc=f"{runtime}, {threads} threads", unit="turn", disable=None):
    for number, (_, _, call) in enumerate(named):
      call()  # what the others left in the caches goes
      began = time.perf_counter()
      call()
      seconds[number, turn] = time.perf_counter() - began
  return [Timed(*one[:2], runtime, threads, row) for one, row in zip(named, seconds)]


def frame_times(files: Mapping[str, str], turns: int) -> Dict[str, Dict[str, Any]]:
  """What a frame costs each of the files, by name: the median of its turns on one thread.

  Args:
    files: by name.
    turns: in each of them all files are called once.
  Returns:
    By name "milliseconds", "turns", "threads" and "runtime".
  Raises:
    InputError: no such file, or no TensorFlow Lite model.
  """
  runtime = next(iter(available_runtimes()))
  paths = list(map(pathlib.Path, files.values()))
  timed = time_all(paths, runtime, 1, turns, frames_alone=True)
  return {
    name: {"milliseconds": one.percentile(50), "turns": turns, "threads": 1, "runtime": runtime}
    for name, one in zip(files, timed)
  }
