"""Tracks a person through a video: `python -m ppn_tf.track VIDEO --model=FILE.tflite`.

VIDEO is a video file, or a folder of jpg or png frames. Writes the video with
the pose drawn over it, and a JSON file of the keypoints. The model is a .tflite
file, a SavedModel folder, or with --workdir=RUN the latest of a training run. A
SavedModel of joints that the package does not know needs --skeleton, a data set's folder.
"""

import sys
import time
from typing import Any, Dict, List, Optional, Sequence

from absl import flags

from ppn_tf import doors
from ppn_tf.errors import InputError
from ppn_tf.tracking.results import write_results
from ppn_tf.tracking.tracker import Tracker
from ppn_tf.tracking.video import open_video

_MODEL = flags.DEFINE_string("model", None, "A .tflite file or a SavedModel folder.")
_OUTPUT = flags.DEFINE_string("output", None, "Overlay video; NAME_pose.mp4 by default.")
_JSON = flags.DEFINE_string("output_json", None, "Keypoints; NAME_pose.json by default.")
_BOX = flags.DEFINE_string("box", None, "x1,y1,x2,y2: the person in the first frame, in pixels.")
_SHEET = flags.DEFINE_string("contact_sheet", None, "A .png or .jpg with frames of the overlay.")
_EVERY = flags.DEFINE_integer(
  "every", 0, "The contact sheet shows every so many frames; 0: 12 to 23 of them.", lower_bound=0
)
_MIN_SCORE = flags.DEFINE_float("min_score", 0.2, "Joints below are not drawn.", 0.0, 1.0)
_MARGIN = flags.DEFINE_float(
  "margin",
  None,
  "Side of the crop over the box's longer side, as in training. By default what the model says "
  "itself, else 1.25.",
  0.5,
  4.0,
)
_THREADS = flags.DEFINE_integer("threads", 2, "CPU threads of a .tflite model.", lower_bound=1)
_FPS = flags.DEFINE_float("fps", 30.0, "Frames per second of a folder of images.", 0.1, 1000.0)


def load_tracker() -> Tracker:
  """The tracker that --model, or else --workdir, asks for."""
  workdir = flags.FLAGS["workdir"].value if "workdir" in flags.FLAGS else None
  if bool(_MODEL.value) == bool(workdir):
    raise InputError(
      "give either --model=FILE.tflite (or a SavedModel folder) or --workdir=RUN. "
      f"Received: --model={_MODEL.value}, --workdir={workdir}"
    )
  arguments: Dict[str, Any] = {"min_score": _MIN_SCORE.value}
  model: Any = _MODEL.value
  if workdir:
    from ppn_tf import experiment
    from ppn_tf.workdir import Workdir

    model = experiment.load_checked_run()
    arguments["skeleton"] = experiment.skeleton()
    arguments["margin"] = Workdir(workdir).read_flags()["box_margin"]
  elif "skeleton" in flags.FLAGS and flags.FLAGS["skeleton"].present:
    from ppn_tf import experiment

    arguments["skeleton"] = experiment.skeleton()
  if _MARGIN.value is not None:
    arguments["margin"] = _MARGIN.value
  return Tracker.load(model, num_threads=_THREADS.value, **arguments)


def parse_box(text: Optional[str]) -> Optional[List[float]]:
  """Four numbers of "x1,y1,x2,y2"; None of None."""
  if text is None:
    return None
  try:
    x1, y1, x2, y2 = (float(part) for part in text.split(","))
  except ValueError as error:
    raise InputError(f"--box={text}: not four numbers. Give x1,y1,x2,y2 in pixels.") from error
  return [x1, y1, x2, y2]


def main(argv: Sequence[str]) -> None:
  if len(argv) != 2:
    raise InputError(
      "give one video: python -m ppn_tf.track VIDEO --model=FILE.tflite. "
      f"Received: {' '.join(argv[1:]) or 'none'}"
    )
  box = parse_box(_BOX.value)
  video = open_video(argv[1], _FPS.value)
  tracker = load_tracker()
  tracker.reset(box)
  name = video.path.absolute().stem
  overlay, table = _OUTPUT.value or f"{name}_pose.mp4", _JSON.value or f"{name}_pose.json"
  begin = time.perf_counter()
  count = write_results(tracker, video, overlay, table, _SHEET.value, _EVERY.value)
  speed = count / (time.perf_counter() - begin)
  damage = f", {video.damaged} damaged ones skipped" if video.damaged else ""
  outputs = ", ".join(path for path in (overlay, table, _SHEET.value) if path)
  print(f"{video.path}: {count} frames{damage}, {speed:.1f} frames/s -> {outputs}")


if __name__ == "__main__":
  # The experiment's flags bring the training packages along: only where they are asked for.
  if any(
    argument.lstrip("-").startswith(("workdir", "flagfile", "skeleton"))
    for argument in sys.argv[1:]
  ):
    import ppn_tf.experiment  # noqa: F401
  doors.run(main)
