"""Scores PPNs on videos of labeled people whose HeadNet looks again every N frames.

  python -m benchmarks.keyframes --data_dir=records_people \\
    --tflite=ours=people.tflite --tflite=tinypose=people_tinypose.tflite

`python -m benchmarks.people_sets --source=DIR --data_dir=records_people` makes the records, and
`python -m benchmarks.people_parts` a network with another HeadNet. Crops are about the labeled
boxes. At each look, the mean of the previous heatmaps and of HeadNet's of the current frame
replaces the previous ones. Prints means over all videos as a Markdown table; the mean time of a
frame counts one N-th of HeadNet's time.
"""

import math
import pathlib
from typing import Dict, Sequence, Tuple

from absl import flags

from benchmarks import people_measures
from benchmarks.frame_rates import VIDEOS
from benchmarks.people_measures import ALPHAS, ClipMeasures
from benchmarks.people_scores import check_files, check_sets
from benchmarks.people_sets import SETS
from benchmarks.people_sources import VIDEO
from ppn_tf.clips import records
from ppn_tf.evaluation.exported_networks import ExportedNetwork
from ppn_tf.inference.tflite import timing
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.interpreter import available_runtimes
from ppn_tf.runtime.settings import Bounds

FLAGS = flags.FLAGS


def define_flags() -> None:
  """Defines the flags of the command."""
  flags.DEFINE_multi_string("tflite", [], "NAME=FILE of a PPN; may be repeated.")
  flags.DEFINE_string(
    "data_dir", "records_people", "Folder of records from `benchmarks.people_sets`."
  )
  command_flags.define_numbers(
    "refresh_every",
    (1, 2, 3, 4, 5, 15, 30, 0),
    "Numbers of frames between two looks of HeadNet; 0: never.",
    Bounds(0, 10**6, whole=True),
  )
  command_flags.define_integer("turns", 30, "Turns of the timing.", 1, 10**6)


def measure(file: str, refresh_every: int, data_dir: pathlib.Path) -> Dict[str, ClipMeasures]:
  """Measures a network on all videos, by clip.

  Args:
    file: the .tflite file.
    refresh_every: N, frames between two looks of HeadNet; 0: never.
    data_dir: folder of records from `benchmarks.people_sets`.
  """
  network = ExportedNetwork(file, refresh_every=refresh_every)
  measures: Dict[str, ClipMeasures] = {}
  for name in VIDEOS:
    dataset = data_dir / SETS[name].records
    predictions = network.predict(records.open_records(str(dataset)), "test")
    of_network = {"": {clip.clip: clip for clip in predictions}}
    measures.update(people_measures.measure_systems(dataset, of_network)[""])
  return measures


def time_signatures(file: str, turns: int) -> Tuple[float, float]:
  """Returns the median milliseconds of `start` and `step` on one thread."""
  runtime = next(iter(available_runtimes()))
  timed = timing.time_all([pathlib.Path(file)], runtime, 1, turns)
  times = {of.signature: of.percentile(50) for of in timed}
  return times["start"], times["step"]


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  data_dir = pathlib.Path(FLAGS.data_dir)
  networks = check_files(FLAGS.tflite)
  check_sets(data_dir)
  heads = ["network", "N", *(f"@{alpha}" for alpha in ALPHAS), "bonn @0.2", "jitter, %", "lag"]
  print(f"| {' | '.join([*heads, 'mean ms'])} |\n{'|---' * (len(heads) + 1)}|")
  for name, file in networks:
    start, step = time_signatures(file, FLAGS.turns)
    for number in FLAGS.refresh_every:
      measures = measure(file, number, data_dir)
      summary = people_measures.summarize(measures)
      bonn = [of.pck[0.2] for clip, of in measures.items() if clip.startswith(VIDEO)]
      cells = [summary[f"pck@{alpha}"] for alpha in ALPHAS]
      cells += [sum(bonn) / len(bonn) if bonn else math.nan, summary["jitter"], summary["lag"]]
      cells.append(step + (start / number if number else 0.0))
      row = " | ".join(f"{cell:.1f}" for cell in cells)
      print(f"| {name} | {number or 'never'} | {row} |", flush=True)


if __name__ == "__main__":
  define_flags()
  app.run(main)
