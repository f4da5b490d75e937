"""The twin's process: `python -m benchmarks.pytorch_twin.serve FOLDER`, asked line by line.

FOLDER holds settings.json, weights.npz and batch.npz. A line on stdin is a
question, a line of JSON on stdout its answer:

  about          parameters, version of PyTorch, threads
  step           seconds and loss of one training step
  memory         peak bytes of a step above those before it
  heatmaps FILE  writes loss and heatmaps to an .npz file
"""

import json
import pathlib
import sys
import time
from typing import Any, Dict

import numpy as np
import torch

from benchmarks.pytorch_twin.step import Step
from benchmarks.resident_memory import peak_of


def answer(step: Step, question: str, argument: str) -> Dict[str, Any]:
  if question == "about":
    parameters = [one for one in step.model.parameters()]
    moving = [one for one in step.model.buffers() if one.is_floating_point()]
    return {
      "parameters": sum(one.numel() for one in parameters + moving),
      "version": torch.__version__,
      "threads": torch.get_num_threads(),
    }
  if question == "step":
    began = time.perf_counter()
    loss = step()
    return {"seconds": time.perf_counter() - began, "loss": loss}
  if question == "memory":
    return {"bytes": peak_of(step, repeats=2)}
  if question == "heatmaps":
    np.savez(argument, **step.heatmaps())
    return {}
  raise ValueError(f"unknown question {question!r}")


def main(folder: pathlib.Path) -> None:
  settings = json.loads((folder / "settings.json").read_text())
  torch.set_num_threads(settings["threads"])
  with np.load(folder / "weights.npz") as weights, np.load(folder / "batch.npz") as batch:
    step = Step(settings, dict(weights), dict(batch))
  for line in sys.stdin:
    question, _, argument = line.strip().partition(" ")
    print(json.dumps(answer(step, question, argument)), flush=True)


if __name__ == "__main__":
  main(pathlib.Path(sys.argv[1]))
