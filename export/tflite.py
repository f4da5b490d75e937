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
from ppn_tf.clips.damaged_records import naming_damage
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
# Minimum number of frames for calibration.
_MIN_FRAMES = 10


def define_flags() -> None:
  """Defines the flags of this command."""
  exported_network.define_flags()
  flags.DEFINE_string("output", None, "File to write.")
  command_flags.mark_required("output")
  flags.DEFINE_enum(
    "quantize",
    "none",
    convert.QUANTIZATIONS,
    "Quantization: weights in float16; weights in 8 bits (dynamic); or weights and activations in "
    "8 bits, with ranges from clips of --dataset (int8) or from training with --quantize_aware "
    "(qat). Positions, sampling and heatmaps stay float32.",
  )
  flags.DEFINE_enum(
    "sampler",
    None,
    SAMPLERS,
    "Sampling of the deformable convolutions: bilinear (exact), or faster at the nearest quarter "
    "of a cell (table). Default: table for networks trained with --offset_steps, else exact.",
  )
  flags.DEFINE_enum("frames", "float32", sorted(_FRAME_TYPES), "Type of the input frames, 0..255.")
  flags.DEFINE_string("calibration_split", "train", "Split of --dataset used for int8 calibration.")
  command_flags.define_integer("calibration_clips", 40, "Number of calibration clips.", 1, 10**6)


def _read_clips(
  experiment: Experiment, split: str, num_clips: int, image_size: Tuple[int, int], num_frames: int
) -> List[np.ndarray]:
  """Reads the first frames, [T, H, W, 3] float32, of the first clips of a split."""
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
  with naming_damage(builder):
    return [window["frames"][0][window["valid"]].numpy() for window in firsts]


def _choose_frames(experiment: Experiment, image_size: Tuple[int, int]) -> np.ndarray:
  """Returns 30 frames for the comparison, of --dataset or of a drifting random picture."""
  if FLAGS.dataset:
    num_frames = exported_network.NUM_FRAMES
    return np.round(_read_clips(experiment, FLAGS.eval_split, 1, image_size, num_frames)[0])
  return exported_network.make_drifting_frames(image_size)


def _calibration_clips(model: Framewise, experiment: Experiment) -> List[np.ndarray]:
  """Returns the clips for int8 calibration.

  Raises:
    InputError: there is no --dataset, or too few frames.
  """
  if not FLAGS.dataset:
    if FLAGS.random_weights:
      return [exported_network.make_drifting_frames(model.image_size)]
    raise InputError(
      "--quantize=int8 requires clips to calibrate activations. Give --dataset with records like "
      "those of the training."
    )
  split, num_clips = FLAGS.calibration_split, FLAGS.calibration_clips
  clips = _read_clips(experiment, split, num_clips, model.image_size, 12)
  count = sum(map(len, clips))
  if count < _MIN_FRAMES:
    raise InputError(
      f"{FLAGS.dataset}: --calibration_split={FLAGS.calibration_split} has {count} frames in "
      f"{len(clips)} clips, but calibration requires {_MIN_FRAMES}. Give more clips."
    )
  return clips


def _choose_sampler(model: Framewise) -> str:
  """Returns the sampler of the file; for "exact", makes the network sample exactly too."""
  if not isinstance(model, PPN):
    return "exact"  # has no deformable convolutions
  sampler = FLAGS.sampler or get_sampler(model.ppu)
  if sampler == "exact":
    set_offset_steps(model.ppu, 0)
  return sampler


def _check_quantization(experiment: Experiment) -> None:
  """Raises InputError if the network does not allow --quantize."""
  float_run = experiment.network.quantize_aware
  if float_run and FLAGS.quantize != "qat":
    raise InputError(
      f"--quantize={FLAGS.quantize}: {FLAGS.workdir} is a quantization-aware run. Give "
      f"--quantize=qat, or its float run, {float_run}."
    )
  if FLAGS.quantize == "qat" and not float_run:
    raise InputError(
      "--quantize=qat requires a quantization-aware run: "
      f"`{command('train')} --quantize_aware={FLAGS.workdir or 'RUN'} ...`. "
      "Train one, or give --quantize=int8."
    )


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  output = FLAGS.output
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
    raise InputError(
      f"{output}: not written, because it would require custom ops: {', '.join(custom)}."
    )
  frames = _choose_frames(experiment, model.image_size)
  with complete_or_absent(output) as partial:
    partial.write_bytes(content)
    add_description(partial, exported_network.describe(model, experiment))
    exact = FLAGS.quantize == "none" and sampler == "exact"
    # Rounding has no limit.
    limit = convert.TOLERANCE if exact else np.inf
    written = TFLitePoseModel(partial)
    difference = exported_network.check_difference(output, model, written, frames, limit)
    size = partial.stat().st_size
  sampling = f", {sampler} sampler" if isinstance(model, PPN) else ""
  print(f"{output}: {size / 1e6:.2f} MB{sampling}, {sum(ops.values())} builtin ops, none custom:")
  print(", ".join(f"{count} {name}" for name, count in sorted(ops.items())))
  print(f"largest difference over {len(frames)} recurrent frames: {difference:.2g}")


if __name__ == "__main__":
  define_flags()
  app.run(main)
