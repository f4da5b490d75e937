"""Batches of an experiment: endless training clips, and clips for calibration."""

import sys
from typing import Any, Iterator, Tuple

from tqdm import tqdm

from ppn_tf.clips import pipeline, service
from ppn_tf.config.experiment import Experiment, RunConfig
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

# Batches for the first ranges of a quantization-aware network, and for pruning a PPU.
_CALIBRATION_BATCHES = 10


def training_batches(
  experiment: Experiment,
  run: RunConfig,
  builder: Any,
  image_size: Tuple[int, int],
  first_step: int = 0,
  part: Tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
  """Makes the endless batches of an experiment.

  Args:
    experiment: settings of clips and batches.
    run: tells services that prepare the batches, if any.
    builder: the data set.
    image_size: (H, W) of the crops in pixels.
    first_step: number of the first batch.
    part: this process and the number of processes, see `pipeline.training_batches`.
  Raises:
    InputError: no clip has T frames, or a service does not answer.
  """
  addresses = run.data_service
  if not addresses:
    return _batches_of_turn(experiment, builder, image_size, first_step, part, (0, 1))
  datasets = [
    _batches_of_turn(experiment, builder, image_size, first_step, part, (turn, len(addresses)))
    for turn in range(len(addresses))
  ]
  return service.served(datasets, addresses)


def _batches_of_turn(
  experiment: Experiment,
  builder: Any,
  image_size: Tuple[int, int],
  first_step: int,
  part: Tuple[int, int],
  turn: Tuple[int, int],
) -> tf.data.Dataset:
  clips = experiment.clips
  return pipeline.training_batches(
    builder,
    clips.train_split,
    part=part,
    turn=turn,
    batch_size=experiment.optimizer.batch_size,
    num_frames=clips.num_frames,
    seed=experiment.training.seed,
    first_step=first_step,
    skeleton=experiment.skeleton,
    image_size=image_size,
    box_margin=clips.box_margin,
    steady_crops=clips.steady_crops,
    augmentation=experiment.augmentation,
  )


def calibration_clips(
  experiment: Experiment, run: RunConfig, builder: Any, image_size: Tuple[int, int], title: str
) -> Iterator[tf.Tensor]:
  """Yields frames [B, T, H, W, 3] of the first batches, with a progress bar.

  Args:
    experiment: settings of clips and batches.
    run: tells services that prepare the batches, if any.
    builder: the data set.
    image_size: (H, W) of the crops in pixels.
    title: title of the progress bar.
  """
  batches = training_batches(experiment, run, builder, image_size).take(_CALIBRATION_BATCHES)
  for batch in tqdm(batches, total=_CALIBRATION_BATCHES, desc=title, unit="batch", disable=None):
    yield batch["frames"]


def steps_in_epochs(experiment: Experiment, builder: Any, epochs: float) -> int:
  """Returns the number of steps in some epochs."""
  clips = experiment.clips
  samples = pipeline.samples_per_epoch(builder, clips.train_split, clips.num_frames)
  return int(epochs * samples / experiment.optimizer.batch_size)


def report_short_clips(experiment: Experiment, run: RunConfig, builder: Any) -> None:
  """Prints the number of clips that are too short for training.

  Raises:
    InputError: there are any, and `run` is strict.
  """
  num_frames = experiment.clips.num_frames
  lengths = pipeline.clip_lengths(builder, experiment.clips.train_split)
  short = sorted(clip for clip, length in lengths.items() if length < num_frames)
  if not short:
    return
  line = (
    f"{len(short)} of {len(lengths)} clips have fewer than --num_frames={num_frames} frames: "
    f"{', '.join(short[:10])}{' ...' if len(short) > 10 else ''}"
  )
  if run.strict:
    raise InputError(f"{run.dataset}: {line}. Lower --num_frames or leave out --strict.")
  print(f"skipped: {line}", file=sys.stderr)
