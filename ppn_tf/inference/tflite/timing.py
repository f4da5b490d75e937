"""Timing of .tflite files in either runtime, on random inputs.

All files take turns, call by call, so that a machine that slows down slows all of them. Ratios
within one run are therefore reliable; absolute times of different runs are not comparable.
"""

import pathlib
import time
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence

import numpy as np
from tqdm import tqdm

from ppn_tf.inference.frame_times import frames_between_refreshes
from ppn_tf.inference.tflite.metadata import parse_tracker_fields, read_description
from ppn_tf.runtime.interpreter import available_runtimes, open_file

Call = Callable[[], object]

# Name of the only call of a file without signatures.
WHOLE = "whole network"
_OF_FRAMES = ("start", "step", WHOLE)


def random_values(details: Dict[str, Any], name: str) -> np.ndarray:
  """Returns random values of an input tensor: heatmaps for "previous", else an image."""
  values = np.random.default_rng(0).random(details["shape"])
  return (values * (1.0 if name == "previous" else 255.0)).astype(details["dtype"])


def prepare_calls(interpreter: Any) -> Dict[str, Call]:
  """Returns a call of each signature, or of the whole network if there are fewer than two."""
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
  """Measured times of one signature of a file.

  Attributes:
    file: name of the file.
    signature: name of the signature, or WHOLE.
    runtime: one of `runtime.interpreter.RUNTIMES`.
    threads: CPU threads.
    seconds: [turns] float64.
  """

  file: str
  signature: str
  runtime: str
  threads: int
  seconds: np.ndarray

  def percentile(self, share: float) -> float:
    """Returns a percentile, `share` in 0..100, in milliseconds."""
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
    runtime: one of `runtime.interpreter.RUNTIMES`.
    threads: CPU threads of each file.
    repeats: number of turns.
    frames_alone: whether to time only calls for frames: `start` and `step`, or the whole network
      of a file without signatures.
  Raises:
    InputError: no such file, or not a TensorFlow Lite model.
  """
  named = [
    (path.name, signature, call)
    for path in paths
    for signature, call in prepare_calls(open_file(path, threads, runtime)).items()
    if not frames_alone or signature in _OF_FRAMES
  ]
  seconds = np.zeros((len(named), repeats))
  for turn in tqdm(range(repeats), desc=f"{runtime}, {threads} threads", unit="turn", disable=None):
    for number, (_, _, call) in enumerate(named):
      call()  # fills the caches
      begin = time.perf_counter()
      call()
      seconds[number, turn] = time.perf_counter() - begin
  return [
    Timed(file, signature, runtime, threads, row)
    for (file, signature, _), row in zip(named, seconds)
  ]


def frame_times(files: Mapping[str, str], turns: int) -> Dict[str, Dict[str, Any]]:
  """Measures the mean time per frame of files, on one thread, from the medians of their calls.

  A network that is refreshed every N frames takes one N-th of the time of `start` in addition.

  Args:
    files: paths by name.
    turns: number of turns; each calls every file once.
  Returns:
    "milliseconds", "turns", "threads" and "runtime" by name.
  Raises:
    InputError: no such file, or not a TensorFlow Lite model.
  """
  runtime = next(iter(available_runtimes()))
  paths = list(map(pathlib.Path, files.values()))
  timed = iter(time_all(paths, runtime, 1, turns, frames_alone=True))
  measured = {}
  for name, path in zip(files, paths):
    first = next(timed)
    milliseconds = first.percentile(50)
    if first.signature == "start":
      refreshed_every = frames_between_refreshes(_read_refresh_after(path))
      share = milliseconds / refreshed_every if refreshed_every else 0.0
      milliseconds = next(timed).percentile(50) + share
    measured[name] = {
      "milliseconds": milliseconds,
      "turns": turns,
      "threads": 1,
      "runtime": runtime,
    }
  return measured


def _read_refresh_after(path: pathlib.Path) -> float:
  description = read_description(path)
  return parse_tracker_fields(path, description).refresh_after if description else 0.0
