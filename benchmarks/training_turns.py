"""Timing of the training step and of its twin, in turns."""

import gc
import statistics
import time
from typing import Dict, List, Mapping, Optional, Tuple

from benchmarks.twin_process import TwinProcess
from ppn_tf.clips import records
from ppn_tf.config.experiment import Experiment, RunConfig
from ppn_tf.training import experiment as training
from ppn_tf.training.batches import training_batches
from ppn_tf.training.initial_model import prepare_model
from ppn_tf.training.trainer import Trainer

import tensorflow as tf

# Steps at the start of each turn that are not counted, while threads of other work end.
_SETTLING = 1


class Work:
  """Training step of an experiment, on one batch and on batches of its data set.

  Attributes:
    experiment: settings of the step.
    model: its network.
    trainer: its trainer.
    batch: the batch in memory.
  """

  def __init__(self, experiment: Experiment, run: RunConfig):
    training.prepare_distribution(run)
    skeleton = experiment.skeleton
    builder = records.open_split(run.dataset, experiment.clips.train_split, skeleton)
    self.experiment = experiment
    self.model, _ = prepare_model(experiment)
    self.trainer = Trainer(self.model, **training.trainer_arguments(experiment))
    self._dataset = training_batches(experiment, run, builder, self.model.image_size)
    self._batches = iter(self._dataset)
    self.batch = next(self._batches)

  def step(self) -> float:
    """Runs a step on the batch in memory; returns its seconds."""
    return self._timed(self.batch)

  def step_with_input(self) -> Tuple[float, float]:
    """Runs a step on the next batch; returns its seconds, and those spent waiting for it."""
    begin = time.perf_counter()
    batch = next(self._batches)
    waited = time.perf_counter() - begin
    return waited + self._timed(batch), waited

  def stop_input(self) -> None:
    """Frees the iterator of the data set, with its buffers and threads."""
    del self._batches
    gc.collect()

  def check_traced_once(self) -> None:
    count = self.trainer.train_step.experimental_get_tracing_count()
    assert count == 1, f"the training step was traced {count} times"

  def _timed(self, batch: Mapping[str, tf.Tensor]) -> float:
    begin = time.perf_counter()
    self.trainer.train_step(batch)
    int(self.trainer.step)
    return time.perf_counter() - begin


def take_turns(
  work: Work, twin: Optional[TwinProcess], *, repeats: int, steps: int
) -> Dict[str, float]:
  """Times three kinds of steps in turns.

  Args:
    work: the step of this project.
    twin: the step in PyTorch, or None.
    repeats: number of turns.
    steps: steps of each kind per turn.
  Returns:
    medians over turns: `seconds` of a step on the batch in memory, `seconds_real` on real input,
    `seconds_waiting` for input; with a twin, `twin_seconds` of its step, and `speed`, its time
    over that of this project.
  """
  own: List[float] = []
  twins: List[float] = []
  real: List[float] = []
  waits: List[float] = []
  for turn in range(repeats + 1):
    turns = range(_SETTLING + steps)
    own_times = [work.step() for _ in turns][_SETTLING:]
    twin_times = [twin.step()["seconds"] for _ in turns][_SETTLING:] if twin else []
    total, waited = zip(*[work.step_with_input() for _ in turns][_SETTLING:])
    if turn:  # the first turn compiles and warms up
      own.append(statistics.median(own_times))
      twins += [statistics.median(twin_times)] if twin else []
      real.append(statistics.fmean(total))
      waits.append(statistics.fmean(waited))
  work.check_traced_once()
  result = {
    "seconds": statistics.median(own),
    "seconds_real": statistics.median(real),
    "seconds_waiting": statistics.median(waits),
  }
  if twin:
    result["twin_seconds"] = statistics.median(twins)
    result["speed"] = statistics.median(a / b for a, b in zip(twins, own))
  return result
