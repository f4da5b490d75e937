"""The twin's process: `python -m benchmarks.pytorch_twin.serve FOLDER`, asked line by line.

FOLDER holds settings.json, weights.npz and batch.npz. A line on stdin is a
question, a line of JSON on stdout its answer:

  about          parameters, version of PyTorch, threads
  fastest        tries which way of computing is the fastest, and starts anew with it
  step           seconds and loss of one training step
  memory         peak bytes of a step above those before it
  heatmaps FILE  writes loss, gradient's norm and heatmaps to an .npz file
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
from ppn_tf.runtime.resident_memory import peak_of

WAYS = tuple(itertools.product(("contiguous_format", "channels_last"), (False, True)))


class Twin:
  """The step that the questions are about."""

  def __init__(self, folder: pathlib.Path):
    self.settings = json.loads((folder / "settings.json").read_text())
    with np.load(folder / "weights.npz") as weights, np.load(folder / "batch.npz") as batch:
      self.arrays = dict(weights), dict(batch)
    torch.set_num_threads(self.settings["threads"])
    self.start(*self.settings.get("way", WAYS[0]))

  def start(self, memory_format: str, fused: bool) -> None:
    self.step = Step(self.settings, *self.arrays, memory_format, fused)

  def fastest(self) -> Tuple[str, bool]:
    """The way of computing with the fastest step, one of WAYS, which is chosen."""
    seconds: List[float] = []
    for way in WAYS:
      self.start(*way)
      self.step()
      seconds.append(min(self.timed()["seconds"] for _ in range(3)))
    chosen = WAYS[seconds.index(min(seconds))]
    self.start(*chosen)
    return chosen

  def timed(self) -> Dict[str, float]:
    began = time.perf_counter()
    loss = self.step()
    return {"seconds": time.perf_counter() - began, "loss": loss}

  def about(self) -> Dict[str, Any]:
    model = self.step.model
    weights = [*model.parameters(), *(one for one in model.buffers() if one.is_floating_point())]
    return {
      "parameters": sum(one.numel() for one in weights),
      "version": torch.__version__,
      "threads": torch.get_num_threads(),
    }

  def answer(self, question: str, argument: str) -> Dict[str, Any]:
    if question == "about":
      return self.about()
    if question == "fastest":
      return {"way": self.fastest()}
    if question == "step":
      return self.timed()
    if question == "memory":
      return {"bytes": peak_of(self.step, repeats=2)}
    if question == "heatmaps":
      np.savez(argument, **self.step.heatmaps())
      return {}
    raise ValueError(f"unknown question {question!r}")


def main(folder: pathlib.Path) -> None:
  twin = Twin(folder)
  for line in sys.stdin:
    question, _, argument = line.strip().partition(" ")
    print(json.dumps(twin.answer(question, argument)), flush=True)


if __name__ == "__main__":
  main(pathlib.Path(sys.argv[1]))
