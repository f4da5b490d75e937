"""Tracks people through a video: `python -m ppn_tf.track VIDEO`.

VIDEO is a video file, a folder of jpg or png frames, the number of a camera, or - for a stream
on standard input. Writes the video with the people drawn over it, and their joints as JSON.
Ctrl-C ends the recording and keeps it.
"""

import contextlib
import sys
from typing import Any, Dict, List, Optional, Sequence

from absl import flags

from ppn_tf.runtime import app
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.signals import Interruption
from ppn_tf.tracking import smoothing
from ppn_tf.tracking.output.results import STANDARD_OUTPUT, Summary
from ppn_tf.tracking.track_video import track_video
from ppn_tf.tracking.video.sources import source_name

_MODEL = flags.DEFINE_string(
  "model", "people", "people, a .tflite file, a SavedModel folder or the workdir of a run."
)
_BOX = flags.DEFINE_string("box", None, "x1,y1,x2,y2 of a person in the first frame, in pixels.")
_THREADS = flags.DEFINE_integer("threads", 2, "CPU threads of a .tflite model.", lower_bound=1)
_MARGIN = flags.DEFINE_float(
  "margin",
  None,
  "Side of the crop over the longer side of the box. By default as stored with the model, else "
  "1.25.",
  0.5,
  4.0,
)
_OUTPUT = flags.DEFINE_string(
  "output", None, "Overlay video; by default NAME_pose.mp4. Empty (--output=): none."
)
_JSON = flags.DEFINE_string(
  "output_json", None, "Joints as JSON; by default NAME_pose.json. Empty: none."
)
# Flags with the names of track_video's arguments.
_OPTIONS = [
  flags.DEFINE_integer(
    "max_people", 1, "Number of people tracked at a time, at most.", lower_bound=1
  ),
  flags.DEFINE_float("fps", 30.0, "Frames per second of a folder of images.", 0.1, 1000.0),
  flags.DEFINE_float("start", 0.0, "Time of the first frame, in seconds.", 0.0),
  flags.DEFINE_float("end", None, "Time before which tracking stops, in seconds.", 0.0),
  flags.DEFINE_integer("every", 1, "Step from one frame to the next.", lower_bound=1),
  flags.DEFINE_float(
    "min_score", 0.2, "Lowest score of a joint that is drawn and shapes a crop.", 0.0, 1.0
  ),
  flags.DEFINE_integer(
    "restart_every",
    0,
    "Frames after which HeadNet restarts the recurrence; 0: only at cuts and for lost people.",
    lower_bound=0,
  ),
  flags.DEFINE_bool("smooth", True, "Smooth the joints in all outputs by a One-Euro filter."),
  flags.DEFINE_float(
    "min_cutoff",
    smoothing.MIN_CUTOFF,
    "One-Euro minimum cutoff in Hz; lower means less jitter.",
    1e-3,
  ),
  flags.DEFINE_float(
    "beta",
    smoothing.BETA,
    "One-Euro speed coefficient in Hz per body per second; higher means less lag.",
    0.0,
  ),
  flags.DEFINE_string(
    "output_jsonl", None, "Joints as JSON lines, one for each frame; -: standard output."
  ),
  flags.DEFINE_string("output_csv", None, "Joints as CSV, a row for each person in each frame."),
  flags.DEFINE_string("output_coco", None, "Joints as COCO keypoint annotations."),
  flags.DEFINE_string("contact_sheet", None, "A .png or .jpg with frames of the overlay."),
  flags.DEFINE_integer(
    "sheet_every", 0, "Frames from tile to tile of the sheet; 0: 12 to 23 tiles.", lower_bound=0
  ),
]


def model_options() -> Dict[str, Any]:
  """Returns the arguments of `track_video` that decide the model.

  Raises:
    InputError: both --model and --workdir are given.
  """
  workdir = flags.FLAGS["workdir"].value if "workdir" in flags.FLAGS else None
  if workdir and _MODEL.present:
    raise InputError(
      f"give either --model or --workdir. Received: --model={_MODEL.value}, --workdir={workdir}"
    )
  options: Dict[str, Any] = {"model": _MODEL.value, "num_threads": _THREADS.value}
  if _MARGIN.value is not None:
    options["margin"] = _MARGIN.value
  if workdir:
    from ppn_tf.config import experiment
    from ppn_tf.inference.pose_model import KerasPoseModel
    from ppn_tf.runtime.workdir import Workdir

    options["model"] = KerasPoseModel(experiment.load_checked_run())
    options["model"].take_flags(Workdir(workdir).read_flags())
  elif "skeleton" in flags.FLAGS and flags.FLAGS["skeleton"].present:
    from ppn_tf.config import experiment

    options["skeleton"] = experiment.skeleton()
  return options


def parse_box(text: Optional[str]) -> Optional[List[float]]:
  """Parses "x1,y1,x2,y2"; returns None for None.

  Raises:
    InputError: not four numbers.
  """
  if text is None:
    return None
  try:
    x1, y1, x2, y2 = (float(part) for part in text.split(","))
  except ValueError as error:
    raise InputError(f"--box={text}: not four numbers. Give x1,y1,x2,y2 in pixels.") from error
  return [x1, y1, x2, y2]


def describe(summary: Summary) -> str:
  """Returns one line about a tracked video."""
  damage = f", {summary.num_damaged} damaged ones skipped" if summary.num_damaged else ""
  people = f", {summary.num_people} people" if flags.FLAGS.max_people > 1 else ""
  nobody = ", nobody found" if not summary.num_people else ""
  sound = ", without sound, which this format does not support" if summary.sound_lost else ""
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
      f"{name}_pose.mp4" if _OUTPUT.value is None else _OUTPUT.value,
      output_json=f"{name}_pose.json" if _JSON.value is None else _JSON.value,
      box=parse_box(_BOX.value),
      stop=stop,
      **model_options(),
      **{option.name: option.value for option in _OPTIONS},
    )
  file = sys.stderr if STANDARD_OUTPUT in summary.paths else sys.stdout
  print(describe(summary), file=file)
  if interruption.received is not None:
    print("interrupted: what was tracked until then is kept", file=sys.stderr)
    if not summary.is_live:  # an interrupt is the only end of a live source
      sys.exit(128 + interruption.received)


if __name__ == "__main__":
  # The flags of experiments import TensorFlow's data sets, so only where they are used.
  if any(
    argument.lstrip("-").startswith(("workdir", "flagfile", "skeleton"))
    for argument in sys.argv[1:]
  ):
    import ppn_tf.config.experiment  # noqa: F401
  app.run(main)
