"""Writes one page about one or several runs: `python -m ppn_tf.report RUN...`.

Each RUN is a workdir, or NAME=WORKDIR. The page holds everything it shows and
runs no script. --dataset adds pictures: of the clips that a run with a
predictions/ folder does worst, and of unseen frames for other runs. --tflite
adds sizes and speeds, --track frames of tracked videos; what is not given is
left out.
"""

import datetime
import pathlib
import sys
from typing import List, Optional, Sequence, Tuple

from absl import flags

from ppn_tf.clips import records
from ppn_tf.config import experiment
from ppn_tf.evaluation.reporting import latency, page, provenance, samples, tracks, unseen
from ppn_tf.evaluation.reporting.runs import Run, number, read_runs
from ppn_tf.evaluation.reporting.sheets import Sheet, draw_sheets
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS


def define_flags() -> None:
  flags.DEFINE_multi_string("run", [], "WORKDIR or NAME=WORKDIR, as without --run; after those.")
  flags.DEFINE_multi_string("tflite", [], "An exported .tflite file to measure. Repeat for more.")
  flags.DEFINE_multi_string(
    "track", [], "NAME_pose.json,NAME_pose.mp4 of a tracked video. Repeat for more."
  )
  flags.DEFINE_string("output", "report.html", "The page.")
  flags.DEFINE_string("title", "PosePropagationNet: report", "The page's heading.")
  flags.DEFINE_integer("num_clips", 3, "Clips with unseen frames to show.", lower_bound=1)
  flags.DEFINE_integer(
    "num_worst", 3, "Clips to show that the first run predicts worst; 0: no clip.", lower_bound=0
  )


def look_at_dataset(
  runs: Sequence[Run],
) -> Tuple[List[Sheet], List[unseen.Strip], Optional[unseen.Heatmaps]]:
  """Pictures of the runs on --eval_split of --dataset.

  Runs with predictions are shown by these, others by what their networks answer
  now; the heatmaps are those of the first PPN.
  """
  builder = records.open_records(FLAGS.dataset)
  skeleton = records.skeleton_of(builder)
  predicted = [run for run in runs if run.predictions and FLAGS.num_worst]
  sheets = draw_sheets(predicted, builder, FLAGS.eval_split, FLAGS.num_worst) if predicted else []
  first_ppn = next((run for run in runs if run.propagates), None)
  networks = {
    run.name: _network(run, skeleton) for run in runs if run not in predicted or run is first_ppn
  }
  if not networks:
    return sheets, [], None
  chosen = samples.read_samples(builder, FLAGS.eval_split, FLAGS.num_clips)
  asked = [networks[run.name] for run in runs if run not in predicted]
  strips = unseen.draw_strips(asked, chosen, skeleton) if asked else []
  if first_ppn is None:
    return sheets, strips, None
  return sheets, strips, unseen.draw_heatmaps(networks[first_ppn.name], chosen, skeleton)


def _network(run: Run, skeleton: Skeleton) -> unseen.Candidate:
  """The run's network, which must be one for these joints."""
  model = experiment.load_run(str(run.workdir))
  if model.num_joints != skeleton.num_joints:
    raise InputError(
      f"{run.workdir}: its network has {model.num_joints} joints, the data set "
      f"{skeleton.num_joints}. Give the --dataset that the run was trained on."
    )
  margin = float(run.flags.get("box_margin", FLAGS.box_margin))
  return unseen.Candidate(run.name, model, margin)


def main(argv: Sequence[str]) -> None:
  runs = read_runs([*argv[1:], *FLAGS.run])
  # Before the slow part, so that a wrong path is told at once.
  videos = [tracks.read_track(value) for value in FLAGS.track]
  sheets, strips, heatmaps = look_at_dataset(runs) if FLAGS.dataset else ([], [], None)
  text = page.render(
    FLAGS.title,
    runs,
    provenance.facts(datetime.datetime.now()),
    provenance.command(sys.argv),
    split=FLAGS.eval_split,
    strips=strips,
    heatmaps=heatmaps,
    networks=[latency.measure(file) for file in FLAGS.tflite],
    tracks=videos,
    sheets=sheets,
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
