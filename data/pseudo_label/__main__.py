"""Door: `python -m data.pseudo_label --teacher=MODEL.tflite --output=DIR VIDEO|FOLDER...`.

Labels a user's own videos and photographs by what a pose network of another
project (MoveNet, EfficientPose or BlazePose) sees in them, and writes clips for
`python -m data.clips --source=DIR`. Only confident joints become labels, with
--second_teacher only those that both networks find in one place. A photograph
becomes a clip by a camera's motion and by swinging limbs. One person is labelled
in each. A run that was stopped goes on where it was.

A teacher's licence, and that of the pictures, say what its labels may be used for.
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

_TEACHER = flags.DEFINE_string("teacher", None, "The .tflite file whose joints become labels.")
_SECOND = flags.DEFINE_string("second_teacher", None, "Another one, that must agree.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to write; an unfinished one is resumed.")
_VIEWS = flags.DEFINE_integer(
  "views",
  1,
  "How often a teacher looks at a frame, mirrored, turned and zoomed; the median counts.",
  lower_bound=1,
  upper_bound=len(VIEWS),
)
_MIN_SCORE = flags.DEFINE_float("min_score", 0.3, "Joints below are no labels.", 0.0, 1.0)
_MIN_JOINTS = flags.DEFINE_integer("min_joints", 8, "Labels of a frame, at least.", lower_bound=1)
_AGREEMENT = flags.DEFINE_float(
  "agreement",
  0.05,
  "How far views and teachers may differ over a joint, in parts of the person's longer side.",
  lower_bound=0.0,
)
_NUM_FRAMES = flags.DEFINE_integer(
  "num_frames", 8, "Frames of a photograph's clip; 1: no motion.", lower_bound=1
)
_SEGMENT = flags.DEFINE_integer("segment_frames", 16, "Frames of a video's clips.", lower_bound=1)
_STEPS = flags.DEFINE_list(
  "frame_steps", ["1"], "Of videos: clips of every frame, every second (2), ... for faster motion."
)
_MAX_SIDE = flags.DEFINE_integer("max_side", 480, "Larger frames are shrunk to it.", lower_bound=32)
_VALIDATION = flags.DEFINE_float(
  "validation_fraction", 0.0, "Part of the sources kept from training.", 0.0, 1.0
)
_SEED = flags.DEFINE_integer("seed", 0, "Decides the photographs' motion.", lower_bound=0)
_NUM_WORKERS = flags.DEFINE_integer("num_workers", None, "Processes; default one per CPU.")
_PREVIEW = flags.DEFINE_string("preview", None, "Also write this image: clips with their labels.")


def _cutting() -> sources.Cutting:
  steps = tuple(int(step) for step in _STEPS.value if step.isdigit() and int(step))
  if len(steps) != len(_STEPS.value) or not steps:
    raise InputError(f"--frame_steps={','.join(_STEPS.value)}: expected numbers from 1.")
  return sources.Cutting(
    _NUM_FRAMES.value, _SEGMENT.value, steps, _MAX_SIDE.value, _MIN_JOINTS.value, _SEED.value
  )


def _settings(cutting: sources.Cutting) -> dict:
  names = ("teacher", "second_teacher", "views", "min_score", "agreement")
  values = {name: flags.FLAGS[name].value for name in names}
  for name in ("teacher", "second_teacher"):
    values[name] = values[name] and os.path.abspath(values[name])
  return {**values, **dataclasses.asdict(cutting)}


def main(argv: Sequence[str]) -> None:
  for flag in (_TEACHER, _OUTPUT):
    if not flag.value:
      raise InputError(f"--{flag.name} is missing. {flags.FLAGS[flag.name].help}")
  if len(argv) < 2:
    raise InputError("nothing to label. Give videos, photographs, or folders of them.")
  if _PREVIEW.value and not cv2.haveImageWriter(_PREVIEW.value):
    raise InputError(f"--preview={_PREVIEW.value}: not an image's name. End it in .png or .jpg.")
  cutting, found = _cutting(), sources.find_sources(argv[1:])
  joint_names = load_third_party(_TEACHER.value).joint_names
  folder, settings = pathlib.Path(_OUTPUT.value).expanduser(), _settings(cutting)
  clip_set = ClipSet(folder, settings)
  todo = [source for source in found if not clip_set.has(source.name)]
  num_workers = max(1, min(_NUM_WORKERS.value or os.cpu_count() or 1, len(todo)))
  labelled = label_sources(folder, settings, cutting, todo, num_workers)
  empty: List[str] = []
  unread: List[str] = []
  for one in tqdm.tqdm(labelled, total=len(todo), unit="source", disable=None):
    if one.problem:
      unread.append(one.name)
      print(f"skipped: {one.problem}", file=sys.stderr)
    elif not one.clips:
      empty.append(one.name)
  usable = [source.name for source in found if source.name not in unread]
  counts = clip_set.write_annotations(usable, joint_names, _VALIDATION.value)
  if _PREVIEW.value:
    write_preview(folder, _PREVIEW.value)
  nobody = f" Nobody was found in {len(empty)} of them." if empty else ""
  print(
    f"{folder}: {counts['clips']} clips, {counts['frames']} frames, {counts['labels']} joints, "
    f"from {len(usable)} sources.{nobody} Next: {command('data clips')} --source={folder}"
  )


if __name__ == "__main__":
  app.run(main)
