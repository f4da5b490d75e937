"""Process of the twin: `python -m benchmarks.pytorch_twin.serve FOLDER`.

FOLDER contains settings.json, weights.npz and batch.npz. Each line on stdin is a request, and each
line of JSON on stdout its response:

  about          number of parameters, version of PyTorch, threads
  fastest        tries all settings, and restarts with the fastest
  step           seconds and loss of a training step
  memory         peak memory of a step, in bytes above that before it
  heatmaps FILE  writes loss, norm of the gradient, and heatmaps to an .npz file
"""

import itertools
import json
import pathlib
import sys
import time
from typing import Any, Dict, List, Tuple

import numpy as np
import torch

from benchmarks.pytorch_twin.step import Step
from ppn_tf.runtime.resident_memory import measure_peak

WAYS = tuple(itertools.product(("contiguous_format", "channels_last"), (False, True)))


class Twin:
  """Training step that responds to requests."""

  def __init__(self, folder: pathlib.Path):
    self.settings = json.loads((folder / "settings.json").read_text())
    with np.load(folder / "weights.npz") as weights, np.load(folder / "batch.npz") as batch:
      self.arrays = dict(weights), dict(batch)
    torch.set_num_threads(self.settings["threads"])
    self.start(*self.settings.get("way", WAYS[0]))

  def start(self, memory_format: str, fused: bool) -> None:
    self.step = Step(self.settings, *self.arrays, memory_format, fused)

  def fastest(self) -> Tuple[str, bool]:
    """Restarts with the fastest of WAYS, and returns it."""
    seconds: List[float] = []
    for way in WAYS:
      self.start(*way)
      self.step()
      seconds.append(min(self.timed()["seconds"] for _ in range(3)))
    chosen = WAYS[seconds.index(min(seconds))]
    self.start(*chosen)
    return chosen

  def timed(self) -> Dict[str, float]:
    begin = time.perf_counter()
    loss = self.step()
    return {"seconds": time.perf_counter() - begin, "loss": loss}

  def about(self) -> Dict[str, Any]:
    model = self.step.model
    weights = [
      *model.parameters(),
      *(buffer for buffer in model.buffers() if buffer.is_floating_point()),
    ]
    return {
      "parameters": sum(weight.numel() for weight in weights),
      "version": torch.__version__,
      "threads": torch.get_num_threads(),
    }

  def respond(self, request: str, argument: str) -> Dict[str, Any]:
    if request == "about":
      return self.about()
    if request == "fastest":
      return {"way": self.fastest()}
    if request == "step":
      return self.timed()
    if request == "memory":
      return {"bytes": measure_peak(self.step, repeats=2)}
    if request == "heatmaps":
      np.savez(argument, **self.step.heatmaps())
      return {}
    raise ValueError(f"unknown request {request!r}")


def main(folder: pathlib.Path) -> None:
  twin = Twin(folder)
  for line in sys.stdin:
    request, _, argument = line.strip().partition(" ")
    print(json.dumps(twin.respond(request, argument)), flush=True)


if __name__ == "__main__":
  main(pathlib.Path(sys.argv[1]))
