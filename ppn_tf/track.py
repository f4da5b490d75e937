"""Tracks people through a video.

  python -m ppn_tf.track VIDEO

VIDEO is a video file, a photo, a folder of jpg or png frames, the number of a camera, or - for a
stream on standard input. Writes the video with the people drawn over it, and their joints as JSON.
Ctrl-C ends the recording and keeps it.
"""

import contextlib
import sys
from typing import List, Sequence

from absl import flags

from ppn_tf.config import tracking_flags
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.signals import Interruption
from ppn_tf.tracking import smoothing
from ppn_tf.tracking.output.outputs import STANDARD_OUTPUT
from ppn_tf.tracking.output.results import Summary
from ppn_tf.tracking.track_video import track_video
from ppn_tf.tracking.video.sources import source_name

FLAGS = flags.FLAGS
# Flags with the names of track_video's arguments.
_OPTIONS = (
  *tracking_flags.SHARED,
  *("output_jsonl", "output_csv", "output_coco", "output_openpose", "output_deeplabcut"),
  *("output_sleap", "output_nwb", "output_angles", "overlay_angles"),
  *("contact_sheet", "sheet_every", "overwrite"),
)


def define_flags() -> None:
  """Defines the flags of this command."""
  tracking_flags.define_model()
  with command_flags.group("Model"):
    command_flags.define_integer("threads", 2, "CPU threads of a .tflite model.", 1, 1024)
  tracking_flags.define_people()
  tracking_flags.define_frames()
  tracking_flags.define_smoothing(smoothing.MIN_CUTOFF, smoothing.BETA)
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
      num_threads=FLAGS.threads,
      **tracking_flags.model_options(),
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
