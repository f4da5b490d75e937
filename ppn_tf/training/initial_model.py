"""Networks as training starts them: seeded, with initial weights, pruned or quantized."""

from typing import Any, Iterable, List, Tuple

import numpy as np

from ppn_tf.config.experiment import Experiment, build_model
from ppn_tf.inference.presets import load_network
from ppn_tf.inference.runs import load_run
from ppn_tf.models.layers import batch_norm
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.pruning import prune
from ppn_tf.models.quantize_aware import start_from
from ppn_tf.models.video_pose_model import VideoPoseModel
from ppn_tf.runtime.errors import InputError
from ppn_tf.training import mixed_precision
from ppn_tf.training.initial_weights import load_weights

import tensorflow as tf


def prepare_model(experiment: Experiment) -> Tuple[Framewise, List[tf.keras.layers.Layer]]:
  """Builds an experiment's network, ready to train.

  Must be called in the scope of the strategy that trains it.

  Returns:
    The network, and those of its layers that have initial weights.
  Raises:
    InputError: initial weights that do not fit, or settings that contradict each other.
  """
  training = experiment.training
  tf.keras.utils.set_random_seed(training.seed)
  with mixed_precision.policy(training.mixed_precision):
    model = build_model(experiment)
  loaded: List[tf.keras.Model] = []
  loaded_layers: List[tf.keras.layers.Layer] = []
  for part in ("body", "head"):
    network, source = getattr(model, f"{part}_net", None), getattr(training, f"{part}_weights")
    if source and network is not None:
      backbone = getattr(experiment.network, f"{part}_backbone")
      loaded_layers += load_weights(network, part, backbone, source)
      loaded.append(network)
      if training.trainable_from:
        _freeze_layers_before(network, training.trainable_from)
  if training.ppu_weights and isinstance(model, PPN):
    loaded_layers += load_weights(model.ppu, "ppu", "", training.ppu_weights)
    loaded.append(model.ppu)
  elif isinstance(model, PPN) and model.body_net in loaded and 0.0 < training.initial_gain < 1.0:
    heatmaps = model.body_net.layers[-1]
    share = 1.0 - training.initial_gain
    heatmaps.set_weights([share * weight for weight in heatmaps.get_weights()])
  _set_batch_norms(experiment, model, loaded)
  return model, loaded_layers


def _set_batch_norms(
  experiment: Experiment, model: Framewise, loaded: List[tf.keras.Model]
) -> None:
  training, parts = experiment.training, experiment.optimizer.accumulation
  # One replica's statistics are those of the batch already.
  several = tf.distribute.get_strategy().num_replicas_in_sync > 1
  synchronized = training.batch_norm == "synchronized" and several
  if synchronized and parts > 1:
    raise InputError(
      f"--accumulation={parts}: batch norms would see a part of the batch, against "
      "--batch_norm=synchronized. Leave out one of them."
    )
  for network in model.networks:
    batch_norm.set_momentum(network, training.batch_norm_momentum)
    if training.freeze_batch_norm == "all" or (
      training.freeze_batch_norm == "loaded" and network in loaded
    ):
      batch_norm.freeze(network)
    if synchronized:
      batch_norm.synchronize(network)


def _freeze_layers_before(network: tf.keras.Model, name: str) -> None:
  """Excludes the layers before the named one from training; all of them for "none"."""
  names = [layer.name for layer in network.layers]
  if name == "none":
    network.trainable = False
    return
  if name not in names:
    raise InputError(
      f"--trainable_from={name}: {network.name} has no such layer. Its layers: {', '.join(names)}"
    )
  for layer in network.layers[: names.index(name)]:
    layer.trainable = False


def check_quantize_aware(experiment: Experiment, distribution: str) -> None:
  """Checks that other settings are compatible with --quantize_aware.

  Raises:
    InputError: they are not.
  """
  refused = {
    "head_weights": "weights are that run's",
    "body_weights": "weights are that run's",
    "ppu_weights": "weights are that run's",
    "mixed_precision": "rounding to 8 bits is computed in float32",
  }
  for name, reason in refused.items():
    if getattr(experiment.training, name):
      raise InputError(f"--{name} and --quantize_aware: {reason}. Leave out one of them.")
  if distribution != "none":
    raise InputError(
      f"--distribution={distribution} and --quantize_aware: the ranges of activations follow "
      "one device's batches. Leave out one of them."
    )


def start_from_float_run(model: Framewise, workdir: str, clips: Iterable[tf.Tensor]) -> None:
  """Copies weights of a float run to a quantization-aware network, and calibrates its ranges.

  Args:
    model: quantization-aware network.
    workdir: the float run.
    clips: [B, T, H, W, 3] frames to calibrate on.
  """
  start_from(model, load_run(workdir).model, clips)


def load_teacher(source: str, model: Framewise) -> Framewise:
  """Loads a network to learn from.

  Args:
    source: "people", or the workdir of a run.
    model: network that learns.
  Raises:
    InputError: there is none, or its heatmaps are not like the model's.
  """
  teacher = load_network(source, VideoPoseModel)
  sizes = [(*network.heatmap_size, network.num_joints) for network in (teacher, model)]
  if sizes[0] != sizes[1] or teacher.image_size != model.image_size:
    raise InputError(
      f"--teacher={source}: makes heatmaps of {sizes[0]} from {teacher.image_size} pixels; the "
      f"network to train makes {sizes[1]} from {model.image_size}. Give a teacher of equal sizes."
    )
  if isinstance(teacher, PPN) and isinstance(model, PPN) and _equal_fixed_networks(teacher, model):
    # A training step then runs them once.
    return PPN(
      model.head_net, model.body_net, teacher.ppu, teacher.skip_connection, teacher.propagation
    )
  return teacher


def _equal_fixed_networks(teacher: PPN, model: PPN) -> bool:
  """Returns whether training keeps HeadNet and BodyNet as they are in the teacher."""
  for fixed, network in zip(teacher.networks[:2], model.networks[:2]):
    layers = [_describe_layers(part) for part in (fixed, network)]
    if network.trainable_variables or layers[0] != layers[1]:
      return False
    weights = zip(fixed.get_weights(), network.get_weights())
    if not all(np.array_equal(first, second) for first, second in weights):
      return False
  return True


def _describe_layers(network: tf.keras.Model) -> List[Tuple[Any, ...]]:
  """Returns type and shape of each layer, and the name of those with weights.

  Keras numbers the names of other layers.
  """
  return [
    (type(layer), layer.output_shape, layer.name if layer.weights else "")
    for layer in network.layers
  ]


def prune_ppu(model: PPN, num_samples: int, clips: Iterable[tf.Tensor]) -> None:
  """Prunes a trained PPU to its most important samples, and prints the effect.

  Args:
    model: network with the trained PPU.
    num_samples: samples to keep.
    clips: [B, T, H, W, 3] frames to choose them by.
  Raises:
    InputError: the PPU has fewer samples.
  """
  unroll = tf.function(model.unroll, autograph=False)

  def inputs() -> Iterable[Tuple[tf.Tensor, tf.Tensor]]:
    for frames in clips:
      yield unroll(frames).ppu_inputs()

  try:
    change = prune(model.ppu, inputs(), num_samples)
  except ValueError as error:
    raise InputError(f"--ppu_samples={num_samples}: {error}") from error
  print(f"pruned the PPU to {num_samples} samples; its answer changes by {change:.1%}")
