"""Scores joints of any system: `python -m ppn_tf.score --dataset=D --predictions=NAME=FOLDER`.

Predictions are folders with a file per clip, as `python -m ppn_tf.evaluate
--output_predictions=FOLDER` writes them or as other systems may; --tflite runs a
MoveNet- or BlazePose-style network over the data set instead. Both may be given
several times:

  python -m ppn_tf.score --dataset=records/penn_action/1.0.0 \\
    --predictions=ppn=runs/ppn/predictions --predictions=other=their_joints \\
    --tflite=movenet=movenet-thunder.tflite --box=given \\
    --output_json=scores.json --output_table=scores.html

docs/evaluation.md has the file formats, the protocol, and an example worked out by hand.
"""

import pathlib
import sys
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Tuple

from absl import flags
from tqdm import tqdm

from ppn_tf import doors, experiment, joint_maps, score_tables, scores, table_documents
from ppn_tf.clips import records
from ppn_tf.clips.labels import ClipLabels, read_labels
from ppn_tf.errors import InputError
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.outputs import complete_or_absent
from ppn_tf.prediction_files import read_predictions
from ppn_tf.predictions import ClipPredictions

FLAGS = flags.FLAGS
flags.DEFINE_multi_string("predictions", [], "NAME=FOLDER with a file per clip. Repeatable.")
flags.DEFINE_multi_string(
  "tflite", [], "NAME=FILE, a MoveNet- or BlazePose-style network to run. Repeatable."
)
flags.DEFINE_bool(
  "allow_missing", False, "Score what is there where predictions of some clips are missing."
)
flags.DEFINE_string("output_table", None, "File for the tables: .md or .html.")
# The evaluation's door has flags of these names and meanings; a test process imports both.
flags.DEFINE_string("output_json", None, "File for the scores.", allow_override=True)
flags.DEFINE_enum(
  "box",
  "given",
  ["given", "joints"],
  "Crops of --tflite: about the data set's boxes, or about the joints found in the frame before.",
  allow_override=True,
)
for _name in ("dataset", "eval_split", "alpha", "num_frames", "box_margin"):
  flags.declare_key_flag(_name)

_WRITERS = {".md": table_documents.to_markdown, ".html": table_documents.to_html}
# Names in a message.
_MANY = 8

_System = Tuple[Dict[str, Any], Dict[str, ClipPredictions]]


def named(flag: str) -> List[Tuple[str, str]]:
  """(NAME, path) of each value of a flag; InputError for a value of another form."""
  pairs = []
  for value in FLAGS[flag].value:
    name, _, path = (part.strip() for part in value.partition("="))
    if not (name and path):
      raise InputError(f"--{flag}={value}: received no NAME=PATH. Write e.g. --{flag}=ppn={value}.")
    pairs.append((name, path))
  return pairs


def systems(builder: Any) -> Iterator[Tuple[str, _System]]:
  """Name, `about` and predictions of each system on the command line."""
  folders, networks = named("predictions"), named("tflite")
  names = [name for name, _ in folders + networks]
  if not names:
    raise InputError("--predictions is missing. Give NAME=FOLDER, or --tflite=NAME=FILE.")
  taken = [name for name in names if names.count(name) > 1]
  if taken:
    raise InputError(f"the name {taken[0]!r} is given twice. Give each system its own name.")
  for name, folder in folders:
    yield name, read_predictions(folder)
  for name, file in networks:
    from ppn_tf.peers import load_peer  # brings a runtime that predictions in files do not need

    clips = load_peer(file).predict(builder, FLAGS.eval_split, FLAGS.box, FLAGS.box_margin)
    total = records.num_clips(builder, FLAGS.eval_split)
    bar = tqdm(clips, desc=name, total=total, unit="clip", disable=None)
    about = {"network": pathlib.Path(file).name, "box": FLAGS.box, "box_margin": FLAGS.box_margin}
    yield name, (about, {one.clip: one for one in bar})


def pair_up(
  name: str, labels: Dict[str, ClipLabels], predictions: Dict[str, ClipPredictions], skel: Skeleton
) -> Tuple[List[scores.Pair], Dict[str, Any]]:
  """The clips that have both halves, and which have one alone.

  Raises:
    InputError: predictions of a clip are missing, and --allow_missing is not given.
  """
  missing = [clip for clip in labels if clip not in predictions]
  unknown = [clip for clip in predictions if clip not in labels]
  num_frames = sum(len(labels[clip].keypoints) for clip in missing)
  counts = f"{len(missing)} of {len(labels)} clips, {num_frames} frames"
  if len(missing) == len(labels) or (missing and not FLAGS.allow_missing):
    raise InputError(
      f"no predictions of {counts}: {_listed(missing)}. Add them, check --eval_split="
      f"{FLAGS.eval_split}, or give --allow_missing to score the rest."
    )
  if missing:
    print(f"{name}: not scored, for want of predictions: {counts}", file=sys.stderr)
  if unknown:
    print(
      f"{name}: predictions of {len(unknown)} clips that are not in the split "
      f"{FLAGS.eval_split!r} are left out: {_listed(unknown)}",
      file=sys.stderr,
    )
  pairs = []
  for clip, label in labels.items():
    if clip in predictions:
      one = predictions[clip]
      if tuple(one.joint_names) != skel.joint_names:
        one = joint_maps.to_skeleton(one, skel)
      pairs.append((label, one))
  not_scored = {"num_clips": len(missing), "num_frames": num_frames, "clips": missing}
  return pairs, {"not_scored": not_scored, "unknown_clips": unknown}


def _listed(names: Iterable[str]) -> str:
  names = list(names)
  more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
  return ", ".join(names[:_MANY]) + more


def warn_of_not_found(name: str, pairs: Sequence[scores.Pair]) -> None:
  """Says on stderr of which clips visible joints were not found."""
  counts = {label.clip: scores.num_not_found(label, one) for label, one in pairs}
  told = [f"{clip} ({count})" for clip, count in counts.items() if count]
  if told:
    print(
      f"{name}: {sum(counts.values())} visible joints have no finite position and count as wrong, "
      f"in {len(told)} clips: {_listed(told)}",
      file=sys.stderr,
    )


def score_one(
  name: str,
  about: Dict[str, Any],
  predictions: Dict[str, ClipPredictions],
  labels: Dict[str, ClipLabels],
  skel: Skeleton,
) -> Dict[str, Any]:
  """One system's entry of --output_json."""
  pairs, coverage = pair_up(name, labels, predictions, skel)
  # T of the command line, else of the predictions, else whole clips.
  windows = FLAGS.num_frames if FLAGS["num_frames"].present else about.get("num_frames")
  scored = scores.score(pairs, skel, FLAGS.alpha, windows if isinstance(windows, int) else 0)
  warn_of_not_found(name, pairs)
  return {**scored, **coverage, "about": about}


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  suffix = pathlib.Path(FLAGS.output_table or "x.md").suffix
  if suffix not in _WRITERS:
    raise InputError(f"--output_table={FLAGS.output_table}: expected a name in .md or .html.")
  builder = records.open_records(experiment.required("dataset"))
  skel = records.skeleton_of(builder)
  labels = read_labels(builder, FLAGS.eval_split)
  results: Dict[str, Dict[str, Any]] = {}
  for name, (about, predictions) in systems(builder):
    try:
      results[name] = score_one(name, about, predictions, labels, skel)
    except InputError as error:
      raise InputError(f"{name}: {error}") from error
  print(table_documents.to_text(score_tables.joints_table(results)))
  if FLAGS.output_json:
    with complete_or_absent(FLAGS.output_json) as partial:
      partial.write_text(scores.to_json(results), encoding="utf-8")
  if FLAGS.output_table:
    title = f"{builder.info.name}, split {FLAGS.eval_split}"
    facts = [f"PCK within {FLAGS.alpha:g} of the reference length.", *score_tables.facts(results)]
    document = _WRITERS[suffix](title, facts, score_tables.all_tables(results))
    with complete_or_absent(FLAGS.output_table) as partial:
      partial.write_text(document, encoding="utf-8")


if __name__ == "__main__":
  doors.run(main)
