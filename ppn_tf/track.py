"""Tracks people through a video: `python -m ppn_tf.track VIDEO`.

VIDEO is a video file, a folder of jpg or png frames, the number of a camera, or - for a
stream on standard input. Writes the video with the people drawn over it, and a JSON
file of their joints. The model is the one that comes with the package, a .tflite file, a
SavedModel folder or a training run's workdir. A SavedModel of joints that the package does
not know needs --skeleton, a data set's folder. Ctrl-C ends the recording and keeps it.
"""

import functools
import sys
import time
from typing import Any, Dict, List, Optional, Sequence

from absl import flags

from ppn_tf.inference.load import PEOPLE
from ppn_tf.inference.pose_model import KerasPoseModel
from ppn_tf.runtime import app
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.signals import Interruption
from ppn_tf.tracking import smoothing
from ppn_tf.tracking.output.results import STANDARD_OUTPUT, Outputs, Summary, write_results
from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.tracker import Tracker
from ppn_tf.tracking.video.sources import Excerpt, open_source

_MODEL = flags.DEFINE_string(
  "model", PEOPLE, "people, a .tflite file, a SavedModel folder or a run's workdir."
)
_THREADS = flags.DEFINE_integer("threads", 2, "CPU threads of a .tflite model.", lower_bound=1)
_MARGIN = flags.DEFINE_float(
  "margin",
  None,
  "Side of the crop over the box's longer side, as in training. By default what the model says "
  "itself, else 1.25.",
  0.5,
  4.0,
)

_FPS = flags.DEFINE_float("fps", 30.0, "Frames per second of a folder of images.", 0.1, 1000.0)
_START = flags.DEFINE_float("start", 0.0, "Seconds of the video that are left out.", 0.0)
_END = flags.DEFINE_float("end", None, "Second of the video to stop before.", 0.0)
_EVERY = flags.DEFINE_integer("every", 1, "Take each so many-th frame.", lower_bound=1)

_BOX = flags.DEFINE_string("box", None, "x1,y1,x2,y2: a person in the first frame, in pixels.")
_MAX_PEOPLE = flags.DEFINE_integer(
  "max_people", 1, "Track up to so many people, each with a number of their own.", lower_bound=1
)
_MIN_SCORE = flags.DEFINE_float(
  "min_score", 0.2, "Joints below are not drawn and shape no crop.", 0.0, 1.0
)
_RESTART_EVERY = flags.DEFINE_integer(
  "restart_every",
  0,
  "HeadNet begins the recurrence anew every so many frames; 0: only when the person is lost, and "
  "at cuts.",
  lower_bound=0,
)
_SMOOTH = flags.DEFINE_bool(
  "smooth",
  True,
  "Smooth the joints in all outputs (One-Euro filter). On people in motion it takes away two "
  "fifths of the trembling, and fast joints lag by a fourth of a frame. The network never sees it.",
)
_MIN_CUTOFF = flags.DEFINE_float(
  "min_cutoff", smoothing.MIN_CUTOFF, "Smoothing of what rests, in Hz: less trembles less.", 1e-3
)
_BETA = flags.DEFINE_float(
  "beta",
  smoothing.BETA,
  "Smoothing of what moves, in Hz per body a second: more lags less.",
  0.0,
)

_OUTPUT = flags.DEFINE_string(
  "output", None, "Overlay video; NAME_pose.mp4 by default, none if empty (--output=)."
)
_JSON = flags.DEFINE_string(
  "output_json", None, "Joints as JSON; NAME_pose.json by default, none if empty."
)
_JSONL = flags.DEFINE_string(
  "output_jsonl", None, "Joints as JSON lines, one a frame; - writes them to standard output."
)
_CSV = flags.DEFINE_string("output_csv", None, "Joints as CSV, a row for a person in a frame.")
_COCO = flags.DEFINE_string("output_coco", None, "Joints as COCO's keypoint annotations.")
_SHEET = flags.DEFINE_string("contact_sheet", None, "A .png or .jpg with frames of the overlay.")
_SHEET_EVERY = flags.DEFINE_integer(
  "sheet_every",
  0,
  "The contact sheet shows every so many frames; 0: 12 to 23 of them.",
  lower_bound=0,
)


def load_tracker() -> Tracker:
  """The tracker that --model, or else --workdir, asks for."""
  workdir = flags.FLAGS["workdir"].value if "workdir" in flags.FLAGS else None
  if workdir and _MODEL.present:
    raise InputError(
      f"give either --model or --workdir=RUN. Received: --model={_MODEL.value}, --workdir={workdir}"
    )
  arguments: Dict[str, Any] = {
    "min_score": _MIN_SCORE.value,
    "restart_every": _RESTART_EVERY.value,
  }
  model: Any = _MODEL.value
  if workdir:
    from ppn_tf.config import experiment
    from ppn_tf.runtime.workdir import Workdir

    model = KerasPoseModel(experiment.load_checked_run())
    model.take_flags(Workdir(workdir).read_flags())
  elif "skeleton" in flags.FLAGS and flags.FLAGS["skeleton"].present:
    from ppn_tf.config import experiment

    arguments["skeleton"] = experiment.skeleton()
  if _MARGIN.value is not None:
    arguments["margin"] = _MARGIN.value
  return Tracker.from_preset(model, num_threads=_THREADS.value, **arguments)


def parse_box(text: Optional[str]) -> Optional[List[float]]:
  """Four numbers of "x1,y1,x2,y2"; None of None."""
  if text is None:
    return None
  try:
    x1, y1, x2, y2 = (float(part) for part in text.split(","))
  except ValueError as error:
    raise InputError(f"--box={text}: not four numbers. Give x1,y1,x2,y2 in pixels.") from error
  return [x1, y1, x2, y2]


def outputs_of(name: str) -> Outputs:
  """What the flags ask for, for a video of that name."""
  return Outputs(
    overlay=f"{name}_pose.mp4" if _OUTPUT.value is None else _OUTPUT.value,
    json=f"{name}_pose.json" if _JSON.value is None else _JSON.value,
    jsonl=_JSONL.value,
    csv=_CSV.value,
    coco=_COCO.value,
    sheet=_SHEET.value,
  )


def report(excerpt: Excerpt, outputs: Outputs, summary: Summary, seconds: float) -> None:
  """Says in one line what was tracked; on stderr where a table takes stdout."""
  video = excerpt.video
  damage = f", {video.damaged} damaged ones skipped" if video.damaged else ""
  people = f", {summary.num_people} people" if _MAX_PEOPLE.value > 1 else ""
  nobody = ", nobody found" if not summary.num_people else ""
  sound = ", its sound does not go into this format" if summary.sound_lost else ""
  speed = summary.num_frames / seconds
  print(
    f"{video.path}: {summary.num_frames} frames{damage}{people}{nobody}{sound}, "
    f"{speed:.1f} frames/s -> {', '.join(outputs.paths())}",
    file=sys.stderr if STANDARD_OUTPUT in outputs.paths() else sys.stdout,
  )


def main(argv: Sequence[str]) -> None:
  if len(argv) != 2:
    raise InputError(
      f"give one video: {command('track')} VIDEO (a file, a folder of images, a camera's number "
      f"or -). Received: {' '.join(argv[1:]) or 'none'}"
    )
  box = parse_box(_BOX.value)
  excerpt = Excerpt(open_source(argv[1], _FPS.value), _START.value, _END.value, _EVERY.value)
  outputs = outputs_of(excerpt.video.path.absolute().stem)
  tracker = PeopleTracker(load_tracker(), _MAX_PEOPLE.value)
  tracker.reset(box)
  smoother = functools.partial(
    smoothing.PoseSmoother, _MIN_CUTOFF.value, _BETA.value, _MIN_SCORE.value
  )
  begin = time.perf_counter()
  with Interruption() as interruption:
    summary = write_results(
      tracker,
      excerpt,
      outputs,
      smoother=smoother if _SMOOTH.value else None,
      sheet_every=_SHEET_EVERY.value,
      stop=lambda: interruption.received is not None,
    )
  report(excerpt, outputs, summary, time.perf_counter() - begin)
  if interruption.received is not None:
    print("interrupted: what was tracked until then is kept", file=sys.stderr)
    if not excerpt.is_live:  # which ends in no other way
      sys.exit(128 + interruption.received)


if __name__ == "__main__":
  # The experiment's flags bring the training packages along: only where they are asked for.
  if any(
    argument.lstrip("-").startswith(("workdir", "flagfile", "skeleton"))
    for argument in sys.argv[1:]
  ):
    import ppn_tf.config.experiment  # noqa: F401
  app.run(main)
