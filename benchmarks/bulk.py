"""Measures how fast many videos are tracked, by the number of workers.

  python -m benchmarks.bulk --video=clip.mp4

Makes copies of the video with --height rows and the same pictures, and tracks them by `ppn-tf
track-many` and, one after the other, by `ppn-tf track` without an overlay. Then measures the other
steps of a unit. docs/scaling.md calculates with these figures.
"""

import itertools
import json
import os
import pathlib
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import cv2
from absl import flags

from benchmarks import tracking_stages
from benchmarks.tracking import run_measured, write_copy
from ppn_tf.evaluation.tables import Cell, Row, Section, Table, format_cell, to_text
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.settings import Bounds
from ppn_tf.tracking.bulk import joint_table
from ppn_tf.tracking.bulk.fingerprints import hash_video
from ppn_tf.tracking.bulk.result_store import ResultStore
from ppn_tf.tracking.bulk.settings import BulkSettings
from ppn_tf.tracking.bulk.units import Unit, UnitResult, track_unit
from ppn_tf.tracking.video.sources import open_source

FLAGS = flags.FLAGS
_COLUMNS = ("frames/s", "videos/hour", "CPU ms per frame", "start, s", "peak MB of a process")


class Rates(NamedTuple):
  """Measurements of one way to track all videos.

  Attributes:
    frames: frames per second, without the start of the command.
    videos: videos per hour.
    milliseconds: processor time per frame of all processes, the start included.
    start: seconds of the command for one frame of one video.
    memory: peak resident bytes of the largest process.
  """

  frames: float
  videos: float
  milliseconds: float
  start: float
  memory: float


def define_flags() -> None:
  """Defines the flags of the command."""
  flags.DEFINE_string("video", None, "Video of one person.")
  command_flags.mark_required("video")
  command_flags.define_integer("num_videos", 6, "Copies of the video.", 1, 10**4)
  command_flags.define_integer("num_frames", 300, "Frames of a copy, at most.", 2, 10**5)
  command_flags.define_integer("height", 480, "Rows of the copies.", 32, 4320)
  command_flags.define_numbers(
    "workers", (1, 2), "Numbers of workers to compare.", Bounds(1, 1024, whole=True)
  )


def write_copies(video: str, folder: pathlib.Path, count: int) -> List[pathlib.Path]:
  """Writes copies with the same pictures and different contents; returns their paths."""
  first = folder / "0.mp4"
  write_copy(video, first, FLAGS.height, 1, FLAGS.num_frames)
  paths = [first]
  for number in range(1, count):
    paths.append(folder / f"{number}.mp4")
    # Readers skip a box of the type "free", here of 12 bytes.
    box = (12).to_bytes(4, "big") + b"free" + number.to_bytes(4, "big")
    paths[-1].write_bytes(first.read_bytes() + box)
  return paths


def measure_many(
  videos: Sequence[pathlib.Path], num_frames: int, workers: int, folder: pathlib.Path
) -> Rates:
  """Measures `ppn-tf track-many`; `num_frames` is that of one video."""
  command = [sys.executable, "-m", "ppn_tf.tracking.bulk", f"--workers={workers}"]
  one = [*command, str(videos[0]), "--end=0.001", f"--output={folder / f'one_{workers}'}"]
  start = run_measured(one, folder)["seconds"]
  output = f"--output={folder / f'all_{workers}'}"
  whole = run_measured([*command, *map(str, videos), output], folder)
  seconds = whole["seconds"] - start
  total = num_frames * len(videos)
  return Rates(
    frames=total / seconds,
    videos=3600 * len(videos) / seconds,
    milliseconds=1000 * whole["processor"] / total,
    start=start,
    memory=whole["memory"],
  )


def measure_one_by_one(
  videos: Sequence[pathlib.Path], num_frames: int, folder: pathlib.Path
) -> Rates:
  """Measures `ppn-tf track` on one video after the other, with JSON lines alone."""
  command = [sys.executable, "-m", "ppn_tf.track", "--output=", "--output_json="]
  command.append(f"--output_jsonl={folder / 'one.jsonl'}")
  start = run_measured([*command, str(videos[0]), "--end=0.001"], folder)["seconds"]
  runs = [run_measured([*command, str(video)], folder) for video in videos]
  total = num_frames * len(videos)
  seconds = sum(run["seconds"] for run in runs)
  return Rates(
    frames=total / (seconds - start * len(runs)),
    videos=3600 * len(videos) / seconds,
    milliseconds=1000 * sum(run["processor"] for run in runs) / total,
    start=start,
    memory=max(run["memory"] for run in runs),
  )


def measure_steps(video: pathlib.Path, folder: pathlib.Path) -> Dict[str, float]:
  """Measures the steps of one video in this process, in processor time; returns numbers by name."""
  settings = BulkSettings()
  settings.make_tracker()  # the model is loaded once per worker
  hashing, video_hash = _time(lambda: hash_video(video))
  unit = Unit(str(video), video_hash)
  with tracking_stages.timed_stages() as stages:
    begin = time.process_time()
    result: UnitResult = track_unit(settings, unit)
    tracking = time.process_time() - begin
  store = ResultStore(folder / "steps", "0" * 64)
  writing, _ = _time(lambda: store.write(unit, result))
  lines = store.get_path(video_hash)
  table = folder / "steps" / "joints.parquet"
  names = result.joint_names
  joint_table.write_joints(table, [], names)
  empty = table.stat().st_size
  parquet, _ = _time(lambda: joint_table.write_joints(table, [(video.name, lines)], names))
  count = result.num_frames
  return {
    "track, ms per frame": 1000 * tracking / count,
    **{
      f"  {stage}, ms per frame": 1000 * seconds / count
      for stage, seconds in stages.items()
      if seconds
    },
    "hash, MB/s": video.stat().st_size / 1e6 / hashing,
    "write JSON lines, ms per frame": 1000 * writing / count,
    "write Parquet, ms per frame": 1000 * parquet / count,
    "video, bytes per frame": video.stat().st_size / count,
    "result of a worker, bytes per frame": len(result.lines) / count,
    "JSON lines, bytes per frame": lines.stat().st_size / count,
    "Parquet, bytes per frame": (table.stat().st_size - empty) / count,
    **_measure_jpeg(video),
  }


def _measure_jpeg(video: pathlib.Path) -> Dict[str, float]:
  """Measures frames as JPEG images of quality 75, as a camera or an application may send them."""
  frames = [frame.image for frame in itertools.islice(open_source(video), 30)]
  quality = [cv2.IMWRITE_JPEG_QUALITY, 75]
  images = [cv2.imencode(".jpg", frame, quality)[1] for frame in frames]
  seconds, _ = _time(lambda: [cv2.imdecode(image, cv2.IMREAD_COLOR) for image in images])
  return {
    "JPEG, bytes per frame": sum(map(len, images)) / len(images),
    "read JPEG, ms per frame": 1000 * seconds / len(images),
  }


def _time(call: Callable[[], Any]) -> Tuple[float, Any]:
  """Returns the seconds of processor time that a call takes, and its result."""
  begin = time.process_time()
  result = call()
  return time.process_time() - begin, result


def make_table(rates: Dict[str, Rates]) -> Table:
  """Returns the table of all rates by name."""

  def cells(row: Rates) -> Tuple[Cell, ...]:
    return (
      format_cell(row.frames),
      format_cell(row.videos, "{:.0f}"),
      format_cell(row.milliseconds),
      format_cell(row.start, "{:.2f}"),
      format_cell(row.memory / 1e6, "{:.0f}"),
    )

  rows = tuple(Row(name, cells(row)) for name, row in rates.items())
  return Table(_COLUMNS, (Section("", rows),))


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    videos = write_copies(FLAGS.video, folder, FLAGS.num_videos)
    steps = measure_steps(videos[0], folder)
    (first,) = (folder / "steps").glob("joints/*/*/*.jsonl")
    num_frames = len(first.read_bytes().splitlines())
    rates = {"ppn-tf track, one by one": measure_one_by_one(videos, num_frames, folder)}
    for workers in FLAGS.workers:
      title = f"ppn-tf track-many, {workers} worker{'s' if workers > 1 else ''}"
      rates[title] = measure_many(videos, num_frames, workers, folder)
  print(to_text(make_table(rates)))
  print(f"\nSteps of a video of {num_frames} frames with {FLAGS.height} rows:")
  for step, value in steps.items():
    print(f"{step}: {value:.3g}" if value < 100 else f"{step}: {value:.0f}")
  print(json.dumps({"cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}))


if __name__ == "__main__":
  define_flags()
  app.run(main)
