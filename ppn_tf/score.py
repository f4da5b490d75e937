"""Scores predictions, .tflite files and third-party networks side by side.

  python -m ppn_tf.score --dataset=records/penn_action/1.0.0 \\
    --predictions=ppn=runs/ppn/predictions --predictions=other=their_joints \\
    --tflite=swift=ppn.tflite --tflite=movenet=movenet.tflite --joints=common \\
    --output_json=scores.json --output_table=scores.html

Each system is a folder of predictions (of `python -m ppn_tf.evaluate
--output_predictions`, or of another system, joints in COCO's order) or a .tflite file, of
`python -m export.tflite` or of MoveNet, BlazePose or their like, which is run on the data
set's frames. All stand in one table, on the same frames. docs/evaluation.md has the
protocol, the formats and an example by hand.
"""

import pathlib
from typing import Any, Sequence

from absl import flags

from ppn_tf.clips import pipeline, records
from ppn_tf.clips.labels import read_labels
from ppn_tf.config import flags as experiment_flags
from ppn_tf.evaluation import score_tables, scores, systems
from ppn_tf.evaluation.comparison import compare_systems
from ppn_tf.evaluation.tables import WRITERS
from ppn_tf.inference.tflite import timing
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS
_BOX_MARGIN = (
  "Side of the crops for --tflite divided by the longer side of the person's box. Default: as each "
  "network was trained, and 1.25 for other networks."
)
_NUM_FRAMES = (
  "T: frames of a window, at whose start the recurrence restarts, as in the paper; 0: whole clips, "
  "as in tracking. Applies to the recurrent networks of --tflite."
)


def define_flags() -> None:
  """Defines the flags of this command."""
  define_multi, define_enum = flags.DEFINE_multi_string, flags.DEFINE_enum
  define_multi("predictions", [], "NAME=FOLDER: predictions of a system. Repeat for more.")
  define_multi("tflite", [], "NAME=FILE: a .tflite pose network to run. Repeat for more.")
  define_enum("box", "given", pipeline.BOXES, "With --tflite: crop by given boxes or by joints.")
  define_enum("joints", "all", ["all", "common"], "Score all joints, or those all systems have.")
  torso = (
    "Two joints whose distance is the reference length of PCK-torso; by default the skeleton's."
  )
  flags.DEFINE_list("torso", [], torso)
  turns = "With --tflite: time the networks on one thread in this many turns; 0: do not."
  command_flags.define_integer("time_turns", 0, turns, 0, 10**6)
  flags.DEFINE_bool("allow_missing", False, "Score the clips that all systems predict.")
  flags.DEFINE_string("output_predictions", None, "With --tflite: folder for predictions.")
  flags.DEFINE_string("output_json", None, "File for the scores, by system.")
  flags.DEFINE_string("output_table", None, "File for the tables, .md or .html.")
  experiment_flags.define(
    ["dataset", "eval_split", "alpha", "box_margin", "num_frames"],
    defaults={"num_frames": 0},
    helps={"num_frames": _NUM_FRAMES, "box_margin": _BOX_MARGIN},
  )
  FLAGS.set_default("box_margin", None)
  command_flags.mark_required("dataset")


def _read_skeleton(builder: Any) -> Skeleton:
  """Returns the data set's joints, with the torso of --torso."""
  skeleton = records.read_skeleton(builder)
  try:
    return skeleton.with_torso(FLAGS.torso) if FLAGS.torso else skeleton
  except ValueError as error:
    raise InputError(f"--torso={','.join(FLAGS.torso)}: {error}.") from error


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  form = pathlib.Path(FLAGS.output_table or "scores.md").suffix
  if form not in WRITERS:
    raise InputError(f"--output_table={FLAGS.output_table}: end its name in .md or .html.")
  builder, split = records.open_records(FLAGS.dataset), FLAGS.eval_split
  records.num_clips(builder, split)
  skeleton = _read_skeleton(builder)
  labels = read_labels(builder, split)
  folders, files = (
    systems.parse_named_paths(flag, FLAGS[flag].value) for flag in ("predictions", "tflite")
  )
  source = systems.FrameSource(FLAGS.dataset, split, FLAGS.box, FLAGS.box_margin, FLAGS.num_frames)
  compared = systems.read_systems(folders, files, builder, source, FLAGS.output_predictions)
  clips = systems.select_clips(labels, compared, FLAGS.allow_missing)
  common = FLAGS.joints == "common"
  tables = compare_systems(
    compared, labels, clips, skeleton, alpha=FLAGS.alpha, common_joints=common
  )
  if FLAGS.time_turns:
    times = timing.frame_times(dict(files), FLAGS.time_turns)
    tables = {name: {**table, "time": times.get(name)} for name, table in tables.items()}
  print(score_tables.format_summary(tables))
  texts = scores.to_json(tables), score_tables.format_document(tables, form)
  for path, text in zip((FLAGS.output_json, FLAGS.output_table), texts):
    if path:
      with complete_or_absent(path) as partial:
        partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
  define_flags()
  app.run(main)
