"""Measures the size and the single-thread latency of exported networks."""

import dataclasses
import os
import pathlib
from typing import Union

from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.tflite.timing import time_all
from ppn_tf.runtime.interpreter import available_runtimes

REPEATS = 30


@dataclasses.dataclass(frozen=True)
class Network:
  """Holds the measurements of a .tflite file.

  Attributes:
    name: name of the file.
    image_size: (H, W) of its frames in pixels.
    num_bytes: size of the file.
    start_ms: median milliseconds of `start`.
    step_ms: median milliseconds of `step`.
    runtime: interpreter that was measured.
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
    InputError: If there is no such file, or it is not a pose network.
  """
  file = pathlib.Path(path).expanduser()
  runtime = available_runtimes()[0]
  timed = {timing.signature: timing for timing in time_all([file], runtime, 1, REPEATS)}
  image_size = TFLitePoseModel(file).image_size
  return Network(
    name=file.name,
    image_size=image_size,
    num_bytes=file.stat().st_size,
    start_ms=timed["start"].percentile(50),
    step_ms=timed["step"].percentile(50),
    runtime=runtime,
  )
