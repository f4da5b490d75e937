"""The training step's work, and the turns that it and its twin are timed in."""

import gc
import statistics
import time
from typing import Dict, List, Mapping, Optional, Tuple

from benchmarks.twin_process import TwinProcess
from ppn_tf.config import experiment
from ppn_tf.training import experiment as training_experiment
from ppn_tf.training.trainer import Trainer

import tensorflow as tf

# Steps at the start of each turn that are not counted: what the others left running ends.
_SETTLING = 1


class Work:
  """The flags' training step, on one batch and on the data set's."""

  def __init__(self, split: str):
    training_experiment.prepare_distribution()
    builder = experiment.open_dataset(split)
    self.model, _ = training_experiment.prepare_model()
    self.trainer = Trainer(self.model, **training_experiment.trainer_arguments())
    self._dataset = training_experiment.training_batches(builder, self.model.image_size, 0)
    self._batches = iter(self._dataset)
    self.batch = next(self._batches)

  def step(self) -> float:
    """Seconds of a step on the batch in memory."""
    return self._timed(self.batch)

  def step_with_input(self) -> Tuple[float, float]:
    """Seconds of a step on the data set's next batch, and those until the batch was there."""
    began = time.perf_counter()
    batch = next(self._batches)
    waited = time.perf_counter() - began
    return waited + self._timed(batch), waited

  def stop_input(self) -> None:
    """Frees the data set's iterator, buffers and threads."""
    del self._batches
    gc.collect()

  def check_traced_once(self) -> None:
    count = self.trainer.train_step.experimental_get_tracing_count()
    assert count == 1, f"the training step was traced {count} times"

  def _timed(self, batch: Mapping[str, tf.Tensor]) -> float:
    began = time.perf_counter()
    self.trainer.train_step(batch)
    int(self.trainer.step)
    return time.perf_counter() - began


def take_turns(
  work: Work, twin: Optional[TwinProcess], *, repeats: int, steps: int
) -> Dict[str, float]:
  """Times the three kinds of step, so many of each in a turn.

  Returns:
    Medians over the turns: `seconds` of a step on the batch in memory,
    `seconds_real` on real input, `seconds_waiting` of these; with a twin,
    `twin_seconds` of its step, and `speed`, the twin's over the own.
  """
  own: List[float] = []
  twins: List[float] = []
  real: List[float] = []
  waits: List[float] = []
  for turn in range(repeats + 1):
    turns = range(_SETTLING + steps)
    alone = [work.step() for _ in turns][_SETTLING:]
    beside = [twin.step()["seconds"] for _ in turns][_SETTLING:] if twin else []
    whole, waited = zip(*[work.step_with_input() for _ in turns][_SETTLING:])
    if turn:  # the first one compiles and warms up
      own.append(statistics.median(alone))
      twins += [statistics.median(beside)] if twin else []
      real.append(statistics.fmean(whole))
      waits.append(statistics.fmean(waited))
  work.check_traced_once()
  result = {
    "seconds": statistics.median(own),
    "seconds_real": statistics.median(real),
    "seconds_waiting": statistics.median(waits),
  }
  if twin:
    result["twin_seconds"] = statistics.median(twins)
    result["speed"] = statistics.median(theirs / ours for theirs, ours in zip(twins, own))
  return result
