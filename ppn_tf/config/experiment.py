"""All flags of an experiment, and the model and clips that they describe.

The doors share this module, so one flagfile serves them all. Defaults are the
paper's (section IV-B). Below here only plain arguments are passed.
"""

import pathlib
from typing import Any, Dict, Mapping, Sequence, Tuple

from absl import flags

import ppn_tf
from ppn_tf.clips import records
from ppn_tf.config import named  # noqa: F401  defines --config
from ppn_tf.keypoints import skeletons
from ppn_tf.keypoints.multi_scale import DECODERS
from ppn_tf.models import build
from ppn_tf.models.layers.upsample import UPSAMPLINGS
from ppn_tf.models.pose_net import BACKBONES
from ppn_tf.models.ppn import PROPAGATIONS, Framewise
from ppn_tf.models.ppu import DILATIONS, REDUCTIONS
from ppn_tf.models.quantize_aware import quantize_aware
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.workdir import Workdir, restore

import tensorflow as tf

FLAGS = flags.FLAGS
VERSION = ppn_tf.__version__


class _SkeletonParser(flags.ArgumentParser):
  """Takes a known skeleton's name, or the folder of a data set that defines its own.

  The value is what `skeletons.find_skeleton` reads, so that a run knows its
  joints without the data set.
  """

  syntactic_help = "a known skeleton's name, or a data set's folder"

  def parse(self, argument: str) -> str:
    if pathlib.Path(argument).is_dir() and argument not in skeletons.SKELETONS:
      try:
        return skeletons.to_text(records.skeleton_of(records.open_records(argument)))
      except InputError as error:
        raise ValueError(str(error)) from error
    return skeletons.to_text(skeletons.find_skeleton(argument))


# The network.
_MODEL_FLAGS = [
  flags.DEFINE_enum(
    "method", "ppn", ["ppn", "framewise"], "PPN, or its BodyNet applied to each frame by itself."
  ),
  flags.DEFINE_enum("head_backbone", "hrnet_w48", sorted(BACKBONES), "HeadNet's backbone."),
  flags.DEFINE_enum("head_upsampling", "duc", sorted(UPSAMPLINGS), "HeadNet's upsampling units."),
  flags.DEFINE_enum("body_backbone", "mobilenet_v2", sorted(BACKBONES), "BodyNet's backbone."),
  flags.DEFINE_enum("body_upsampling", "duc", sorted(UPSAMPLINGS), "BodyNet's upsampling units."),
  flags.DEFINE_integer(
    "num_upsamplings", 3, "2x units behind a stride-32 backbone.", lower_bound=0, upper_bound=5
  ),
  flags.DEFINE_integer("ppu_width", 0, "Channels of the PPU's blocks; 0: K.", lower_bound=0),
  flags.DEFINE_integer("ppu_blocks", 17, "Residual blocks of the PPU.", lower_bound=1),
  flags.DEFINE_list("dilations", [str(rate) for rate in DILATIONS], "Dilation rates of the PPU."),
  flags.DEFINE_enum(
    "ppu_reduction",
    "mean",
    sorted(REDUCTIONS),
    "How the maps of all dilation rates are put together (Eq. 5).",
  ),
  flags.DEFINE_integer(
    "offset_steps",
    0,
    "Parts of a cell that the PPU's offsets are rounded to, as a table is read by that "
    f"`{command('export tflite')} --sampler=table` puts in its place; 0: not rounded.",
    lower_bound=0,
  ),
  flags.DEFINE_integer(
    "ppu_samples",
    0,
    "Of what the PPU's deformable convolutions read, 9 taps of K joints at each dilation rate, so "
    "many samples are kept, those that its answer needs most; the PPU of --ppu_weights is pruned "
    "to them before it is trained. An exported PPU then takes so much less time. 0: all.",
    lower_bound=0,
  ),
  flags.DEFINE_bool("skip_connection", True, "Add BodyNet's heatmaps to the PPU's."),
  flags.DEFINE_enum(
    "propagation",
    "chained",
    PROPAGATIONS,
    "What a pose is propagated from: the frame before (Fig. 3c), or always the first (Fig. 3b).",
  ),
  flags.DEFINE_list("image_size", ["256", "256"], "Height and width of the crops in pixels."),
  flags.DEFINE_string(
    "quantize_aware",
    "",
    "A run's workdir, whose network is trained on with the rounding that "
    f"`{command('export tflite')} --quantize=qat` will do. Flags of the network that are not "
    "given are that run's.",
  ),
  flags.DEFINE(
    _SkeletonParser(),
    "skeleton",
    "penn_action",
    f"The joints: {', '.join(sorted(skeletons.SKELETONS))}, or the folder of a data set.",
  ),
]
# The clips and how the network learns from them.
_TRAINING_FLAGS = [
  flags.DEFINE_string("train_split", "train", "Split of the data set to train on."),
  flags.DEFINE_integer("num_frames", 5, "T: frames of a clip.", lower_bound=0),
  flags.DEFINE_float("box_margin", 1.25, "Side of the crop over the longer side of the box."),
  flags.DEFINE_list("scale_range", ["0.8", "1.4"], "Random scaling of the person."),
  flags.DEFINE_float("max_rotation", 40.0, "Random rotation to either side, in degrees."),
  flags.DEFINE_float("flip_probability", 0.5, "How often a clip is mirrored."),
  flags.DEFINE_float(
    "max_shift",
    0.0,
    "Random shift of the crop, in parts of its side. The paper has none; trackers want some.",
    lower_bound=0.0,
  ),
  flags.DEFINE_integer(
    "max_frame_step",
    1,
    "Frames from each of a clip's T to the next, at most: drawn for each clip, for faster motion.",
    lower_bound=1,
  ),
  flags.DEFINE_bool(
    "steady_crops",
    False,
    "Crop the frames of a clip along a straight path and at one size, instead of each about its "
    "own box. Trackers then take the previous heatmaps along with their crops.",
  ),
  flags.DEFINE_float(
    "turn_probability",
    0.0,
    "How often the rotation is by any angle, for people who are not upright.",
    lower_bound=0.0,
    upper_bound=1.0,
  ),
  flags.DEFINE_float(
    "neighbor_probability",
    0.0,
    "How often somebody stands beside a clip's person, whose joints are not asked for.",
    lower_bound=0.0,
    upper_bound=1.0,
  ),
  flags.DEFINE_float(
    "color_jitter",
    0.0,
    "Strength of random colours, contrast, brightness and noise; 1 is as much as there is.",
    lower_bound=0.0,
    upper_bound=1.0,
  ),
  flags.DEFINE_float(
    "blur_probability", 0.0, "How often a frame is out of focus.", lower_bound=0.0, upper_bound=1.0
  ),
  flags.DEFINE_float(
    "occlusion_probability",
    0.0,
    "How often something passes before a clip's person.",
    lower_bound=0.0,
    upper_bound=1.0,
  ),
  flags.DEFINE_float("sigma", 2.0, "Standard deviation of the target heatmaps in cells."),
  flags.DEFINE_integer("num_steps", 300_000, "Training steps.", lower_bound=1),
  flags.DEFINE_integer(
    "num_epochs",
    0,
    "Train for so many epochs, whatever --num_steps is. An epoch is every clip once, or with "
    "--num_frames=1 every frame.",
    lower_bound=0,
  ),
  flags.DEFINE_integer("batch_size", 8, "Clips in a batch.", lower_bound=1),
  flags.DEFINE_float("learning_rate", 1e-4, "Of Adam, at the start; it falls linearly to zero."),
  flags.DEFINE_list(
    "learning_rate_drops",
    [],
    "Epochs after which the learning rate falls to a tenth, instead of linearly.",
  ),
  flags.DEFINE_float("weight_decay", 1e-5, "L2 term in the gradient."),
  flags.DEFINE_integer("warmup_steps", 0, "Steps in which the learning rate rises.", lower_bound=0),
  flags.DEFINE_float(
    "clip_norm", 0.0, "Scale gradients of a greater norm down to it; 0: never.", lower_bound=0.0
  ),
  flags.DEFINE_integer(
    "accumulation",
    1,
    "Parts that a batch is computed in, one after the other, to need less memory. Batch norms see "
    "one part.",
    lower_bound=1,
  ),
  flags.DEFINE_string(
    "head_weights",
    "",
    "What HeadNet starts from: `imagenet`, weights in an .npz file, MoveNet Lightning's .tflite "
    "(for movenet and mobilenet_v2_fpn), `people` (that of the network that comes with the "
    "package), or a run's workdir (its HeadNet, or a frame-wise run's one network).",
  ),
  flags.DEFINE_string(
    "body_weights",
    "",
    "What BodyNet starts from: `imagenet`, weights in an .npz file, MoveNet Lightning's .tflite "
    "(for movenet and mobilenet_v2_fpn), `people`, or a run's workdir (its BodyNet).",
  ),
  flags.DEFINE_string(
    "ppu_weights",
    "",
    "What the PPU starts from: `people`, or the workdir of a PPN with as many joints.",
  ),
  flags.DEFINE_string(
    "teacher",
    "",
    "`people`, or a run's workdir: the heatmaps of its network, of all joints, are learned in "
    "place of the labels' (knowledge distillation).",
  ),
  flags.DEFINE_float(
    "loaded_rate",
    1.0,
    "What the learning rate is multiplied with for weights that are loaded; such as 0.1.",
    lower_bound=0.0,
    upper_bound=1.0,
  ),
  flags.DEFINE_string(
    "trainable_from",
    "",
    "A layer's name, such as block_6_expand: layers of loaded networks before it stay as they are.",
  ),
  flags.DEFINE_enum(
    "freeze_batch_norm",
    "none",
    ["none", "loaded", "all"],
    "Keep batch norms as they are: those of networks with loaded weights, or all.",
  ),
  flags.DEFINE_float(
    "initial_gain",
    1.0,
    "What the PPU's first copies are multiplied with. Below 1 a loaded BodyNet starts with what "
    "is left, so that their sum keeps its height.",
    lower_bound=0.0,
    upper_bound=1.0,
  ),
  flags.DEFINE_bool(
    "mixed_precision",
    False,
    "Compute convolutions in half precision: float16 on a GPU, else bfloat16. Weights, heatmaps, "
    "positions and loss stay float32.",
  ),
  flags.DEFINE_enum(
    "batch_norm",
    "per_replica",
    ["per_replica", "synchronized"],
    "What batch norms take mean and variance over in training: each replica's part of the batch, "
    "or all of it, at the price of messages at every layer.",
  ),
  flags.DEFINE_float(
    "ema_momentum",
    0.0,
    "Of a moving average of all weights, which is then what is scored, evaluated and exported; "
    "such as 0.999. 0: none.",
    lower_bound=0.0,
    upper_bound=1.0,
  ),
  flags.DEFINE_float("batch_norm_momentum", 0.99, "Of the batch norms' moving statistics."),
  flags.DEFINE_integer("seed", 0, "Decides initial weights, order of clips and augmentation."),
]
# Where and not what is trained: a run may go on elsewhere, on another number of replicas.
flags.DEFINE_enum(
  "distribution",
  "none",
  ("none", "mirrored", "multi_worker"),
  "Train on one device, on all GPUs of this machine, or as one of the processes in TF_CONFIG.",
)
flags.DEFINE_integer(
  "num_replicas",
  0,
  "GPUs of --distribution=mirrored; 0: all. Without GPUs, what the CPU is divided into.",
  lower_bound=0,
)
flags.DEFINE_list(
  "data_service",
  [],
  "grpc://HOST:PORT of a `python -m ppn_tf.training.data_service` that prepares the clips, or of "
  "several, in turn.",
)
flags.DEFINE_integer("log_every", 100, "Steps between reports.", lower_bound=1)
flags.DEFINE_integer("checkpoint_every", 1000, "Steps between checkpoints.", lower_bound=1)
flags.DEFINE_integer("keep_checkpoints", 3, "The last so many are kept.", lower_bound=1)
flags.DEFINE_string(
  "validation_split",
  "",
  "Split to score at each checkpoint, the best of which is kept apart. None by default.",
)
flags.DEFINE_enum(
  "checkpoint", "latest", ["latest", "best"], "Which of a run's checkpoints is looked at."
)
flags.DEFINE_bool("strict", False, "Stop at clips that are too short, rather than skip them.")
flags.DEFINE_string("workdir", None, "The run's folder.")
flags.DEFINE_string("dataset", None, "Folder of the prepared data set.")
flags.DEFINE_string("eval_split", "test", "Split of the data set to evaluate on.")
flags.DEFINE_list(
  "scales", ["0.8", "0.9", "1.0", "1.1", "1.2", "1.3", "1.4"], "Scales of multi-scale inference."
)
flags.DEFINE_enum(
  "decoder",
  "frame",
  DECODERS,
  "How joints are read from heatmaps: in the frame, where they are enlarged and summed; or in the "
  "crop by DARK, with a quarter cell's step, or as the highest cell.",
)
flags.DEFINE_float("alpha", 0.2, "PCK's threshold as a part of the reference length.")


def model_flags() -> Dict[str, Any]:
  """Names and values of the flags that decide the network."""
  return {holder.name: holder.value for holder in _MODEL_FLAGS}


def run_flags() -> Dict[str, Any]:
  """Names and values of the flags that decide a training run's outcome."""
  return {holder.name: holder.value for holder in _MODEL_FLAGS + _TRAINING_FLAGS}


def numbers(name: str, count: int = 0) -> Tuple[float, ...]:
  """The numbers of a list flag.

  Raises:
    InputError: one of them is no number, or there are not `count` (if given).
  """
  return build.numbers(name, FLAGS[name].value, count)


def required(name: str) -> str:
  """The value of a flag that must be given; InputError without one."""
  if not FLAGS[name].value:
    raise InputError(f"--{name} is missing. {FLAGS[name].help}")
  return FLAGS[name].value


def build_model(settings: Mapping[str, Any]) -> Framewise:
  """The network that a run's flags describe, with fresh weights; see `models.network`.

  Args:
    settings: values by flag name, as in flags.json.
  Raises:
    InputError: flags that do not fit each other.
  """
  model = build.build_network(settings)
  return quantize_aware(model) if settings["quantize_aware"] else model


def plain_model() -> Framewise:
  """The flags' network with fresh weights, to restore a checkpoint to."""
  return build_model(run_flags())


def run_of(workdir: str) -> Workdir:
  """A run's folder; where its flags are from before a flag existed, that one has its default."""
  holders = _MODEL_FLAGS + _TRAINING_FLAGS
  return Workdir(workdir, {holder.name: holder.default for holder in holders})


def load_run(workdir: str) -> Framewise:
  """The trained network of a run.

  Raises:
    InputError: no run there, no checkpoint yet, or one that does not fit.
  """
  run = run_of(workdir)
  model = build_model(run.read_flags())
  restore(tf.train.Checkpoint(model=model), run.checkpoint(FLAGS.checkpoint))
  return model


def take_over_float_network() -> None:
  """Gives flags of the network that were not given the values that --quantize_aware's run has.

  A run that goes on needs that run no more: its own flags are taken.

  Raises:
    InputError: no run there, or one that flags contradict, or that rounds itself.
  """
  own = run_of(required("workdir"))
  if own.is_there():
    take_over(own.read_flags(), _MODEL_FLAGS)
    return
  source = run_of(FLAGS.quantize_aware)
  # Offsets may be rounded from here on: it changes nothing that has a weight.
  free = ("quantize_aware", "offset_steps")
  try:
    source.check_flags(
      {one.name: one.value for one in _MODEL_FLAGS if one.present and one.name not in free}
    )
  except InputError as error:
    raise InputError(f"--quantize_aware takes a run's network. {error}") from error
  saved = source.read_flags()
  if saved["quantize_aware"]:
    raise InputError(
      f"--quantize_aware={FLAGS.quantize_aware}: is quantization-aware already, from "
      f"{saved['quantize_aware']}. Give that one, or go on with it by --workdir."
    )
  take_over(saved, _MODEL_FLAGS)


def take_over(
  saved: Mapping[str, Any],
  holders: Sequence[flags.FlagHolder] = (*_MODEL_FLAGS, *_TRAINING_FLAGS),
) -> None:
  """Gives flags that were not given the values that are saved, as far as they are."""
  for holder in holders:
    if not holder.present and holder.name in saved:
      FLAGS[holder.name].value = saved[holder.name]


def load_checked_run() -> Framewise:
  """The trained network of --workdir, which flags about the network must not contradict.

  The run's other flags (crops, T, joints) hold too where none were given.
  """
  workdir = required("workdir")
  run = run_of(workdir)
  run.check_flags({holder.name: holder.value for holder in _MODEL_FLAGS if holder.present})
  take_over(run.read_flags())
  return load_run(workdir)


def skeleton() -> skeletons.Skeleton:
  """The joints by the flags."""
  return skeletons.find_skeleton(FLAGS.skeleton)


def open_dataset(split: str) -> Any:
  """The data set of --dataset, which must have the split and the flags' joints."""
  builder = records.open_records(required("dataset"))
  records.num_clips(builder, split)
  found = records.skeleton_of(builder)
  if found != skeleton():
    wanted = found.name if found.name in skeletons.SKELETONS else FLAGS.dataset
    raise InputError(f"{FLAGS.dataset}: its joints are {found.name}'s. Give --skeleton={wanted}.")
  return builder
