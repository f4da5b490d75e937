"""Tracks people through many videos, several at a time.

  python -m ppn_tf.tracking.bulk 'videos/*.mp4' --output=joints

Each argument is a video, a pattern, a folder of videos or of images, or a .txt file that lists
them. Writes the joints of each video as JSON lines, those of all videos as Parquet, and a manifest.
Videos that an earlier run has tracked with the same settings are not tracked again.
"""

import functools
import pathlib
import sys
from typing import List, Sequence

from absl import flags

from ppn_tf.config import tracking_flags
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking import smoothing
from ppn_tf.tracking.bulk.inputs import find_videos
from ppn_tf.tracking.bulk.local_engine import run_locally
from ppn_tf.tracking.bulk.ray_engine import run_in_ray
from ppn_tf.tracking.bulk.reports import FAILED
from ppn_tf.tracking.bulk.settings import BulkSettings
from ppn_tf.tracking.bulk.track_videos import BulkSummary, track_videos
from ppn_tf.tracking.bulk.video_run import Engine

FLAGS = flags.FLAGS


def define_flags() -> None:
  """Defines the flags of this command."""
  tracking_flags.define_model()
  tracking_flags.define_people()
  tracking_flags.define_frames()
  tracking_flags.define_smoothing(smoothing.MIN_CUTOFF, smoothing.BETA)
  flags.DEFINE_string("output", None, "Folder of all outputs.")
  command_flags.mark_required("output")
  with command_flags.group("Frames"):
    command_flags.define_float(
      "segment_seconds",
      0.0,
      "Seconds of the segments into which long videos are split; 0: whole videos. A split is at a "
      "cut if one follows within 5 seconds.",
      0.0,
      1e9,
    )
  with command_flags.group("Outputs"):
    flags.DEFINE_bool("parquet", True, "Write the joints of all videos as Parquet.")
    flags.DEFINE_bool("retry_failed", False, "Try videos again that failed in an earlier run.")
  with command_flags.group("Engine"):
    flags.DEFINE_enum(
      "engine", "local", ["local", "ray"], "Processes of this computer, or tasks of a Ray cluster."
    )
    command_flags.define_integer(
      "workers", None, "Videos at a time; by default one per CPU core.", 1, 10**5
    )
    flags.DEFINE_string(
      "ray_address",
      None,
      "Address of a running Ray cluster, or auto; by default one is started on this computer.",
    )


def make_engine() -> Engine:
  """Returns the engine of the flags."""
  if FLAGS.engine == "ray":
    return functools.partial(run_in_ray, num_workers=FLAGS.workers, address=FLAGS.ray_address)
  if FLAGS.ray_address:
    raise InputError(f"ray_address={FLAGS.ray_address}: is for Ray alone. Give engine=ray, too.")
  return functools.partial(run_locally, num_workers=FLAGS.workers)


def describe(summary: BulkSummary) -> str:
  """Returns one line about a run."""
  parts: List[str] = [f"{summary.num_tracked} tracked"]
  if summary.num_kept:
    parts.append(f"{summary.num_kept} done earlier")
  if summary.num_failed:
    parts.append(f"{summary.num_failed} failed")
  rate = f"{summary.num_frames} frames, {summary.num_frames / summary.seconds:.1f} frames/s"
  paths = ", ".join(map(str, summary.paths))
  noun = "video" if summary.num_videos == 1 else "videos"
  return f"{summary.num_videos} {noun}: {', '.join(parts)}; {rate} -> {paths}"


def main(argv: Sequence[str]) -> None:
  command_flags.check_required()
  if len(argv) < 2:
    raise InputError(
      f"give videos: {command('track-many')} 'videos/*.mp4' --output=DIR (files, patterns, folders "
      "or .txt lists). Received: none"
    )
  folder = pathlib.Path(FLAGS.output).expanduser()
  settings = BulkSettings(
    **tracking_flags.model_options(),
    **command_flags.values((*tracking_flags.SHARED, "segment_seconds")),
  )
  summary = track_videos(
    find_videos(argv[1:]),
    folder,
    settings,
    make_engine(),
    parquet=FLAGS.parquet,
    retry_failed=FLAGS.retry_failed,
  )
  print(describe(summary))
  if summary.num_failed:
    print(
      f"error: {summary.num_failed} of {summary.num_videos} videos failed; {folder / FAILED} has "
      "the reasons. Mend them, or try again with --retry_failed.",
      file=sys.stderr,
    )
    sys.exit(1)


if __name__ == "__main__":
  define_flags()
  app.run(main)
