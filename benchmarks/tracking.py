"""Measures how fast videos are tracked: frames per second, processor time by stage, memory, start.

  python -m benchmarks.tracking --video=clip.mp4

Makes copies of the video of 480 and 1080 rows, with the person once and three times side by side,
and tracks each by `ppn-tf track` with overlay and JSON. --mediapipe_python=PYTHON names a Python
with MediaPipe 0.10, whose pose solution then tracks the same videos in turns.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from typing import Dict, List, NamedTuple, Sequence

import av
import cv2
import numpy as np
from absl import flags

from benchmarks import tracking_stages
from ppn_tf.evaluation.tables import Cell, Row, Section, Table, format_cell, to_text
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.sources import open_source
from ppn_tf.tracking.video.writer import write_video

FLAGS = flags.FLAGS
HEIGHTS, PEOPLE = (480, 1080), (1, 3)
_MEDIAPIPE = pathlib.Path(__file__).with_name("mediapipe_pose.py")
_COLUMNS = ("frames/s", "CPU ms per frame", "first frame, s", "peak MB")


class Run(NamedTuple):
  """Measurements of one command.

  Attributes:
    rate: frames per second without the start.
    milliseconds: processor time per frame of all threads, the start included.
    start: seconds until one frame is tracked and written.
    memory: peak resident bytes.
  """

  rate: float
  milliseconds: float
  start: float
  memory: int


def define_flags() -> None:
  """Defines the flags of the command."""
  flags.DEFINE_string("video", None, "Video of one person.")
  command_flags.mark_required("video")
  command_flags.define_integer("num_frames", 300, "Frames of the copies, at most.", 2, 10**5)
  flags.DEFINE_string("mediapipe_python", None, "A Python with MediaPipe, to compare with.")


def write_copy(video: str, path: pathlib.Path, height: int, people: int, num_frames: int) -> int:
  """Writes a 16:9 copy of a video with the picture `people` times side by side.

  Args:
    video: the original.
    path: file to write.
    height: rows of the copy.
    people: number of pictures.
    num_frames: frames of the copy, at most.
  Returns:
    the number of frames.
  """
  width = round(height * 16 / 9 / 2) * 2
  source = open_source(video)
  count = 0
  with write_video(path, source.fps) as writer:
    for frame in source:
      zoom = min(width / people / frame.image.shape[1], height / frame.image.shape[0])
      size = [max(1, int(extent * zoom)) for extent in frame.image.shape[1::-1]]
      small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
      canvas = np.zeros((height, width, 3), np.uint8)
      top = (height - size[1]) // 2
      for number in range(people):
        left = (2 * number + 1) * width // (2 * people) - size[0] // 2
        canvas[top : top + size[1], left : left + size[0]] = small
      writer.write(canvas, count / source.fps)
      count += 1
      if count == num_frames:
        break
  return count


def run_measured(command: Sequence[str], folder: pathlib.Path) -> Dict[str, float]:
  """Runs a command; returns its seconds, processor seconds, peak memory and printed frames/s.

  Raises:
    InputError: it failed.
  """
  begin = time.perf_counter()
  with open(folder / "log", "w+") as log:
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begin
    log.seek(0)
    text = log.read()
  rate = re.search(r"([\d.]+) frames/s", text)
  if process.returncode or not rate:
    raise InputError(f"{' '.join(command)}: failed. {text[-300:]}")
  return {
    "seconds": seconds,
    "processor": usage.ru_utime + usage.ru_stime,
    "memory": usage.ru_maxrss * 1024,
    "rate": float(rate[1]),
  }


def measure(command: Sequence[str], short: Sequence[str], count: int) -> Run:
  """Measures a command on a video of `count` frames, and its variant for one frame."""
  with tempfile.TemporaryDirectory() as folder:
    first = run_measured(short, pathlib.Path(folder))
    whole = run_measured(command, pathlib.Path(folder))
  return Run(
    whole["rate"], 1000 * whole["processor"] / count, first["seconds"], int(whole["memory"])
  )


def track(video: pathlib.Path, people: int, count: int) -> Run:
  """Measures `ppn-tf track`."""
  outputs = [f"--output={video.with_suffix('.out.mp4')}"]
  outputs += [f"--output_json={video.with_suffix('.json')}", f"--max_people={people}"]
  command = [sys.executable, "-m", "ppn_tf.track", str(video), "--overwrite", *outputs]
  return measure(command, [*command, "--end=0.001"], count)


def track_by_mediapipe(video: pathlib.Path, count: int) -> Run:
  """Measures MediaPipe's pose solution, which tracks one person."""
  command = [FLAGS.mediapipe_python, str(_MEDIAPIPE), str(video), str(video.with_suffix(".mp.mp4"))]
  return measure([*command, str(count)], [*command, "1"], count)


def _cells(run: Run) -> List[Cell]:
  return [
    format_cell(run.rate),
    format_cell(run.milliseconds),
    format_cell(run.start, "{:.2f}"),
    format_cell(run.memory / 1e6, "{:.0f}"),
  ]


def make_table(runs: Dict[str, Run]) -> Table:
  """Returns the table of all runs by name."""
  rows = tuple(Row(name, tuple(_cells(run))) for name, run in runs.items())
  return Table(_COLUMNS, (Section("", rows),))


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  runs: Dict[str, Run] = {}
  stages: Dict[str, Dict[str, float]] = {}
  with tempfile.TemporaryDirectory() as folder:
    for height in HEIGHTS:
      for people in PEOPLE:
        name = f"{height}p, {people} {'person' if people == 1 else 'people'}"
        video = pathlib.Path(folder) / f"{height}_{people}.mp4"
        count = write_copy(FLAGS.video, video, height, people, FLAGS.num_frames)
        runs[name] = track(video, people, count)
        if FLAGS.mediapipe_python and people == 1:
          runs[f"{name}, MediaPipe"] = track_by_mediapipe(video, count)
        stages[name] = tracking_stages.measure(video, people)
  print(to_text(make_table(runs)))
  print("\nProcessor ms per frame, with one thread for the network:")
  for name, of_stage in stages.items():
    print(f"{name}: " + ", ".join(f"{stage} {ms:.1f}" for stage, ms in of_stage.items()))
  versions = {"av": av.__version__, "opencv": cv2.__version__}
  print(json.dumps({"cores": len(os.sched_getaffinity(0)), **versions}))


if __name__ == "__main__":
  define_flags()
  app.run(main)
