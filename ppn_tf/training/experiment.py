"""The training that the flags describe: model, batches and loop, for the doors that train."""

import dataclasses
import functools
import os
import sys
from typing import Any, Dict, Iterator, List, Tuple

from absl import flags
from tqdm import tqdm

from ppn_tf.clips import pipeline, service
from ppn_tf.clips.augment import Augmentation
from ppn_tf.config import experiment
from ppn_tf.inference import people
from ppn_tf.models.layers import batch_norm
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.pruning import prune
from ppn_tf.models.quantize_aware import start_from
from ppn_tf.runtime.errors import InputError
from ppn_tf.training import distribution, loop, mixed_precision
from ppn_tf.training.ema import WeightAverage
from ppn_tf.training.initial_weights import load_weights
from ppn_tf.training.trainer import Trainer
from ppn_tf.training.validation import Validation

import tensorflow as tf

FLAGS = flags.FLAGS
# Batches that a quantization-aware network's first ranges, and a pruned PPU's samples, are
# chosen by.
_CALIBRATION_BATCHES = 10


def train() -> None:
  """Trains the flags' network on their data set, or goes on with it.

  Raises:
    InputError: flags that do not fit each other, the data set or the workdir.
  """
  run = experiment.run_of(experiment.required("workdir"))
  if FLAGS.quantize_aware:
    _check_quantize_aware()
    experiment.take_over_float_network()
  place = prepare_distribution()
  with place.survived(run.path):
    builder = experiment.open_dataset(FLAGS.train_split)
    _report_short_clips(builder)
    if FLAGS.num_epochs:
      FLAGS["num_steps"].value = max(1, _steps(builder, FLAGS.num_epochs))
    drops = experiment.numbers("learning_rate_drops") if FLAGS.learning_rate_drops else ()
    with place.strategy.scope():
      prepared, loaded = prepare_model()
      trainer = Trainer(
        prepared,
        drops=[_steps(builder, epochs) for epochs in drops],
        slow_layers=loaded,
        slow_rate=FLAGS.loaded_rate,
        teacher=_teacher(prepared) if FLAGS.teacher else None,
        **trainer_arguments(),
      )
    model = trainer.model
    if FLAGS.quantize_aware and not run.has_checkpoint():
      _start_from_float_run(model, builder)
    elif FLAGS.ppu_samples and not run.has_checkpoint():
      _prune(model, builder)
    # The average, or what is looked at and scored under a strategy: another model, on one device.
    shown = experiment.plain_model() if FLAGS.ema_momentum or not place.is_plain else model
    average = WeightAverage(model, shown, FLAGS.ema_momentum) if FLAGS.ema_momentum else None
    validation = validation_arguments()
    loop.train(
      run,
      trainer,
      functools.partial(training_batches, builder, shown.image_size, part=place.part),
      flags=experiment.run_flags(),
      validate=Validation(shown, **validation) if validation else None,
      distribution=place,
      shown=shown,
      average=average,
      **loop_arguments(),
    )


def prepare_model() -> Tuple[Framewise, List[tf.keras.layers.Layer]]:
  """The flags' network, ready to train: seeded, weights loaded, batch norms set.

  Its layers whose weights were loaded come with it.

  Called in the scope of the strategy that is to train it.
  """
  tf.keras.utils.set_random_seed(FLAGS.seed)
  with mixed_precision.policy(FLAGS.mixed_precision):
    model = experiment.build_model(experiment.run_flags())
  loaded: List[tf.keras.Model] = []
  loaded_layers: List[tf.keras.layers.Layer] = []
  for part in ("body", "head"):
    network, source = getattr(model, f"{part}_net", None), FLAGS[f"{part}_weights"].value
    if source and network is not None:
      loaded_layers += load_weights(network, part, FLAGS[f"{part}_backbone"].value, source)
      loaded.append(network)
      if FLAGS.trainable_from:
        _keep_layers_before(network, FLAGS.trainable_from)
  if FLAGS.ppu_weights and isinstance(model, PPN):
    loaded_layers += load_weights(model.ppu, "ppu", "", FLAGS.ppu_weights)
    loaded.append(model.ppu)
  elif isinstance(model, PPN) and model.body_net in loaded and 0.0 < FLAGS.initial_gain < 1.0:
    heatmaps = model.body_net.layers[-1]
    heatmaps.set_weights([(1.0 - FLAGS.initial_gain) * weight for weight in heatmaps.get_weights()])
  # One replica's statistics are the batch's anyway.
  several = tf.distribute.get_strategy().num_replicas_in_sync > 1
  synchronized = FLAGS.batch_norm == "synchronized" and several
  if synchronized and FLAGS.accumulation > 1:
    raise InputError(
      f"--accumulation={FLAGS.accumulation}: batch norms would see a part of the batch, against "
      "--batch_norm=synchronized. Leave out one of them."
    )
  for network in model.networks:
    batch_norm.set_momentum(network, FLAGS.batch_norm_momentum)
    if FLAGS.freeze_batch_norm == "all" or (
      FLAGS.freeze_batch_norm == "loaded" and network in loaded
    ):
      batch_norm.freeze(network)
    if synchronized:
      batch_norm.synchronize(network)
  return model, loaded_layers


def _keep_layers_before(network: tf.keras.Model, name: str) -> None:
  """Takes a network's layers before the named one from training."""
  names = [layer.name for layer in network.layers]
  if name not in names:
    raise InputError(
      f"--trainable_from={name}: {network.name} has no such layer. Its layers: {', '.join(names)}"
    )
  for layer in network.layers[: names.index(name)]:
    layer.trainable = False


def _check_quantize_aware() -> None:
  """Raises InputError for flags that do not go with --quantize_aware."""
  refused = {
    "head_weights": "weights are that run's",
    "body_weights": "weights are that run's",
    "ppu_weights": "weights are that run's",
    "mixed_precision": "rounding to 8 bits is computed in float32",
  }
  for name, reason in refused.items():
    if FLAGS[name].value:
      raise InputError(f"--{name} and --quantize_aware: {reason}. Leave out one of them.")
  if FLAGS.distribution != "none":
    raise InputError(
      f"--distribution={FLAGS.distribution} and --quantize_aware: the ranges of activations follow "
      "one device's batches. Leave out one of them."
    )


def _start_from_float_run(model: Framewise, builder: Any) -> None:
  """Gives a quantization-aware network its run's weights, and ranges by the first batches."""
  clips = _first_clips(model, builder, "ranges")
  start_from(model, experiment.load_run(FLAGS.quantize_aware), clips)


def _first_clips(model: Framewise, builder: Any, what: str) -> Iterator[tf.Tensor]:
  """The frames [B, T, H, W, 3] of the first batches, with a progress bar that says what for."""
  batches = training_batches(builder, model.image_size, 0).take(_CALIBRATION_BATCHES)
  for batch in tqdm(batches, total=_CALIBRATION_BATCHES, desc=what, unit="batch", disable=None):
    yield batch["frames"]


def _teacher(model: Framewise) -> Framewise:
  """The network of --teacher.

  Raises:
    InputError: there is none, or its heatmaps are not like the model's.
  """
  if FLAGS.teacher == people.NAME:
    teacher = people.read()[0]
  else:
    teacher = experiment.load_run(FLAGS.teacher)
  theirs, ours = ((*one.heatmap_size, one.num_joints) for one in (teacher, model))
  if theirs != ours or teacher.image_size != model.image_size:
    raise InputError(
      f"--teacher={FLAGS.teacher}: makes heatmaps of {theirs} of {teacher.image_size} pixels, and "
      f"the flags' network {ours} of {model.image_size}. Give one that sees the same."
    )
  return teacher


def _prune(model: Framewise, builder: Any) -> None:
  """Leaves the PPU --ppu_samples of its samples, by the first batches.

  Raises:
    InputError: there is no trained PPU, or it has fewer.
  """
  if not isinstance(model, PPN) or not FLAGS.ppu_weights:
    raise InputError(
      f"--ppu_samples={FLAGS.ppu_samples}: prunes a PPU that is trained. Give it by --ppu_weights."
    )
  unroll = tf.function(model.unroll)

  def maps() -> Iterator[Tuple[tf.Tensor, tf.Tensor]]:
    for frames in _first_clips(model, builder, "pruning"):
      found = unroll(frames)
      before = tf.concat([found.initial[:, None], found.final[:, :-1]], axis=1)
      yield tuple(tf.reshape(one, [-1, *one.shape[2:]]) for one in (before, found.preliminary))

  try:
    change = prune(model.ppu, maps(), FLAGS.ppu_samples)
  except ValueError as error:
    raise InputError(f"--ppu_samples={FLAGS.ppu_samples}: {error}") from error
  print(f"pruned the PPU to {FLAGS.ppu_samples} samples; its answer changes by {change:.1%}")


def prepare_distribution() -> distribution.Distribution:
  """The flags' devices and machines; comes before whatever else TensorFlow does."""
  distribution.share_cores()
  if FLAGS.num_replicas and FLAGS.distribution != "mirrored":
    raise InputError(f"--num_replicas={FLAGS.num_replicas}: goes with --distribution=mirrored.")
  if FLAGS.distribution == "mirrored":
    return distribution.mirrored(FLAGS.num_replicas)
  if FLAGS.distribution == "multi_worker":
    return distribution.multi_worker(os.environ.get("TF_CONFIG"))
  return distribution.PLAIN


def training_batches(
  builder: Any, image_size: Tuple[int, int], first_step: int, part: Tuple[int, int] = (0, 1)
) -> tf.data.Dataset:
  """The flags' training batches from the given step on; `part` as in the pipeline's."""
  addresses = FLAGS.data_service
  if not addresses:
    return _training_batches(builder, image_size, first_step, part, (0, 1))
  turns = [(number, len(addresses)) for number in range(len(addresses))]
  datasets = [_training_batches(builder, image_size, first_step, part, turn) for turn in turns]
  return service.served(datasets, addresses)


def _training_batches(
  builder: Any,
  image_size: Tuple[int, int],
  first_step: int,
  part: Tuple[int, int],
  turn: Tuple[int, int],
) -> tf.data.Dataset:
  return pipeline.training_batches(
    builder,
    FLAGS.train_split,
    part=part,
    turn=turn,
    batch_size=FLAGS.batch_size,
    num_frames=FLAGS.num_frames,
    seed=FLAGS.seed,
    first_step=first_step,
    skeleton=experiment.skeleton(),
    image_size=image_size,
    box_margin=FLAGS.box_margin,
    steady_crops=FLAGS.steady_crops,
    augmentation=_augmentation(),
  )


def _augmentation() -> Augmentation:
  """Returns the augmentation of the flags.

  Raises:
    InputError: a value is out of range.
  """
  names = [field.name for field in dataclasses.fields(Augmentation) if field.name != "scale_range"]
  smallest, largest = experiment.numbers("scale_range", 2)
  try:
    return Augmentation(
      scale_range=(smallest, largest),
      **{name: FLAGS[name].value for name in names},
    )
  except ValueError as error:
    raise InputError(f"--{error}") from error


def trainer_arguments() -> Dict[str, Any]:
  """The flags that a `trainer.Trainer` takes; called in the scope of its strategy.

  Raises:
    InputError: a batch that has no such parts.
  """
  parts, replicas = FLAGS.accumulation, tf.distribute.get_strategy().num_replicas_in_sync
  if FLAGS.batch_size % (parts * replicas):
    of_replicas = f" of {replicas} replicas" if replicas > 1 else ""
    raise InputError(
      f"--batch_size={FLAGS.batch_size}: cannot be divided into {parts * replicas} parts, "
      f"--accumulation={parts}{of_replicas}. Give a multiple."
    )
  names = ("num_steps", "learning_rate", "weight_decay", "sigma", "warmup_steps", "clip_norm")
  return {name: FLAGS[name].value for name in (*names, "accumulation")}


def loop_arguments() -> Dict[str, Any]:
  """The flags that `training_loop.train` takes."""
  names = ("num_steps", "log_every", "checkpoint_every", "keep_checkpoints")
  frames_per_step = FLAGS.batch_size * FLAGS.num_frames
  return {"frames_per_step": frames_per_step, **{name: FLAGS[name].value for name in names}}


def validation_arguments() -> Dict[str, Any]:
  """What a `validation.Validation` takes beside the model; empty without --validation_split."""
  if not FLAGS.validation_split:
    return {}
  return {
    "builder": experiment.open_dataset(FLAGS.validation_split),
    "split": FLAGS.validation_split,
    "skeleton": experiment.skeleton(),
    "num_frames": FLAGS.num_frames,
    "box_margin": FLAGS.box_margin,
    "steady_crops": FLAGS.steady_crops,
    "alpha": FLAGS.alpha,
  }


def _steps(builder: Any, epochs: float) -> int:
  samples = pipeline.samples_per_epoch(builder, FLAGS.train_split, FLAGS.num_frames)
  return int(epochs * samples / FLAGS.batch_size)


def _report_short_clips(builder: Any) -> None:
  lengths = pipeline.clip_lengths(builder, FLAGS.train_split)
  short = sorted(clip for clip, length in lengths.items() if length < FLAGS.num_frames)
  if short:
    line = (
      f"{len(short)} of {len(lengths)} clips have fewer than --num_frames={FLAGS.num_frames} "
      f"frames: {', '.join(short[:10])}{' ...' if len(short) > 10 else ''}"
    )
    if FLAGS.strict:
      raise InputError(f"{FLAGS.dataset}: {line}. Lower --num_frames or leave out --strict.")
    print(f"skipped: {line}", file=sys.stderr)
