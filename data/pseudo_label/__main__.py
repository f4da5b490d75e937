"""Labels your own videos and photographs with a third-party pose network.

  python -m data.pseudo_label --teacher=MODEL.tflite --output=DIR VIDEO|FOLDER...

MODEL is MoveNet, EfficientPose or BlazePose. Writes clips for `python -m data.clips
--source=DIR`. Only confident joints become labels; with --second_teacher, only those that
both networks find in the same place. Photographs become clips through a moving camera and
swinging limbs. One person is labeled in each clip. The same command resumes a stopped run.

Licenses of the teacher and of the pictures decide what the labels may be used for.
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
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.cores import count_cores
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.settings import Bounds

from . import sources
from .clip_set import ClipSet
from .labelling import label_sources
from .preview import write_preview
from .teacher import VIEWS

FLAGS = flags.FLAGS


def define_flags() -> None:
  """Defines the flags of this command."""
  define_integer, define_float = command_flags.define_integer, command_flags.define_float
  flags.DEFINE_string("teacher", None, "Path of the .tflite file that labels joints.")
  flags.DEFINE_string("output", None, "Folder to write; an unfinished one is resumed.")
  command_flags.mark_required("teacher", "output")
  flags.DEFINE_string("second_teacher", None, "Path of a second .tflite file that must agree.")
  views = "Views of a frame (mirrored, rotated, zoomed) for each teacher; the median counts."
  define_integer("views", 1, views, 1, len(VIEWS))
  define_float("min_score", 0.3, "Lowest score of a joint that becomes a label.", 0.0, 1.0)
  define_integer("min_joints", 8, "Fewest labels of a frame.", 1, 1000)
  agreement = (
    "Largest distance of a joint between views and teachers, in longer sides of the person's box."
  )
  define_float("agreement", 0.05, agreement, 0.0, 10.0)
  define_integer("num_frames", 8, "Frames of a photograph's clip; 1: no motion.", 1, 10**4)
  define_integer("segment_frames", 16, "Frames of a video's clips.", 1, 10**6)
  steps = (
    "Frame steps of a video's clips: 1 for every frame, 2 for every second, for faster motion."
  )
  command_flags.define_numbers("frame_steps", (1,), steps, Bounds(1, 1000, whole=True))
  define_integer("max_side", 480, "Longest side of stored frames in pixels.", 32, 8192)
  define_float("validation_fraction", 0.0, "Share of the sources kept for validation.", 0.0, 1.0)
  define_integer("seed", 0, "Seed of the photographs' motion.", 0, 2**63 - 1)
  define_integer("num_workers", None, "Processes; by default one per CPU.", 1, 1024)
  flags.DEFINE_string("preview", None, "Image of clips with their labels.")


def _read_cutting() -> sources.Cutting:
  if not FLAGS.frame_steps:
    raise InputError("--frame_steps=: give at least one step.")
  return sources.Cutting(
    FLAGS.num_frames,
    FLAGS.segment_frames,
    FLAGS.frame_steps,
    FLAGS.max_side,
    FLAGS.min_joints,
    FLAGS.seed,
  )


def _read_settings(cutting: sources.Cutting) -> dict:
  names = ("teacher", "second_teacher", "views", "min_score", "agreement")
  values = {name: flags.FLAGS[name].value for name in names}
  for name in ("teacher", "second_teacher"):
    values[name] = values[name] and os.path.abspath(values[name])
  return {**values, **dataclasses.asdict(cutting)}


def main(argv: Sequence[str]) -> None:
  command_flags.check_required()
  if len(argv) < 2:
    raise InputError("no arguments. Give videos, photographs, or folders of them.")
  if FLAGS.preview and not cv2.haveImageWriter(FLAGS.preview):
    raise InputError(
      f"--preview={FLAGS.preview}: not an image file. Give a name that ends in .png or .jpg."
    )
  cutting, inputs = _read_cutting(), sources.find_sources(argv[1:])
  joint_names = load_third_party(FLAGS.teacher).joint_names
  folder, settings = pathlib.Path(FLAGS.output).expanduser(), _read_settings(cutting)
  clip_set = ClipSet(folder, settings)
  pending = [source for source in inputs if not clip_set.has(source.name)]
  num_workers = max(1, min(FLAGS.num_workers or count_cores(), len(pending)))
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
  counts = clip_set.write_annotations(usable, joint_names, FLAGS.validation_fraction)
  if FLAGS.preview:
    write_preview(folder, FLAGS.preview)
  nobody = f" {len(empty)} of them show nobody." if empty else ""
  print(
    f"{folder}: {counts['clips']} clips, {counts['frames']} frames, {counts['labels']} joints, "
    f"from {len(usable)} sources.{nobody} Next: {command('data clips')} --source={folder}"
  )


if __name__ == "__main__":
  define_flags()
  app.run(main)
