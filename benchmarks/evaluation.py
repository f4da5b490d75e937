"""Times evaluation at one and at seven scales.

  python -m benchmarks.evaluation

PPN-Swift with random weights evaluates a drawn clip of 58 frames as a whole. Memory is that of
a separate process, for this clip and one four times as long.
"""

import os
import pathlib
import statistics
import tempfile
import time
from typing import Dict, List, Sequence

from absl import flags

from benchmarks.drawn_clips import draw_clips, run_command
from ppn_tf.clips import pipeline, records
from ppn_tf.config import flags as experiment_flags
from ppn_tf.config.experiment import build_model
from ppn_tf.evaluation.evaluator import Evaluator
from ppn_tf.models.layers.deform_conv import set_implementation
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.resident_memory import peak_resident

FLAGS = flags.FLAGS
LENGTHS = (58, 4 * 58)


def define_flags() -> None:
  command_flags.define_integer("repeats", 3, "Turns of each number of scales.", 1, 10**6)
  command_flags.define_integer(
    "num_scales", 0, "Internal: print the peak memory with 1 or 7 scales and exit.", 0, 7
  )
  experiment_flags.define()


class Work:
  """Evaluation of one clip at one and at seven scales."""

  def __init__(self, dataset: str):
    self._builder = records.open_records(dataset)
    experiment = experiment_flags.experiment()
    self._model = build_model(experiment)
    for network in self._model.networks:
      set_implementation(network, "fused")
    self._evaluators = {
      count: Evaluator(self._model, experiment.skeleton, decoder=FLAGS.decoder, whole_clip=True)
      for count in (1, 7)
    }

  def __call__(self, num_scales: int) -> float:
    """Returns the seconds of an evaluation."""
    begin = time.perf_counter()
    windows = pipeline.evaluation_windows(
      self._builder,
      "test",
      num_frames=pipeline.chunk_length(num_scales),
      image_size=self._model.image_size,
      scales=FLAGS.scales if num_scales == 7 else (1.0,),
    )
    (predictions,) = self._evaluators[num_scales](windows.prefetch(2))
    assert len(predictions.keypoints) in LENGTHS
    return time.perf_counter() - begin


def print_times(dataset: str) -> None:
  work = Work(dataset)
  turns: List[Dict[int, float]] = []
  for turn in range(FLAGS.repeats + 1):
    seconds: Dict[int, float] = {count: work(count) for count in (1, 7)}
    if turn:  # the first turn compiles
      turns.append(seconds)
  single, many = (statistics.median(seconds[count] for seconds in turns) for count in (1, 7))
  ratio = statistics.median(seconds[7] / seconds[1] for seconds in turns)
  print(f"{LENGTHS[0]} frames: one scale {single:.2f} s, seven scales {many:.2f} s = {ratio:.2f}x")


def print_memory(datasets: Sequence[str]) -> None:
  for count in (1, 7):
    peaks: List[float] = []
    for dataset in datasets:
      output = run_command(
        "benchmarks.evaluation", f"--dataset={dataset}", f"--num_scales={count}",
        f"--decoder={FLAGS.decoder}",
      )  # fmt: skip
      peaks.append(float(output.split()[-1]))
    short, long = peaks
    print(
      f"{count} scale{'s' if count > 1 else ''}: peak memory {short:.0f} MB with {LENGTHS[0]} "
      f"frames, {long:.0f} MB with {LENGTHS[1]} = {long / short:.2f}x"
    )


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  if FLAGS.num_scales:
    Work(FLAGS.dataset)(FLAGS.num_scales)
    print(peak_resident() / 2**20)
    return
  os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
  with tempfile.TemporaryDirectory() as folder:
    datasets = [
      draw_clips(pathlib.Path(folder), num_train=0, num_test=1, num_frames=length)
      for length in LENGTHS
    ]
    print_times(datasets[0])
    print_memory(datasets)


if __name__ == "__main__":
  define_flags()
  app.run(main)
