"""Writes one page about one or several runs: `python -m ppn_tf.report --run=NAME=WORKDIR`.

The page holds everything it shows and runs no script. --dataset adds pictures
of unseen frames, --tflite sizes and speeds, --track frames of tracked videos;
what is not given is left out.
"""

import datetime
import pathlib
import sys
from typing import List, Optional, Sequence, Tuple

from absl import flags

from ppn_tf import doors, experiment
from ppn_tf.errors import InputError
from ppn_tf.outputs import complete_or_absent
from ppn_tf.reporting import latency, making, page, samples, scores, tracks, unseen
from ppn_tf.reporting.runs import Run, read_runs

FLAGS = flags.FLAGS


def define_flags() -> None:
  flags.DEFINE_multi_string("run", [], "NAME=WORKDIR: a run and what to call it. Repeat for more.")
  flags.DEFINE_multi_string("tflite", [], "An exported .tflite file to measure. Repeat for more.")
  flags.DEFINE_multi_string(
    "track", [], "NAME_pose.json,NAME_pose.mp4 of a tracked video. Repeat for more."
  )
  flags.DEFINE_string("output", "report.html", "The page.")
  flags.DEFINE_string("title", "PosePropagationNet: report", "The page's heading.")
  flags.DEFINE_integer("num_clips", 3, "Clips of the data set to show.", lower_bound=1)


def look_at_dataset(
  runs: Sequence[Run],
) -> Tuple[List[unseen.Strip], Optional[unseen.Heatmaps]]:
  """Pictures of the runs on --eval_split of --dataset."""
  skeleton, chosen = samples.read_samples(FLAGS.dataset, FLAGS.eval_split, FLAGS.num_clips)
  candidates = []
  for run in runs:
    model = experiment.load_run(str(run.workdir))
    if model.num_joints != skeleton.num_joints:
      raise InputError(
        f"{run.workdir}: its network has {model.num_joints} joints, the data set "
        f"{skeleton.num_joints}. Give the --dataset that the run was trained on."
      )
    margin = float(run.flags.get("box_margin", FLAGS.box_margin))
    candidates.append(unseen.Candidate(run.name, model, margin))
  return unseen.look(candidates, chosen, skeleton)


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  runs = read_runs(FLAGS.run)
  # Before the slow part, so that a wrong path is told at once.
  videos = [tracks.read_track(value) for value in FLAGS.track]
  strips, heatmaps = look_at_dataset(runs) if FLAGS.dataset else ([], None)
  text = page.render(
    FLAGS.title,
    runs,
    making.facts(datetime.datetime.now()),
    making.command(sys.argv),
    split=FLAGS.eval_split,
    strips=strips,
    heatmaps=heatmaps,
    networks=[latency.measure(file) for file in FLAGS.tflite],
    tracks=videos,
  )
  with complete_or_absent(FLAGS.output) as partial:
    partial.write_text(text, encoding="utf-8")
  print(f"{pathlib.Path(FLAGS.output)}: report on {', '.join(run.name for run in runs)}.")
  for run in runs:
    if run.evaluation:
      torso = scores.number(run.evaluation["pck_torso"]["micro"])
      print(f"{run.name}: PCK-torso {'not measured' if torso is None else f'{torso:.1f}'}")


if __name__ == "__main__":
  define_flags()
  doors.run(main)
