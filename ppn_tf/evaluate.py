"""Scores a trained run on a data set.

  python -m ppn_tf.evaluate --workdir=RUN --dataset=DATASET --output_json=scores.json

The network is the run's own; network flags that contradict it are refused. Other flags of
the experiment come from the run where they are not given. --output_predictions keeps the
joints of every frame, for `python -m ppn_tf.score` and `python -m ppn_tf.report`; the same
command resumes a stopped evaluation.
"""

from typing import Any, Dict, Sequence

from absl import flags

from ppn_tf.clips import records
from ppn_tf.clips.damaged_records import naming_damage
from ppn_tf.clips.labels import read_labels
from ppn_tf.config import flags as experiment_flags
from ppn_tf.config.experiment import Experiment
from ppn_tf.evaluation import score_tables, scores, tables
from ppn_tf.evaluation.prediction_files import PredictionFolder, gather
from ppn_tf.evaluation.run_predictions import BOXES, PARTS, predict_clips, select_part
from ppn_tf.inference.runs import load_run
from ppn_tf.models.layers.deform_conv import set_implementation
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS
_NUM_FRAMES = (
  "T: frames of a window, at whose start the recurrence restarts, as in the paper; 0: whole clips, "
  "as in tracking. By default the T of the run."
)


def define_flags() -> None:
  """Defines the flags of this command."""
  flags.DEFINE_string("output_json", None, "File for the scores.")
  flags.DEFINE_string("output_predictions", None, "Folder for the joints of every frame.")
  flags.DEFINE_enum(
    "part", "all", PARTS, "Evaluate the whole network, or HeadNet or BodyNet frame by frame."
  )
  flags.DEFINE_bool("flip", False, "Average over each crop and its mirror image.")
  flags.DEFINE_enum(
    "box",
    "given",
    BOXES,
    "Crop by the data set's box, by the labeled joints, or by the previous pose (tracked), which "
    "uses no label.",
  )
  experiment_flags.define(helps={"num_frames": _NUM_FRAMES}, from_run=True)
  command_flags.mark_required("workdir", "dataset")


def describe_conditions(experiment: Experiment, checkpoint: str) -> Dict[str, Any]:
  """Returns everything that decides the predictions, by flag name.

  Args:
    experiment: settings of the run.
    checkpoint: fingerprint of the loaded checkpoint.
  """
  names = ("dataset", "eval_split", "workdir", "part", "flip", "box", "decoder")
  return {
    **command_flags.values(names),
    "scales": list(FLAGS.scales),
    "num_frames": experiment.clips.num_frames,
    "box_margin": experiment.clips.box_margin,
    "steady_crops": experiment.clips.steady_crops,
    "checkpoint": checkpoint,
  }


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  experiment = experiment_flags.experiment_of_run()
  evaluation = experiment_flags.evaluation_config()
  run = load_run(FLAGS.workdir, FLAGS.checkpoint)
  model = select_part(run.model, FLAGS.part)
  for network in model.networks:
    set_implementation(network, "fused")
  split = evaluation.eval_split
  builder = records.open_split(FLAGS.dataset, split, experiment.skeleton)
  labels = read_labels(builder, split)
  conditions = describe_conditions(experiment, run.fingerprint)
  output = FLAGS.output_predictions
  with naming_damage(builder):
    predictions = gather(
      lambda done: predict_clips(
        model, builder, experiment, evaluation, box=FLAGS.box, flip=FLAGS.flip, leave_out=done
      ),
      len(labels),
      PredictionFolder(output, conditions) if output else None,
    )
  pairs = [(labels[clip], predictions[clip]) for clip in labels]
  table = scores.score(pairs, experiment.skeleton, evaluation.alpha, experiment.clips.num_frames)
  table["conditions"] = conditions
  print(tables.to_text(score_tables.group_table({"": table})))
  if FLAGS.output_json:
    with complete_or_absent(FLAGS.output_json) as partial:
      partial.write_text(scores.to_json(table))


if __name__ == "__main__":
  define_flags()
  app.run(main)
