"""Tracks people through a video.

  python -m ppn_tf.track VIDEO

VIDEO is a video file, a photo, a folder of jpg or png frames, the number of a camera, or - for a
stream on standard input. Writes the video with the people drawn over it, and their joints as JSON.
Ctrl-C ends the recording and keeps it.
"""

import contextlib
import pathlib
import sys
from typing import Any, Dict, List, Sequence

from absl import flags

from ppn_tf.config.skeleton_flag import SkeletonParser
from ppn_tf.keypoints import skeletons
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.settings import Bounds
from ppn_tf.runtime.signals import Interruption
from ppn_tf.tracking import smoothing
from ppn_tf.tracking.output.outputs import STANDARD_OUTPUT
from ppn_tf.tracking.output.results import Summary
from ppn_tf.tracking.track_video import track_video
from ppn_tf.tracking.video.sources import source_name

FLAGS = flags.FLAGS
# Flags with the names of track_video's arguments.
_OPTIONS = (
  *("max_people", "fps", "start", "end", "every", "min_score", "restart_every", "box"),
  *("smooth", "min_cutoff", "beta", "sheet_every"),
  *("output_jsonl", "output_csv", "output_coco", "output_openpose", "output_deeplabcut"),
  *("output_sleap", "output_nwb", "output_angles", "overlay_angles", "contact_sheet", "overwrite"),
)


def define_flags() -> None:
  """Defines the flags of this command."""
  define_integer, define_float = command_flags.define_integer, command_flags.define_float
  with command_flags.group("Model"):
    flags.DEFINE_string(
      "model", "people", "people, a .tflite file, a SavedModel folder or the workdir of a run."
    )
    flags.DEFINE_string("workdir", None, "Same as --model, for the workdir of a run.")
    command_flags.define_checkpoint()
    flags.DEFINE(
      SkeletonParser(),
      "skeleton",
      None,
      "Joints of the model, where it does not store them: a known skeleton's name, or the folder "
      "of a data set.",
    )
    define_integer("threads", 2, "CPU threads of a .tflite model.", 1, 1024)
    define_float(
      "margin",
      None,
      "Side of the crop over the longer side of the box. By default as stored with the model, else "
      "1.25.",
      0.5,
      4.0,
    )
  with command_flags.group("People"):
    define_integer("max_people", 1, "Number of people tracked at a time, at most.", 1, 1000)
    command_flags.define_numbers(
      "box",
      None,
      "x1,y1,x2,y2 of a person in the first frame, in pixels.",
      Bounds(-1e6, 1e6),
      count=4,
    )
    define_float(
      "min_score", 0.2, "Lowest score of a joint that is drawn and shapes a crop.", 0.0, 1.0
    )
    define_integer(
      "restart_every",
      0,
      "Frames after which HeadNet restarts the recurrence; 0: only at cuts and for lost people.",
      0,
      10**9,
    )
  with command_flags.group("Frames"):
    define_float("fps", 30.0, "Frames per second of a folder of images.", 0.1, 1000.0)
    define_float("start", 0.0, "Time of the first frame, in seconds.", 0.0, 1e9)
    define_float("end", None, "Time before which tracking stops, in seconds.", 0.0, 1e9)
    define_integer("every", 1, "Step from one frame to the next.", 1, 10**6)
  with command_flags.group("Smoothing"):
    flags.DEFINE_bool("smooth", True, "Smooth the joints in all outputs by a One-Euro filter.")
    define_float(
      "min_cutoff",
      smoothing.MIN_CUTOFF,
      "One-Euro minimum cutoff in Hz; lower means less jitter.",
      1e-3,
      1e6,
    )
    define_float(
      "beta",
      smoothing.BETA,
      "One-Euro speed coefficient in Hz per body per second; higher means less lag.",
      0.0,
      1e6,
    )
  with command_flags.group("Outputs"):
    _define_outputs()


def _define_outputs() -> None:
  flags.DEFINE_string(
    "output", None, "Overlay video; by default NAME_pose.mp4. Empty (--output=): none."
  )
  flags.DEFINE_string(
    "output_json", None, "Joints as JSON; by default NAME_pose.json. Empty: none."
  )
  flags.DEFINE_string(
    "output_jsonl", None, "Joints as JSON lines, one for each frame; -: standard output."
  )
  flags.DEFINE_string("output_csv", None, "Joints as CSV, a row for each person in each frame.")
  flags.DEFINE_string("output_coco", None, "Joints as COCO keypoint annotations.")
  flags.DEFINE_string(
    "output_openpose", None, "Folder of OpenPose's JSON files (BODY_25), one for each frame."
  )
  flags.DEFINE_string("output_deeplabcut", None, "Joints as DeepLabCut's table, .csv or .h5.")
  flags.DEFINE_string("output_sleap", None, "Joints as SLEAP's analysis file, .h5.")
  flags.DEFINE_string("output_nwb", None, "Joints as an NWB file with ndx-pose, .nwb.")
  flags.DEFINE_string("output_angles", None, "Joint angles in degrees as CSV.")
  flags.DEFINE_bool("overlay_angles", False, "Show joint angles in the overlay, in degrees.")
  flags.DEFINE_string("contact_sheet", None, "A .png or .jpg with frames of the overlay.")
  flags.DEFINE_bool("overwrite", False, "Replace outputs of other videos, too.")
  command_flags.define_integer(
    "sheet_every", 0, "Frames from tile to tile of the sheet; 0: 12 to 23 tiles.", 0, 10**6
  )


def model_options() -> Dict[str, Any]:
  """Returns the arguments of `track_video` that decide the model.

  Raises:
    InputError: both --model and --workdir are given.
  """
  if FLAGS.workdir and FLAGS["model"].present:
    raise InputError(
      "give either --model or --workdir. "
      f"Received: --model={FLAGS.model}, --workdir={FLAGS.workdir}"
    )
  options: Dict[str, Any] = {
    # A Path is never the name of a network of this package.
    "model": pathlib.Path(FLAGS.workdir) if FLAGS.workdir else FLAGS.model,
    "checkpoint": FLAGS.checkpoint,
    "num_threads": FLAGS.threads,
  }
  if FLAGS.skeleton:
    options["skeleton"] = skeletons.find_skeleton(FLAGS.skeleton)
  if FLAGS.margin is not None:
    options["margin"] = FLAGS.margin
  return options


def describe(summary: Summary) -> str:
  """Returns one line about a tracked video."""
  damage = f", {summary.num_damaged} damaged ones skipped" if summary.num_damaged else ""
  people = f", {summary.num_people} people" if FLAGS.max_people > 1 else ""
  nobody = ", nobody found" if not summary.num_people else ""
  sound = ", sound left out, which this format does not take" if summary.sound_lost else ""
  return (
    f"{summary.video}: {summary.num_frames} frames{damage}{people}{nobody}{sound}, "
    f"{summary.num_frames / summary.seconds:.1f} frames/s -> {', '.join(summary.paths)}"
  )


def main(argv: Sequence[str]) -> None:
  if len(argv) != 2:
    raise InputError(
      f"give one video: {command('track')} VIDEO (a file, a folder of images, a camera's number "
      f"or -). Received: {' '.join(argv[1:]) or 'none'}"
    )
  name = source_name(argv[1])
  interruption = Interruption()
  with contextlib.ExitStack() as stack:

    def stop() -> bool:
      # Until the first frame Ctrl-C ends the program as usual, also while a stream is silent.
      if interruption not in entered:
        entered.append(stack.enter_context(interruption))
      return interruption.received is not None

    entered: List[Interruption] = []
    summary = track_video(
      argv[1],
      f"{name}_pose.mp4" if FLAGS.output is None else FLAGS.output,
      output_json=f"{name}_pose.json" if FLAGS.output_json is None else FLAGS.output_json,
      stop=stop,
      **model_options(),
      **command_flags.values(_OPTIONS),
    )
  if summary.pipe_closed:
    raise BrokenPipeError  # which ends the command silently
  file = sys.stderr if STANDARD_OUTPUT in summary.paths else sys.stdout
  print(describe(summary), file=file)
  if interruption.received is not None:
    print("interrupted: what was tracked until then is kept", file=sys.stderr)
    if not summary.is_live:  # an interrupt is the only end of a live source
      sys.exit(128 + interruption.received)


if __name__ == "__main__":
  define_flags()
  app.run(main)
