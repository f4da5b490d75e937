"""How large an exported network is and how long its signatures take on one thread."""

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
  runtime = available_runtimes()[0]
  timed = {one.signature: one for one in time_all([file], runtime, 1, REPEATS)}
  image_size = TFLitePoseModel(file).image_size
  return Network(
    name=file.name,
    image_size=image_size,
    num_bytes=file.stat().st_size,
    start_ms=timed["start"].percentile(50),
    step_ms=timed["step"].percentile(50),
    runtime=runtime,
  )
