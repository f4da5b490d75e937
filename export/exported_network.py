"""Which network is exported, and what its files say about it."""

from typing import Any, Dict

import numpy as np
from absl import flags

import ppn_tf
from ppn_tf import experiment
from ppn_tf.errors import InputError
from ppn_tf.keypoints import skeletons
from ppn_tf.models.ppn import PPN, Framewise

import tensorflow as tf

FLAGS = flags.FLAGS
# Standard deviation of the offsets convolutions' random weights: with it the taps read up to some
# cells away, as those of trained units do, and the time is that of a trained one.
_SPREAD = 0.3


def define_flags() -> None:
  flags.DEFINE_bool(
    "random_weights",
    False,
    "Instead of a run's: the network that the flags describe, untrained, to measure its speed.",
  )


def load() -> Framewise:
  """The network of --workdir, or a random one.

  Raises:
    InputError: neither or both are given; see `experiment.load_checked_run`.
  """
  if not FLAGS.random_weights:
    if not FLAGS.workdir:
      raise InputError("--workdir is missing. Give a run's folder, or --random_weights.")
    return experiment.load_checked_run()
  if FLAGS.workdir:
    raise InputError(f"--workdir={FLAGS.workdir} and --random_weights: give one of them.")
  tf.keras.utils.set_random_seed(FLAGS.seed)
  model = experiment.build_model(experiment.run_flags())
  if isinstance(model, PPN):
    rng = np.random.default_rng(FLAGS.seed)
    for layer in model.ppu.layers:
      if layer.name.startswith("offsets_"):
        layer.kernel.assign(rng.normal(0, _SPREAD, layer.kernel.shape))
  return model


def description(model: Framewise) -> Dict[str, Any]:
  """What a client has to know to use the network, ready for JSON."""
  return {
    "made_by": f"ppn_tf {ppn_tf.__version__}",
    "method": FLAGS.method,
    "trained": not FLAGS.random_weights,
    "use": "heatmaps = start(frame 1); then for each frame, frame 1 included, "
    "heatmaps = step(frame, heatmaps)",
    "frame": {
      "size": list(model.image_size),
      "channels": "RGB",
      "range": [0, 255],
      "crop": "a square about the centre of the person's box, its side box_margin times the "
      "box's longer side; black outside the picture",
      "box_margin": FLAGS.box_margin,
    },
    "heatmaps": {
      "size": list(model.heatmap_size),
      "pixels_per_cell": model.stride,
      "read_by": "the highest cell, refined by DARK",
      "joint": "(cell + 0.5) * pixels_per_cell - 0.5, in the crop's pixels",
    },
    "skeleton": skeletons.to_dict(experiment.skeleton()),
  }
