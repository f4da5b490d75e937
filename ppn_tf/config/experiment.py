"""Settings of an experiment; defaults are the paper's (section IV-B).

`Experiment` decides the result of a training run and is stored as flags.json in its
workdir. `RunConfig` and `EvaluationConfig` may change between two commands on one run.
"""

import dataclasses
from typing import Any, Dict, Mapping, Tuple

from ppn_tf.clips.augment import PAPER, Augmentation
from ppn_tf.keypoints import skeletons
from ppn_tf.keypoints.multi_scale import DECODERS
from ppn_tf.models.build import NetworkConfig, build_network
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.settings import Bounds, Settings, choice, number, numbers, switch, text, texts
from ppn_tf.runtime.workdir import Workdir

_MAX_STEPS = 10**9
# Values of runs that were made before these flags existed, where the defaults are others.
_FORMER_VALUES = {"adam_epsilon": 1e-7}


@dataclasses.dataclass(frozen=True)
class ClipConfig(Settings):
  """Settings of training clips: their frames and crops."""

  train_split: str = text("train", "Split of the data set to train on.")
  num_frames: int = number(
    5, "T: frames of a window, at whose start the recurrence restarts; 0: whole clips.", 0, 10**6
  )
  box_margin: float = number(
    1.25, "Side of the crop divided by the longer side of the person's box.", 0.1, 10.0
  )
  steady_crops: bool = switch(
    False,
    "Crop the frames of a clip along a straight path at one size, instead of around each box. "
    "Trackers then move the previous heatmaps along with their crops.",
  )


@dataclasses.dataclass(frozen=True)
class OptimizerConfig(Settings):
  """Settings of batches, steps and Adam."""

  num_steps: int = number(300_000, "Training steps.", 1, _MAX_STEPS)
  num_epochs: int = number(
    0,
    "Train for this many epochs instead of --num_steps. An epoch is every clip once, or with "
    "--num_frames=1 every frame once. 0: use --num_steps.",
    0,
    10**6,
  )
  batch_size: int = number(8, "Clips in a batch.", 1, 10**5)
  learning_rate: float = number(
    1e-4, "Initial learning rate of Adam; falls linearly to zero.", 1e-12, 1e3
  )
  learning_rate_drops: Tuple[float, ...] = numbers(
    (),
    "Epochs after which the learning rate drops to a tenth, instead of falling linearly.",
    Bounds(0.0, 1e6),
    ascending=True,
  )
  adam_epsilon: float = number(
    1e-8, "Constant that Adam adds to the root of the mean squared gradient.", 1e-12, 1.0
  )
  weight_decay: float = number(1e-5, "Factor of the weights in the gradient (L2).", 0.0, 1.0)
  warmup_steps: int = number(0, "Steps of linear warm-up.", 0, _MAX_STEPS)
  clip_norm: float = number(
    0.0, "Scale gradients of a larger norm down to this norm; 0: never.", 0.0, 1e9
  )
  accumulation: int = number(
    1,
    "Compute each batch in this many parts to save memory. Batch norms see one part at a time.",
    1,
    10**5,
  )
  ema_momentum: float = number(
    0.0,
    "Momentum of a moving average of all weights, such as 0.999; the average is then scored, "
    "evaluated and exported. 0: no average.",
    0.0,
    1.0,
  )


@dataclasses.dataclass(frozen=True)
class TrainingConfig(Settings):
  """Settings of targets, initial weights and number formats."""

  sigma: float = number(2.0, "Standard deviation of target heatmaps, in cells.", 0.1, 100.0)
  head_weights: str = text(
    "",
    "Initial weights of HeadNet: `imagenet`, an .npz file, the .tflite file of MoveNet Lightning "
    "(for movenet and mobilenet_v2_fpn) or Thunder (for movenet_thunder and "
    "mobilenet_v2_1.75_fpn), the .xml file of PP-TinyPose (for lite_hrnet and "
    "lite_hrnet_enlarged), `people` (the network of this package), or a workdir (HeadNet of a PPN, "
    "or the network of a frame-wise run).",
  )
  body_weights: str = text(
    "",
    "Initial weights of BodyNet: the same files as of HeadNet, `imagenet`, `people`, or a workdir "
    "(its BodyNet).",
  )
  ppu_weights: str = text(
    "", "Initial weights of the PPU: `people`, or the workdir of a PPN with as many joints."
  )
  teacher: str = text(
    "",
    "Network to learn from (knowledge distillation), `people` or a workdir: its heatmaps of all "
    "joints replace those of the labels.",
  )
  loaded_rate: float = number(
    1.0, "Factor on the learning rate of initial weights, such as 0.1.", 0.0, 1.0
  )
  trainable_from: str = text(
    "",
    "First trainable layer of a HeadNet and a BodyNet with initial weights, such as "
    "block_6_expand; `none` keeps them as they are.",
  )
  stored_clips: int = number(
    0,
    "With --trainable_from=none, number of drawn clips whose heatmaps are computed once, stored in "
    "the workdir and repeated, randomly mirrored; 0: draw new clips for each step.",
    0,
    10**7,
  )
  freeze_batch_norm: str = choice(
    "none",
    ("none", "loaded", "all"),
    "Freeze no batch norms, those of networks with initial weights, or all.",
  )
  initial_gain: float = number(
    1.0,
    "Initial factor on the propagated heatmaps. Below 1, a BodyNet with initial weights is scaled "
    "to the remainder, so that their sum keeps its height.",
    0.0,
    1.0,
  )
  mixed_precision: bool = switch(
    False,
    "Compute convolutions in half precision: float16 on a GPU, else bfloat16. Weights, heatmaps, "
    "positions and loss stay float32.",
  )
  batch_norm: str = choice(
    "per_replica",
    ("per_replica", "synchronized"),
    "Compute batch statistics over each replica's part of the batch, or over the whole batch at "
    "the price of messages at every layer.",
  )
  batch_norm_momentum: float = number(0.99, "Momentum of moving batch statistics.", 0.0, 1.0)
  seed: int = number(0, "Seed of initial weights, clip order and augmentation.", 0, 2**31 - 1)


@dataclasses.dataclass(frozen=True)
class RunConfig(Settings):
  """Settings of a training command that do not decide its result."""

  workdir: str = text("", "Folder of the run.")
  dataset: str = text("", "Folder of the prepared data set.")
  validation_split: str = text(
    "", "Split to score at each checkpoint; the best checkpoint is kept in best/. Empty: none."
  )
  log_every: int = number(100, "Steps between reports.", 1, _MAX_STEPS)
  checkpoint_every: int = number(1000, "Steps between checkpoints.", 1, _MAX_STEPS)
  keep_checkpoints: int = number(3, "Number of checkpoints to keep.", 1, 10**6)
  strict: bool = switch(False, "Stop at clips shorter than --num_frames, rather than skip them.")
  distribution: str = choice(
    "none",
    ("none", "mirrored", "multi_worker"),
    "Train on one device, on all GPUs of this machine, or as one of the processes in TF_CONFIG.",
  )
  num_replicas: int = number(
    0,
    "GPUs of --distribution=mirrored; 0: all. Without GPUs, number of parts of the CPU.",
    0,
    10**4,
  )
  data_service: Tuple[str, ...] = texts(
    "Addresses grpc://HOST:PORT of one or several `python -m ppn_tf.training.data_service` that "
    "prepare the clips in turn."
  )


@dataclasses.dataclass(frozen=True)
class EvaluationConfig(Settings):
  """Settings of scores on labeled clips."""

  eval_split: str = text("test", "Split of the data set to evaluate on.")
  scales: Tuple[float, ...] = numbers(
    (0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4), "Scales of multi-scale inference.", Bounds(0.05, 20.0)
  )
  decoder: str = choice(
    "frame",
    DECODERS,
    "Decoding of heatmaps: in the frame, where they are enlarged and summed; or in the crop by "
    "DARK, by a quarter-cell step, or as the highest cell.",
  )
  alpha: float = number(0.2, "Threshold of PCK, in reference lengths.", 0.001, 10.0)


@dataclasses.dataclass(frozen=True)
class Experiment:
  """Settings that decide the result of a training run.

  Attributes:
    network: architecture.
    clips: frames and crops.
    augmentation: random changes of clips.
    optimizer: batches, steps and Adam.
    training: targets, initial weights and number formats.
  """

  network: NetworkConfig = NetworkConfig()
  clips: ClipConfig = ClipConfig()
  augmentation: Augmentation = PAPER
  optimizer: OptimizerConfig = OptimizerConfig()
  training: TrainingConfig = TrainingConfig()

  @classmethod
  def from_flags(cls, values: Mapping[str, Any]) -> "Experiment":
    """Makes an experiment from values by flag name, as in flags.json.

    Args:
      values: missing ones get defaults, others than the experiment's are ignored.
    Raises:
      InputError: a value is out of bounds.
    """
    try:
      parts = [getattr(cls, field.name) for field in dataclasses.fields(cls)]
      return cls(*(type(part).from_flags(values) for part in parts))
    except ValueError as error:
      raise InputError(f"--{error}") from error

  def to_flags(self) -> Dict[str, Any]:
    """Returns values by flag name, ready for JSON."""
    flags: Dict[str, Any] = {}
    for field in dataclasses.fields(self):
      flags.update(getattr(self, field.name).to_flags())
    return flags

  def replace(self, **values: Any) -> "Experiment":
    """Returns a copy with other values, by flag name."""
    return self.from_flags({**self.to_flags(), **values})

  @property
  def skeleton(self) -> skeletons.Skeleton:
    """Joints of the network."""
    return skeletons.find_skeleton(self.network.skeleton)


def build_model(experiment: Experiment) -> Framewise:
  """Builds an experiment's network with fresh weights.

  Raises:
    InputError: settings that contradict each other.
  """
  model = build_network(experiment.network, experiment.training.initial_gain)
  if not experiment.network.quantize_aware:
    return model
  from ppn_tf.models.quantize_aware import quantize_aware  # imports take seconds

  return quantize_aware(model)


def open_run(workdir: str) -> Workdir:
  """Opens the folder of a run; flags that its version did not have get the values of that time."""
  return Workdir(workdir, {**Experiment().to_flags(), **_FORMER_VALUES})


def read_experiment(run: Workdir) -> Experiment:
  """Reads the settings of a run.

  Raises:
    InputError: no run is there, or a value is out of bounds.
  """
  values = run.read_flags()
  try:
    return Experiment.from_flags(values)
  except InputError as error:
    raise InputError(f"{run.path / 'flags.json'}: {error}") from error
