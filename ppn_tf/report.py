"""Writes one HTML page about one or several runs.

  python -m ppn_tf.report RUN... --dataset=DATASET --output=report.html

Each RUN is a workdir, or NAME=WORKDIR. The page contains everything it shows and runs no
script. --dataset adds pictures: of the clips that a run with a predictions/ folder does
worst on, and of unseen frames for other runs. --tflite adds sizes and speeds, --track
frames of tracked videos.
"""

import datetime
import pathlib
import sys
from typing import Sequence

from absl import flags

from ppn_tf.config import flags as experiment_flags
from ppn_tf.evaluation.reporting import latency, page, provenance, tracks
from ppn_tf.evaluation.reporting.dataset_pictures import DatasetPictures, draw_pictures
from ppn_tf.evaluation.reporting.runs import number, read_runs
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS


def define_flags() -> None:
  """Defines the flags of this command."""
  flags.DEFINE_multi_string("run", [], "WORKDIR or NAME=WORKDIR, after those without --run.")
  flags.DEFINE_multi_string("tflite", [], "Exported .tflite file to measure. Repeat for more.")
  flags.DEFINE_multi_string(
    "track", [], "NAME_pose.json,NAME_pose.mp4 of a tracked video. Repeat for more."
  )
  flags.DEFINE_string("output", "report.html", "File for the page.")
  flags.DEFINE_string("title", "PosePropagationNet: report", "Heading of the page.")
  command_flags.define_integer("num_clips", 3, "Clips with unseen frames to show.", 1, 1000)
  command_flags.define_integer(
    "num_worst", 3, "Clips to show that the first run predicts worst; 0: none.", 0, 1000
  )
  experiment_flags.define(["dataset", "eval_split", "checkpoint"])


def main(argv: Sequence[str]) -> None:
  runs = read_runs([*argv[1:], *FLAGS.run])
  # Before the slow part, so that a wrong path is reported at once.
  videos = [tracks.read_track(value) for value in FLAGS.track]
  pictures = DatasetPictures()
  if FLAGS.dataset:
    pictures = draw_pictures(
      runs,
      FLAGS.dataset,
      FLAGS.eval_split,
      num_clips=FLAGS.num_clips,
      num_worst=FLAGS.num_worst,
      checkpoint=FLAGS.checkpoint,
    )
  text = page.render(
    FLAGS.title,
    runs,
    provenance.facts(datetime.datetime.now()),
    provenance.command(sys.argv),
    split=FLAGS.eval_split,
    strips=pictures.strips,
    heatmaps=pictures.heatmaps,
    networks=[latency.measure(file) for file in FLAGS.tflite],
    tracks=videos,
    sheets=pictures.sheets,
  )
  with complete_or_absent(FLAGS.output) as partial:
    partial.write_text(text, encoding="utf-8")
  print(f"{pathlib.Path(FLAGS.output)}: report on {', '.join(run.name for run in runs)}.")
  for run in runs:
    if run.evaluation:
      torso = number(run.measured("pck_torso", "micro"))
      print(f"{run.name}: PCK-torso {'not measured' if torso is None else f'{torso:.1f}'}")


if __name__ == "__main__":
  define_flags()
  app.run(main)
