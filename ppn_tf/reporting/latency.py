"""How large an exported network is and how long its signatures take on one thread."""

import dataclasses
import importlib.util
import os
import pathlib
import statistics
import time
from typing import Callable, Union

import numpy as np

from ppn_tf.errors import InputError
from ppn_tf.tracking.pose_models import TFLitePoseModel

REPEATS = 30
_WARM_UPS = 3


@dataclasses.dataclass(frozen=True)
class Network:
  """A measured .tflite file.

  Attributes:
    name: the file's.
    image_size: (H, W) of its frames in pixels.
    num_bytes: of the file.
    start_ms: median milliseconds of `start`.
    step_ms: median milliseconds of `step`.
    runtime: what ran it.
  """

  name: str
  image_size: tuple
  num_bytes: int
  start_ms: float
  step_ms: float
  runtime: str


def measure(path: Union[str, os.PathLike]) -> Network:
  """Measures a .tflite file with the signatures `start` and `step`.

  Raises:
    InputError: no such file, or it is no pose network.
  """
  file = pathlib.Path(path).expanduser()
  if not file.is_file():
    raise InputError(f"{file}: no such file. Give one written by `python -m export.tflite`.")
  model = TFLitePoseModel(file, num_threads=1)
  frame = np.random.default_rng(0).uniform(0, 255, (*model.image_size, 3)).astype(np.float32)
  previous = model.start(frame)
  return Network(
    name=file.name,
    image_size=model.image_size,
    num_bytes=file.stat().st_size,
    start_ms=_median_ms(lambda: model.start(frame)),
    step_ms=_median_ms(lambda: model.step(frame, previous)),
    runtime="ai-edge-litert" if importlib.util.find_spec("ai_edge_litert") else "tf.lite",
  )


def _median_ms(call: Callable[[], object]) -> float:
  for _ in range(_WARM_UPS):
    call()
  times = []
  for _ in range(REPEATS):
    began = time.perf_counter()
    call()
    times.append(time.perf_counter() - began)
  return 1000 * statistics.median(times)
