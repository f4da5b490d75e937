"""Which network is exported, and what its files say about it."""

from typing import Any, Dict, Tuple

import numpy as np
from absl import flags

import ppn_tf
from ppn_tf.config import flags as experiment_flags
from ppn_tf.config.experiment import Experiment, build_model
from ppn_tf.inference import people, saved_model
from ppn_tf.inference.load import load_run
from ppn_tf.inference.pose_model import READOUTS, PoseModel
from ppn_tf.keypoints import skeletons
from ppn_tf.models import pruning
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

FLAGS = flags.FLAGS
# Standard deviation of the offsets convolutions' random weights: with it the taps read up to some
# cells away, as those of trained units do, and the time is that of a trained one.
_SPREAD = 0.3
_READ_BY = {
  "answer": "the highest cell, refined by DARK",
  "present": "step also gives preliminary, BodyNet's heatmaps: of these the highest cell near that "
  "of heatmaps, refined by DARK and averaged over time; or as ever, from heatmaps alone",
}
# On which a file is compared with the network that it was made from.
NUM_FRAMES = 30


def define_readout() -> None:
  flags.DEFINE_enum(
    "readout",
    "answer",
    READOUTS,
    f"How trackers and `{command('score')}` read a PPN's joints: from its answer, as the paper "
    "does, or where BodyNet sees them in the present frame, at the peaks that the answer chose.",
  )


def define_flags() -> None:
  """Defines the flags of the network."""
  define_readout()
  flags.DEFINE_bool(
    "random_weights",
    False,
    "Instead of a run's: the network that the flags describe, untrained, to measure its speed.",
  )
  flags.DEFINE_enum("model", None, [people.NAME], "Instead of a run's: the package's own network.")
  experiment_flags.define()


def load() -> Tuple[Framewise, Experiment]:
  """Loads the network of --workdir or --model, or makes a random one.

  Returns:
    The network, and the settings that describe it.
  Raises:
    InputError: none or several are given; see `experiment_flags.experiment_of_run`.
  """
  given = [f"--{n}={FLAGS[n].value}" for n in ("workdir", "model") if FLAGS[n].value]
  given += ["--random_weights"] if FLAGS.random_weights else []
  if len(given) > 1:
    raise InputError(f"{' and '.join(given)}: give one of them.")
  if FLAGS.model:
    model, settings = people.read()
    return model, experiment_flags.override(Experiment.from_flags(settings))
  if FLAGS.random_weights:
    experiment = experiment_flags.experiment()
    return _build_random(experiment), experiment
  if not FLAGS.workdir:
    raise InputError(
      "--workdir is missing. Give a run's folder, --model=people, or --random_weights."
    )
  experiment = experiment_flags.experiment_of_run()
  return load_run(FLAGS.workdir, FLAGS.checkpoint)[0], experiment


def _build_random(experiment: Experiment) -> Framewise:
  """Builds an untrained network whose PPU reads as far away as a trained one."""
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
    return str(people.read_settings()["readout"])
  return str(FLAGS.readout)


def moving_picture(image_size: Tuple[int, int]) -> np.ndarray:
  """A random picture that drifts by two pixels a frame, [NUM_FRAMES, H, W, 3] float32, 0..255."""
  height, width = image_size
  picture = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3))
  picture = np.kron(picture, np.ones((8, 8, 1)))
  return np.stack([np.roll(picture, 2 * t, 1) for t in range(NUM_FRAMES)]).astype(np.float32)


def check_difference(
  output: str, model: Framewise, other: PoseModel, frames: np.ndarray, most: float
) -> float:
  """How far another form of a network is from it over recurrent frames [T, H, W, 3].

  Raises:
    InputError: by more than `most`, or by no number.
  """
  difference = saved_model.recurrent_difference(model, other, frames)
  if not difference <= most:
    raise InputError(
      f"{output}: not written, it differs from the network by {difference:.2g} over "
      f"{len(frames)} frames. Expected {f'at most {most:g}' if np.isfinite(most) else 'a number'}."
    )
  return difference


def description(model: Framewise, experiment: Experiment) -> Dict[str, Any]:
  """What a client has to know to use the network, ready for JSON."""
  return {
    "made_by": f"ppn_tf {ppn_tf.__version__}",
    "method": experiment.network.method,
    "trained": not FLAGS.random_weights,
    "use": "heatmaps = start(frame 1); then for each frame, frame 1 included, "
    "heatmaps = step(frame, heatmaps)",
    "frame": {
      "size": list(model.image_size),
      "channels": "RGB",
      "range": [0, 255],
      "crop": "a square about the centre of the person's box, its side box_margin times the "
      "box's longer side; black outside the picture",
      "box_margin": experiment.clips.box_margin,
      "steady_crops": experiment.clips.steady_crops,
    },
    "heatmaps": {
      "size": list(model.heatmap_size),
      "pixels_per_cell": model.stride,
      "read_by": _READ_BY[get_readout()],
      "joint": "(cell + 0.5) * pixels_per_cell - 0.5, in the crop's pixels",
    },
    "skeleton": skeletons.to_dict(experiment.skeleton),
  }
