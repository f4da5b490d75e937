"""Labels videos: `python -m data.pseudo_label --teacher=MODEL.tflite --output=DIR VIDEO|FOLDER...`.

A third-party network (MoveNet, EfficientPose or BlazePose) labels one person in
each of your own videos and photographs. The output is a folder of clips for
`python -m data.clips --source=DIR`. Only confident joints become labels, and
with --second_teacher only joints on which both networks agree. Photographs
become clips through camera motion and swinging limbs. A run that was stopped
resumes when started again.

The licenses of the teacher and of the pictures decide how the labels may be used.
"""

import dataclasses
import os
import pathlib
import sys
from typing import List, Sequence

import cv2
import tqdm
from absl import flags

from ppn_tf.evaluation.third_party import load_third_party
from ppn_tf.runtime import app
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError

from . import sources
from .clip_set import ClipSet
from .labelling import label_sources
from .preview import write_preview
from .teacher import VIEWS

_TEACHER = flags.DEFINE_string("teacher", None, "Path of the .tflite file that labels joints.")
_SECOND = flags.DEFINE_string(
  "second_teacher", None, "Path of a second .tflite file that must agree."
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder to write; an unfinished one is resumed.")
_VIEWS = flags.DEFINE_integer(
  "views",
  1,
  "Number of flipped, rotated and zoomed views of a frame; the labels are their median.",
  lower_bound=1,
  upper_bound=len(VIEWS),
)
_MIN_SCORE = flags.DEFINE_float(
  "min_score", 0.3, "Joints with a lower score are not labelled.", 0.0, 1.0
)
_MIN_JOINTS = flags.DEFINE_integer(
  "min_joints", 8, "Frames with fewer labels are skipped.", lower_bound=1
)
_AGREEMENT = flags.DEFINE_float(
  "agreement",
  0.05,
  "Maximum distance between views or teachers, relative to the longer side of the person's box.",
  lower_bound=0.0,
)
_NUM_FRAMES = flags.DEFINE_integer(
  "num_frames", 8, "Frames of a clip made from a photograph; 1 means no motion.", lower_bound=1
)
_SEGMENT = flags.DEFINE_integer(
  "segment_frames", 16, "Maximum number of frames of a clip made from a video.", lower_bound=1
)
_STEPS = flags.DEFINE_list(
  "frame_steps", ["1"], "Steps between frames of a video's clips; larger steps make faster motion."
)
_MAX_SIDE = flags.DEFINE_integer(
  "max_side", 480, "Larger frames are resized to this longer side, in pixels.", lower_bound=32
)
_VALIDATION = flags.DEFINE_float(
  "validation_fraction", 0.0, "Fraction of the sources held out for validation.", 0.0, 1.0
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the photographs' motion.", lower_bound=0)
_NUM_WORKERS = flags.DEFINE_integer(
  "num_workers", None, "Number of processes. Default: one per CPU."
)
_PREVIEW = flags.DEFINE_string("preview", None, "Also write this image of labelled clips.")


def _read_cutting() -> sources.Cutting:
  steps = tuple(int(step) for step in _STEPS.value if step.isdigit() and int(step))
  if len(steps) != len(_STEPS.value) or not steps:
    raise InputError(
      f"--frame_steps={','.join(_STEPS.value)}: expected numbers from 1, such as 1,2."
    )
  return sources.Cutting(
    _NUM_FRAMES.value, _SEGMENT.value, steps, _MAX_SIDE.value, _MIN_JOINTS.value, _SEED.value
  )


def _read_settings(cutting: sources.Cutting) -> dict:
  names = ("teacher", "second_teacher", "views", "min_score", "agreement")
  values = {name: flags.FLAGS[name].value for name in names}
  for name in ("teacher", "second_teacher"):
    values[name] = values[name] and os.path.abspath(values[name])
  return {**values, **dataclasses.asdict(cutting)}


def main(argv: Sequence[str]) -> None:
  for flag in (_TEACHER, _OUTPUT):
    if not flag.value:
      raise InputError(f"--{flag.name}: not given. {flags.FLAGS[flag.name].help}")
  if len(argv) < 2:
    raise InputError("no arguments. Give videos, photographs, or folders of them.")
  if _PREVIEW.value and not cv2.haveImageWriter(_PREVIEW.value):
    raise InputError(
      f"--preview={_PREVIEW.value}: not an image file. Give a name that ends in .png or .jpg."
    )
  cutting, inputs = _read_cutting(), sources.find_sources(argv[1:])
  joint_names = load_third_party(_TEACHER.value).joint_names
  folder, settings = pathlib.Path(_OUTPUT.value).expanduser(), _read_settings(cutting)
  clip_set = ClipSet(folder, settings)
  pending = [source for source in inputs if not clip_set.has(source.name)]
  num_workers = max(1, min(_NUM_WORKERS.value or os.cpu_count() or 1, len(pending)))
  outcomes = label_sources(folder, settings, cutting, pending, num_workers)
  empty: List[str] = []
  unreadable: List[str] = []
  for outcome in tqdm.tqdm(outcomes, total=len(pending), unit="source", disable=None):
    if outcome.problem:
      unreadable.append(outcome.name)
      print(f"skipped: {outcome.problem}", file=sys.stderr)
    elif not outcome.clips:
      empty.append(outcome.name)
  usable = [source.name for source in inputs if source.name not in unreadable]
  counts = clip_set.write_annotations(usable, joint_names, _VALIDATION.value)
  if _PREVIEW.value:
    write_preview(folder, _PREVIEW.value)
  nobody = f" {len(empty)} of them show nobody." if empty else ""
  print(
    f"{folder}: {counts['clips']} clips, {counts['frames']} frames, {counts['labels']} joints, "
    f"from {len(usable)} sources.{nobody} Next: {command('data clips')} --source={folder}"
  )


if __name__ == "__main__":
  app.run(main)
