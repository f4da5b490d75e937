"""Flags that the commands for tracking share: the model, the people, the frames, the smoothing."""

import pathlib
from typing import Any, Dict

from absl import flags

from ppn_tf.config.skeleton_flag import SkeletonParser
from ppn_tf.keypoints import skeletons
from ppn_tf.runtime import command_flags
from ppn_tf.runtime.command_flags import define_float, define_integer
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.settings import Bounds

FLAGS = flags.FLAGS
# Flags with the names of the arguments of `track_video`, in the order of their groups.
SHARED = (
  *("max_people", "box", "min_score", "restart_every", "fps", "start", "end", "every"),
  *("smooth", "min_cutoff", "beta"),
)


def define_model() -> None:
  """Defines the flags that decide the model; `model_options` reads them."""
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
    define_float(
      "margin",
      None,
      "Side of the crop over the longer side of the box. By default as stored with the model, else "
      "1.25.",
      0.5,
      4.0,
    )
    define_float(
      "refresh_after",
      None,
      "Seconds after which HeadNet looks again, which takes longer than a step; 0: never. By "
      "default as stored with the model.",
      0.0,
      3600.0,
    )


def define_people() -> None:
  """Defines the flags that decide who is tracked."""
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


def define_frames() -> None:
  """Defines the flags that select frames."""
  with command_flags.group("Frames"):
    define_float("fps", 30.0, "Frames per second of a folder of images.", 0.1, 1000.0)
    define_float("start", 0.0, "Time of the first frame, in seconds.", 0.0, 1e9)
    define_float("end", None, "Time before which tracking stops, in seconds.", 0.0, 1e9)
    define_integer("every", 1, "Step from one frame to the next.", 1, 10**6)


def define_smoothing(min_cutoff: float, beta: float) -> None:
  """Defines the flags of the One-Euro filter with their defaults, in Hz and Hz per body per s."""
  with command_flags.group("Smoothing"):
    flags.DEFINE_bool("smooth", True, "Smooth the joints in all outputs by a One-Euro filter.")
    define_float(
      "min_cutoff", min_cutoff, "One-Euro minimum cutoff in Hz; lower means less jitter.", 1e-3, 1e6
    )
    define_float(
      "beta",
      beta,
      "One-Euro speed coefficient in Hz per body per second; higher means less lag.",
      0.0,
      1e6,
    )


def model_options() -> Dict[str, Any]:
  """Returns the options of `Tracker.from_preset` that the flags of `define_model` give.

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
  }
  if FLAGS.skeleton:
    options["skeleton"] = skeletons.find_skeleton(FLAGS.skeleton)
  for name in ("margin", "refresh_after"):
    if FLAGS[name].value is not None:
      options[name] = FLAGS[name].value
  return options
