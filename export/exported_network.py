"""Networks to export, and their descriptions in the exported files."""

from typing import Any, Dict, Tuple

import numpy as np
from absl import flags

import ppn_tf
from ppn_tf.config import flags as experiment_flags
from ppn_tf.config.experiment import Experiment, build_model
from ppn_tf.inference import people, people_weights, saved_model
from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.inference.runs import load_run
from ppn_tf.inference.tflite.metadata import READOUTS, describe_start
from ppn_tf.keypoints import skeletons
from ppn_tf.models import pruning
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

FLAGS = flags.FLAGS
# Standard deviation of the offset convolutions' random weights. With it, samples lie up to a few
# cells away, as in trained units, and so the times are those of a trained one.
_SPREAD = 0.3
_READ_BY = {
  "answer": "the highest cell, refined by DARK",
  "present": "step also returns preliminary, BodyNet's heatmaps: their highest cell near that of "
  "heatmaps, refined by DARK and averaged over time; or the highest cell of heatmaps, as usual",
}
# Frames on which a file is compared with its network.
NUM_FRAMES = 30


def define_readout() -> None:
  """Defines --readout."""
  flags.DEFINE_enum(
    "readout",
    "answer",
    READOUTS,
    f"Heatmaps from which trackers and `{command('score')}` read joints: the final ones, as in the "
    "paper (answer), or BodyNet's of the current frame at the peaks next to theirs (present).",
  )


def define_flags() -> None:
  """Defines the flags of the network."""
  define_readout()
  flags.DEFINE_bool(
    "random_weights",
    False,
    "Export the untrained network that the flags describe, to measure its speed.",
  )
  flags.DEFINE_enum(
    "model", None, [people.NAME], "Export the network of the package instead of a run."
  )
  experiment_flags.define()


def load() -> Tuple[Framewise, Experiment]:
  """Loads the network of --workdir or --model, or makes a random one.

  Returns:
    The network, and the settings that describe it.
  Raises:
    InputError: none or several of them are given; see `experiment_flags.experiment_of_run`.
  """
  given = [f"--{n}={FLAGS[n].value}" for n in ("workdir", "model") if FLAGS[n].value]
  given += ["--random_weights"] if FLAGS.random_weights else []
  if len(given) > 1:
    raise InputError(f"{' and '.join(given)}: given together. Give only one of them.")
  if FLAGS.model:
    model, settings = people_weights.read()
    return model, experiment_flags.override(Experiment.from_flags(settings))
  if FLAGS.random_weights:
    experiment = experiment_flags.experiment()
    return _build_random(experiment), experiment
  if not FLAGS.workdir:
    raise InputError(
      "--workdir: not given. Give the folder of a run, --model=people, or --random_weights."
    )
  experiment = experiment_flags.experiment_of_run()
  return load_run(FLAGS.workdir, FLAGS.checkpoint).model, experiment


def _build_random(experiment: Experiment) -> Framewise:
  """Builds an untrained network whose PPU samples as far away as a trained one."""
  seed, num_samples = experiment.training.seed, experiment.network.ppu_samples
  tf.keras.utils.set_random_seed(seed)
  model = build_model(experiment)
  if isinstance(model, PPN):
    rng = np.random.default_rng(seed)
    for layer in model.ppu.layers:
      if layer.name.startswith("offsets_"):
        layer.kernel.assign(rng.normal(0, _SPREAD, layer.kernel.shape))
    if num_samples:
      pruning.keep_any(model.ppu, num_samples, rng)
  return model


def get_readout() -> str:
  """Returns --readout; by default that of --model, if given."""
  if FLAGS.model and not FLAGS["readout"].present:
    return str(people_weights.read_settings()["readout"])
  return str(FLAGS.readout)


def make_drifting_frames(image_size: Tuple[int, int]) -> np.ndarray:
  """Returns a drifting random picture, [NUM_FRAMES, H, W, 3] float32, 0..255."""
  height, width = image_size
  picture = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3))
  picture = np.kron(picture, np.ones((8, 8, 1)))
  return np.stack([np.roll(picture, 2 * t, 1) for t in range(NUM_FRAMES)]).astype(np.float32)


def check_difference(
  output: str, model: Framewise, exported: PoseModel, frames: np.ndarray, limit: float
) -> float:
  """Returns the largest difference of an exported network from its original.

  Args:
    output: name of the file in messages.
    model: original network.
    exported: exported network.
    frames: [T, H, W, 3], processed recurrently.
    limit: largest accepted difference.
  Raises:
    InputError: the difference exceeds the limit, or is NaN.
  """
  difference = saved_model.recurrent_difference(model, exported, frames)
  if not difference <= limit:
    expected = f"at most {limit:g}" if np.isfinite(limit) else "a finite number"
    raise InputError(
      f"{output}: not written, because it differs from the network by {difference:.2g} over "
      f"{len(frames)} frames. Expected {expected}."
    )
  return difference


def describe(model: Framewise, experiment: Experiment) -> Dict[str, Any]:
  """Describes a network to clients, as a dictionary for JSON."""
  size, margin = model.image_size, experiment.clips.box_margin
  start_size = model.head_net.input_shape[1:3] if isinstance(model, PPN) else size
  start_margin = people_weights.START_MARGIN if FLAGS.model else margin
  of_people = {
    "restart_score": people_weights.RESTART_SCORE,
    "refresh_after": people_weights.REFRESH_AFTER,
  }
  return {
    "made_by": f"ppn_tf {ppn_tf.__version__}",
    "method": experiment.network.method,
    "trained": not FLAGS.random_weights,
    "use": "heatmaps = start(frame 1); then for each frame, frame 1 included, "
    "heatmaps = step(frame, heatmaps)",
    "frame": {
      "size": list(size),
      "channels": "RGB",
      "range": [0, 255],
      "crop": "a square about the center of the person's box, whose side is box_margin times the "
      "box's longer side; black outside the picture",
      "box_margin": margin,
      "steady_crops": experiment.clips.steady_crops,
    },
    **describe_start(start_size, start_margin, size, margin),
    "heatmaps": {
      "size": list(model.heatmap_size),
      "pixels_per_cell": model.stride,
      "read_by": _READ_BY[get_readout()],
      "joint": "(cell + 0.5) * pixels_per_cell - 0.5, in the crop's pixels",
    },
    "readout": get_readout(),
    **(of_people if FLAGS.model else {}),
    "skeleton": skeletons.to_dict(experiment.skeleton),
  }
