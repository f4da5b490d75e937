"""Scores predictions: `python -m ppn_tf.score --dataset=D --predictions=NAME=FOLDER`.

Each system is a folder of predictions (of `python -m ppn_tf.evaluate
--output_predictions`, or of another system, joints in COCO's order) or a .tflite
file, of `python -m export.tflite` or of MoveNet, BlazePose or their like, which is
run on the data set's frames. All stand in one table, on the same frames:

  python -m ppn_tf.score --dataset=records/penn_action/1.0.0 \
    --predictions=ppn=runs/ppn/predictions --predictions=other=their_joints \
    --tflite=swift=ppn.tflite --tflite=movenet=movenet.tflite --joints=common \
    --output_json=scores.json --output_table=scores.html

A .tflite of this project goes through whole clips, or begins anew every --num_frames.
docs/evaluation.md has the protocol, the formats and an example by hand.
"""

import dataclasses
import hashlib
import pathlib
import sys
from typing import Any, Dict, List, Sequence, Tuple

from absl import flags

from ppn_tf.clips import pipeline, records
from ppn_tf.clips.labels import ClipLabels, read_labels
from ppn_tf.config import experiment
from ppn_tf.evaluation import score_tables, scores
from ppn_tf.evaluation.exported_networks import load_network
from ppn_tf.evaluation.prediction_files import PredictionFolder, gather, read_predictions
from ppn_tf.evaluation.tables import WRITERS
from ppn_tf.inference.tflite import timing
from ppn_tf.keypoints import joint_maps
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS


@dataclasses.dataclass(frozen=True)
class System:
  """What is scored under one name: its predictions by clip, and what is known of them."""

  about: Dict[str, Any]
  predictions: Dict[str, ClipPredictions]


def define_flags(values: flags.FlagValues = FLAGS) -> None:
  """Defines the door's flags; not on import, since evaluate has some of the same names."""
  # Training learns windows; a .tflite goes through whole clips unless windows are asked for.
  values.set_default("num_frames", 0)
  flags.DEFINE_multi_string(
    "predictions", [], "NAME=FOLDER: a system's predictions. Repeat for more.", flag_values=values
  )
  flags.DEFINE_multi_string(
    "tflite",
    [],
    "NAME=FILE: a .tflite pose network to run on the frames. Repeat for more.",
    flag_values=values,
  )
  flags.DEFINE_enum(
    "box",
    "given",
    pipeline.BOXES,
    "With --tflite: crop by the data set's box or by its joints.",
    flag_values=values,
  )
  flags.DEFINE_enum(
    "joints",
    "all",
    ["all", "common"],
    "Score all joints of the data set, or those that every system has.",
    flag_values=values,
  )
  flags.DEFINE_list(
    "torso",
    [],
    "Two joints whose distance is PCK-torso's reference length; by default the skeleton's.",
    flag_values=values,
  )
  flags.DEFINE_integer(
    "time_turns",
    0,
    "With --tflite: time the networks on one thread in so many turns, one frame each; 0: do not.",
    lower_bound=0,
    flag_values=values,
  )
  flags.DEFINE_bool(
    "allow_missing",
    False,
    "Score the clips that are predicted, if some are not.",
    flag_values=values,
  )
  flags.DEFINE_string(
    "output_predictions", None, "With --tflite: a folder for its predictions.", flag_values=values
  )
  flags.DEFINE_string("output_json", None, "File for the scores, by system.", flag_values=values)
  flags.DEFINE_string(
    "output_table", None, "File for the tables, .md or .html.", flag_values=values
  )


def named(flag: str) -> List[Tuple[str, str]]:
  """The (NAME, path) pairs of a repeated flag.

  Raises:
    InputError: one is not of that form.
  """
  pairs = []
  for value in FLAGS[flag].value:
    name, _, path = (part.strip() for part in value.partition("="))
    if not (name and path):
      raise InputError(f"--{flag}={value}: received no NAME=PATH. Write e.g. --{flag}=ours=PATH.")
    pairs.append((name, path))
  return pairs


def run_network(name: str, file: str, builder: Any) -> System:
  """The predictions of a .tflite file on the split's frames."""
  network = load_network(file)
  about = {name: FLAGS[name].value for name in ("dataset", "eval_split", "box", "box_margin")}
  about["tflite"] = file
  about["sha256"] = hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()[:12]
  if network.recurrent:
    about["num_frames"] = FLAGS.num_frames
  kept = FLAGS.output_predictions
  folder = PredictionFolder(pathlib.Path(kept) / name, about) if kept else None
  found = gather(
    lambda done: network.predict(
      builder, FLAGS.eval_split, FLAGS.box, FLAGS.box_margin, FLAGS.num_frames, done
    ),
    records.num_clips(builder, FLAGS.eval_split),
    folder,
    name,
  )
  return System(about, found)


def skeleton_of(builder: Any) -> Skeleton:
  """The data set's joints, and the torso of the flags.

  Raises:
    InputError: they are not two of its joints.
  """
  skeleton = records.skeleton_of(builder)
  try:
    return skeleton.with_torso(FLAGS.torso) if FLAGS.torso else skeleton
  except ValueError as error:
    raise InputError(f"--torso={','.join(FLAGS.torso)}: {error}.") from error


def read_systems(builder: Any) -> Dict[str, System]:
  """The systems of the flags, by name, in their order.

  Raises:
    InputError: none is given, or a name twice.
  """
  folders, files = named("predictions"), named("tflite")
  names = [name for name, _ in folders + files]
  if not names:
    raise InputError("nothing to score. Give --predictions=NAME=FOLDER or --tflite=NAME=FILE.")
  for name in names:
    if names.count(name) > 1:
      raise InputError(f"{name}: is the name of two systems. Give each its own.")
  systems = {name: System(*read_predictions(folder)) for name, folder in folders}
  systems.update({name: run_network(name, file, builder) for name, file in files})
  return systems


def clips_to_score(labels: Dict[str, ClipLabels], systems: Dict[str, System]) -> List[str]:
  """The clips that every system has predicted; says on stderr which are left out.

  Raises:
    InputError: some are missing without --allow_missing, or all are.
  """
  chosen = list(labels)
  for name, system in systems.items():
    unknown = sorted(set(system.predictions) - set(labels))
    if unknown:
      print(
        f"warning: {name}: {len(unknown)} clips are not in split {FLAGS.eval_split!r} and are not "
        f"scored: {_some(unknown)}",
        file=sys.stderr,
      )
    missing = [clip for clip in labels if clip not in system.predictions]
    if missing and not FLAGS.allow_missing:
      raise InputError(
        f"{name}: predicts no joints for {len(missing)} of {len(labels)} clips: {_some(missing)}. "
        "Predict them, or give --allow_missing to score the others alone."
      )
    chosen = [clip for clip in chosen if clip in system.predictions]
  left_out = [clip for clip in labels if clip not in chosen]
  if left_out:
    frames = sum(len(labels[clip].keypoints) for clip in left_out)
    print(
      f"warning: {len(left_out)} of {len(labels)} clips ({frames} frames) are not scored, for a "
      f"system has no predictions of them: {_some(left_out)}",
      file=sys.stderr,
    )
  if not chosen:
    raise InputError("no clip is predicted by every system. Is --dataset the set they predicted?")
  return chosen


def _some(names: Sequence[str]) -> str:
  return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def common_joints(skeleton: Skeleton, systems: Dict[str, System]) -> List[str]:
  """Names of the skeleton's joints that every system has or that follow from what it has."""
  names = list(skeleton.joint_names)
  for system in systems.values():
    for predictions in system.predictions.values():
      has = joint_maps.obtainable(predictions.joint_names, skeleton)
      names = [name for name in names if name in has]
  return names


def score_system(
  name: str, system: System, labels: Dict[str, ClipLabels], skeleton: Skeleton
) -> Dict[str, Any]:
  """One system's scores; says on stderr which joints it has not found.

  Raises:
    InputError: its predictions do not fit the labels, or lack a joint.
  """
  pairs = [
    (one, joint_maps.to_skeleton(system.predictions[clip], skeleton))
    for clip, one in labels.items()
  ]
  table = scores.score(pairs, skeleton, FLAGS.alpha, windows_of(system))
  torso = [skeleton.joint_names[end] for end in skeleton.torso]
  counts = {one.clip: scores.count_missing(one, found) for one, found in pairs}
  lacking = [f"{clip} ({count})" for clip, count in counts.items() if count]
  if lacking:
    print(
      f"warning: {name}: {table['not_predicted']} visible joints have no finite place and count as "
      f"wrong, in {len(lacking)} clips: {_some(lacking)}",
      file=sys.stderr,
    )
  return {**table, "torso": torso, "conditions": system.about}


def windows_of(system: System) -> int:
  """T of the windows that a system has predicted; 0 where it says nothing of any.

  Raises:
    InputError: what it says is no number of frames.
  """
  num_frames = system.about.get("num_frames", 0)
  if not isinstance(num_frames, int) or num_frames < 0:
    raise InputError(
      f"predictions.json has num_frames={num_frames!r}. Expected T, or 0 for whole clips."
    )
  return num_frames


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  form = pathlib.Path(FLAGS.output_table or "scores.md").suffix
  if form not in WRITERS:
    raise InputError(f"--output_table={FLAGS.output_table}: end its name in .md or .html.")
  builder = records.open_records(experiment.required("dataset"))
  records.num_clips(builder, FLAGS.eval_split)
  skeleton = skeleton_of(builder)
  labels = read_labels(builder, FLAGS.eval_split)
  systems = read_systems(builder)
  chosen = clips_to_score(labels, systems)
  if FLAGS.joints == "common":
    names = common_joints(skeleton, systems)
    joints = [k for k, name in enumerate(skeleton.joint_names) if name in names]
    labels = {clip: one.of_joints(joints) for clip, one in labels.items()}
    try:
      skeleton = skeleton.restricted(names)
    except ValueError as error:
      raise InputError(f"--joints=common: {error}. Leave out a system that lacks it.") from error
  left_out = [clip for clip in labels if clip not in chosen]
  tables = {}
  for name, system in systems.items():
    try:
      tables[name] = score_system(name, system, {clip: labels[clip] for clip in chosen}, skeleton)
    except InputError as error:
      raise InputError(f"{name}: {error}") from error
    tables[name]["clips_left_out"] = len(left_out)
    tables[name]["frames_left_out"] = sum(len(labels[clip].keypoints) for clip in left_out)
  if FLAGS.time_turns:
    times = timing.frame_times(dict(named("tflite")), FLAGS.time_turns)
    tables = {name: {**one, "time": times.get(name)} for name, one in tables.items()}
  print(score_tables.format_summary(tables))
  texts = scores.to_json(tables), score_tables.format_document(tables, form)
  for path, text in zip((FLAGS.output_json, FLAGS.output_table), texts):
    if path:
      with complete_or_absent(path) as partial:
        partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
  define_flags()
  for _name in ("dataset", "eval_split", "alpha", "box_margin", "num_frames"):
    flags.declare_key_flag(_name)
  app.run(main)
