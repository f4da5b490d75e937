"""Writes a run, or the network of the package, as a .tflite file.

  python -m export.tflite --workdir=RUN --output=FILE.tflite

The file has batch size 1 and the signatures `start` and `step`. Before it appears, it is
compared with its network over a recurrent clip. It describes itself to clients
(`unzip -p FILE.tflite ppn_tf.json`).

--random_weights with --config or --flagfile exports an untrained network, to measure its speed.
"""

import functools
from typing import List, Sequence, Tuple

import numpy as np
from absl import flags

from ppn_tf.clips import pipeline, records
from ppn_tf.config.experiment import Experiment
from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.tflite import convert
from ppn_tf.inference.tflite.calibration import recurrent_samples
from ppn_tf.inference.tflite.metadata import add_description
from ppn_tf.inference.tflite.ppu import SAMPLERS, get_sampler
from ppn_tf.models.layers.deform_conv import set_offset_steps
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

import tensorflow as tf

from . import exported_network

FLAGS = flags.FLAGS
_FRAME_TYPES = {"float32": tf.float32, "uint8": tf.uint8}
# Frames from which ranges can be taken at all.
_LEAST_FRAMES = 10


def define_flags() -> None:
  exported_network.define_flags()
  flags.DEFINE_string("output", None, "File to write.")
  command_flags.mark_required("output")
  flags.DEFINE_enum(
    "quantize",
    "none",
    convert.QUANTIZATIONS,
    "Weights in float16; weights in 8 bits (dynamic); or weights and activations in 8 bits, whose "
    "ranges come from clips of --dataset (int8) or from training with --quantize_aware (qat). "
    "Positions, sampling and heatmaps stay float32.",
  )
  flags.DEFINE_enum(
    "sampler",
    None,
    SAMPLERS,
    "How the deformable convolutions read: bilinearly, or, faster, the nearest quarter of a cell. "
    "By default as the network was trained: table with --offset_steps, as --model=people was, "
    "else exact.",
  )
  flags.DEFINE_enum("frames", "float32", sorted(_FRAME_TYPES), "Type of the frames, 0..255.")
  flags.DEFINE_string("calibration_split", "train", "Split of --dataset that int8 is set by.")
  command_flags.define_integer("calibration_clips", 40, "Clips of it.", 1, 10**6)


def _clips(
  experiment: Experiment, split: str, num_clips: int, image_size: Tuple[int, int], num_frames: int
) -> List[np.ndarray]:
  """The beginnings of a split's first clips, [T, H, W, 3] float32 each."""
  builder = records.open_split(FLAGS.dataset, split, experiment.skeleton)
  windows = pipeline.evaluation_windows(
    builder,
    split,
    num_frames=num_frames,
    image_size=image_size,
    box_margin=experiment.clips.box_margin,
    steady_crops=experiment.clips.steady_crops,
  )
  firsts = windows.filter(lambda window: window["first"] == 0).take(num_clips)
  return [window["frames"][0][window["valid"]].numpy() for window in firsts]


def _frames(experiment: Experiment, image_size: Tuple[int, int]) -> np.ndarray:
  """30 frames to compare on: of --dataset, or else a drifting random picture."""
  if FLAGS.dataset:
    num_frames = exported_network.NUM_FRAMES
    return np.round(_clips(experiment, FLAGS.eval_split, 1, image_size, num_frames)[0])
  return exported_network.moving_picture(image_size)


def _calibration_clips(model: Framewise, experiment: Experiment) -> List[np.ndarray]:
  """What int8's ranges are taken from.

  Raises:
    InputError: no --dataset, or too few frames.
  """
  if not FLAGS.dataset:
    if FLAGS.random_weights:
      return [exported_network.moving_picture(model.image_size)]
    raise InputError(
      "--quantize=int8 takes the ranges of activations from clips. Give --dataset, with records "
      "like those that the network was trained on."
    )
  split, num_clips = FLAGS.calibration_split, FLAGS.calibration_clips
  clips = _clips(experiment, split, num_clips, model.image_size, 12)
  count = sum(map(len, clips))
  if count < _LEAST_FRAMES:
    raise InputError(
      f"{FLAGS.dataset}: --calibration_split={FLAGS.calibration_split} has {count} frames in "
      f"{len(clips)} clips; ranges want {_LEAST_FRAMES} or more. Give more clips."
    )
  return clips


def _choose_sampler(model: Framewise) -> str:
  """The file's sampler; for the exact one the network is made to read exactly, too."""
  if not isinstance(model, PPN):
    return "exact"  # it samples nothing
  sampler = FLAGS.sampler or get_sampler(model.ppu)
  if sampler == "exact":
    set_offset_steps(model.ppu, 0)
  return sampler


def _check_quantization(experiment: Experiment) -> None:
  """Raises InputError where --quantize does not suit the network."""
  float_run = experiment.network.quantize_aware
  if float_run and FLAGS.quantize != "qat":
    raise InputError(
      f"--quantize={FLAGS.quantize}: {FLAGS.workdir} is a quantization-aware run, which is "
      f"exported with --quantize=qat. For others give its float run, {float_run}."
    )
  if FLAGS.quantize == "qat" and not float_run:
    raise InputError(
      "--quantize=qat wants a run that was trained with the rounding: "
      f"`{command('train')} --quantize_aware={FLAGS.workdir or 'RUN'} ...`. "
      "--quantize=int8 does without."
    )


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  output = command_flags.required("output")
  if not output.endswith(".tflite"):
    raise InputError(f"--output={output}: the file's name must end in .tflite.")
  model, experiment = exported_network.load()
  _check_quantization(experiment)
  sampler = _choose_sampler(model)
  frame_type = _FRAME_TYPES[FLAGS.frames]
  clips = _calibration_clips(model, experiment) if FLAGS.quantize == "int8" else []
  samples = functools.partial(recurrent_samples, model, clips, frame_type.as_numpy_dtype)
  content = convert.to_tflite(
    model,
    sampler,
    FLAGS.quantize,
    frame_type,
    samples if clips else None,
    preliminary=exported_network.get_readout() == "present",
  )
  ops = convert.count_ops(content)
  custom = convert.custom_ops(ops)
  if custom:
    raise InputError(f"{output}: not written, it would need custom ops: {', '.join(custom)}.")
  frames = _frames(experiment, model.image_size)
  with complete_or_absent(output) as partial:
    partial.write_bytes(content)
    add_description(partial, exported_network.description(model, experiment))
    exact = FLAGS.quantize == "none" and sampler == "exact"
    # Files that compute something else are as far off as they are.
    most = convert.TOLERANCE if exact else np.inf
    written = TFLitePoseModel(partial)
    difference = exported_network.check_difference(output, model, written, frames, most)
    size = partial.stat().st_size
  reads = f", {sampler} sampler" if isinstance(model, PPN) else ""
  print(f"{output}: {size / 1e6:.2f} MB{reads}, {sum(ops.values())} builtin ops, none custom:")
  print(", ".join(f"{count} {name}" for name, count in sorted(ops.items())))
  print(f"largest difference over {len(frames)} recurrent frames: {difference:.2g}")


if __name__ == "__main__":
  define_flags()
  app.run(main)
