"""Trains the network of an experiment: assembles model, batches and loop."""

import contextlib
import functools
import math
import os
from typing import Any, Dict, Optional

from ppn_tf.clips import records
from ppn_tf.clips.damaged_records import naming_damage
from ppn_tf.config.experiment import Experiment, RunConfig, build_model, open_run
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.training_step import StepSettings
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training import batches, distribution, initial_model
from ppn_tf.training.ema import WeightAverage
from ppn_tf.training.loop import TrainingLoop
from ppn_tf.training.stored_heatmaps import StoredHeatmaps, check_fixed
from ppn_tf.training.trainer import Trainer
from ppn_tf.training.validation import Validation

import tensorflow as tf


def train(experiment: Experiment, run: RunConfig, alpha: float = 0.2) -> None:
  """Trains an experiment's network on a data set, or resumes its training.

  Args:
    experiment: settings that decide the result.
    run: workdir, data set, devices and intervals.
    alpha: threshold of PCK in validation, in reference lengths.
  Raises:
    InputError: settings that do not fit each other, the data set or the workdir.
  """
  workdir = open_run(run.workdir)
  if experiment.network.quantize_aware:
    initial_model.check_quantize_aware(experiment, run.distribution)
  place = prepare_distribution(run)
  with contextlib.ExitStack() as stack:
    stack.enter_context(place.survived(workdir.path))
    clips = experiment.clips
    builder = records.open_split(run.dataset, clips.train_split, experiment.skeleton)
    stack.enter_context(naming_damage(builder))
    batches.report_short_clips(experiment, run, builder)
    if experiment.optimizer.num_epochs:
      epochs = experiment.optimizer.num_epochs
      num_steps = max(1, batches.steps_in_epochs(experiment, builder, epochs))
      experiment = experiment.replace(num_steps=num_steps)
    with place.strategy.scope():
      trainer = prepare_trainer(experiment, builder)
    model = trainer.model
    if not workdir.has_checkpoint():
      _calibrate(experiment, run, model, builder)
    # The average, or the model of reports and scores under a strategy, is another on one device.
    averages = bool(experiment.optimizer.ema_momentum)
    shown = build_model(experiment) if averages or not place.is_plain else model
    momentum = experiment.optimizer.ema_momentum
    make_batches = functools.partial(
      batches.training_batches, experiment, run, builder, shown.image_size, part=place.part
    )
    TrainingLoop(
      workdir,
      trainer,
      make_batches,
      experiment,
      run,
      validation=_prepare_validation(experiment, run, shown, alpha),
      distribution=place,
      shown=shown,
      average=WeightAverage(model, shown, momentum) if averages else None,
      stored=_prepare_store(experiment, workdir, trainer, place),
    ).train()


def prepare_trainer(experiment: Experiment, builder: Any) -> Trainer:
  """Builds an experiment's network and its trainer, in the scope of a strategy.

  Raises:
    InputError: see `initial_model.prepare_model` and `trainer_arguments`.
  """
  training = experiment.training
  model, loaded_layers = initial_model.prepare_model(experiment)
  drops = experiment.optimizer.learning_rate_drops
  return Trainer(
    model,
    drops=[batches.steps_in_epochs(experiment, builder, epochs) for epochs in drops],
    slow_layers=(loaded_layers, training.loaded_rate),
    teacher=initial_model.load_teacher(training.teacher, model) if training.teacher else None,
    **trainer_arguments(experiment),
  )


def trainer_arguments(experiment: Experiment) -> Dict[str, Any]:
  """Returns the settings of a `Trainer`; must be called in the scope of its strategy.

  Raises:
    InputError: the batch cannot be divided into parts.
  """
  optimizer = experiment.optimizer
  parts, replicas = optimizer.accumulation, tf.distribute.get_strategy().num_replicas_in_sync
  if optimizer.batch_size % (parts * replicas):
    of_replicas = f" of {replicas} replicas" if replicas > 1 else ""
    raise InputError(
      f"--batch_size={optimizer.batch_size}: cannot be divided into {parts * replicas} parts, "
      f"--accumulation={parts}{of_replicas}. Give a multiple."
    )
  settings = StepSettings(
    sigma=experiment.training.sigma,
    weight_decay=optimizer.weight_decay,
    clip_norm=optimizer.clip_norm,
    accumulation=optimizer.accumulation,
  )
  names = ("num_steps", "learning_rate", "warmup_steps", "adam_epsilon")
  return {"settings": settings, **{name: getattr(optimizer, name) for name in names}}


def prepare_distribution(run: RunConfig) -> distribution.Distribution:
  """Chooses devices and machines; must precede all other use of TensorFlow.

  Raises:
    InputError: devices that are not there, or an unusable TF_CONFIG.
  """
  distribution.share_cores()
  if run.num_replicas and run.distribution != "mirrored":
    raise InputError(f"--num_replicas={run.num_replicas}: requires --distribution=mirrored.")
  if run.distribution == "mirrored":
    return distribution.mirrored(run.num_replicas)
  if run.distribution == "multi_worker":
    return distribution.multi_worker(os.environ.get("TF_CONFIG"))
  return distribution.PLAIN


def _calibrate(experiment: Experiment, run: RunConfig, model: Framewise, builder: Any) -> None:
  """Sets ranges of a quantization-aware network, or prunes a PPU, by the first batches."""
  float_run, num_samples = experiment.network.quantize_aware, experiment.network.ppu_samples
  clips = functools.partial(batches.calibration_clips, experiment, run, builder, model.image_size)
  if float_run:
    initial_model.start_from_float_run(model, float_run, clips("ranges"))
  elif num_samples:
    if not isinstance(model, PPN) or not experiment.training.ppu_weights:
      raise InputError(
        f"--ppu_samples={num_samples}: prunes a trained PPU. Give one by --ppu_weights."
      )
    initial_model.prune_ppu(model, num_samples, clips("pruning"))


def _prepare_store(
  experiment: Experiment, workdir: Workdir, trainer: Trainer, place: distribution.Distribution
) -> Optional[StoredHeatmaps]:
  """Prepares the store of --stored_clips; None without.

  Raises:
    InputError: HeadNet or BodyNet is trained, or there are several devices.
  """
  num_clips, batch_size = experiment.training.stored_clips, experiment.optimizer.batch_size
  if not num_clips:
    return None
  check_fixed(trainer.model)
  if not place.is_plain:
    raise InputError("--stored_clips: trains on one device. Add --distribution=none.")
  return StoredHeatmaps(
    workdir.path / "heatmaps",
    math.ceil(num_clips / batch_size),
    trainer.training_step,
    experiment.skeleton,
    experiment.training.seed,
  )


def _prepare_validation(
  experiment: Experiment, run: RunConfig, model: Framewise, alpha: float
) -> Optional[Validation]:
  """Prepares scores on --validation_split; None without one."""
  if not run.validation_split:
    return None
  return Validation(
    model,
    records.open_split(run.dataset, run.validation_split, experiment.skeleton),
    run.validation_split,
    experiment.skeleton,
    num_frames=experiment.clips.num_frames,
    box_margin=experiment.clips.box_margin,
    steady_crops=experiment.clips.steady_crops,
    alpha=alpha,
  )
