"""Plan of `benchmarks.ablations`: the comparisons of the paper at small scale.

Stage 1 is `python -m ppn_tf.pretrain` on single frames, stage 2 `ppn_tf.train` on clips. "small"
and "large" stand for the light and strong networks of the paper: MobileNetV2 of width 0.35 from
random weights, and of width 1 from pretrained weights. All frames have 64x64 pixels, so that a
network trains in minutes on one core.
"""

import dataclasses
from typing import Dict, List, Sequence, Tuple

# Drawn people; their scores say nothing about scores on photographs.
TRAIN_CLIPS = ("--seed=0", "--num_train_clips=800", "--num_test_clips=0", "--num_frames=12")
# Other people, scenes and motions, in clips that are long enough to show drift.
TEST_CLIPS = ("--seed=3", "--num_train_clips=0", "--num_test_clips=40", "--num_frames=60")
LOOKS = ("--difficulty=0.1", "--lapses=0.25")

SMALL, LARGE = "mobilenet_v2_0.35", "mobilenet_v2"
COMMON = (
  "--image_size=64,64",
  "--box_margin=1.0",
  "--scale_range=0.88,1.12",
  "--max_shift=0.04",
  "--max_rotation=10",
  "--sigma=1.5",
  "--batch_norm_momentum=0.95",
)
PRETRAINING = (
  *COMMON,
  "--method=framewise",
  "--num_frames=1",
  "--batch_size=16",
  "--num_epochs=0",
  "--num_steps=3600",
  "--learning_rate=0.003",
  "--learning_rate_drops=",
  "--weight_decay=1e-5",
  "--log_every=100",
  "--checkpoint_every=600",
)
TRAINING = (
  *COMMON,
  "--num_frames=5",
  "--batch_size=8",
  "--num_steps=400",
  "--learning_rate=0.0005",
  "--warmup_steps=20",
  "--freeze_batch_norm=loaded",
  "--ppu_blocks=3",
  "--dilations=1,3",
  "--initial_gain=0.5",
  "--log_every=20",
  "--checkpoint_every=100",
)
EVALUATION = ("--scales=1", "--decoder=dark")
# T of Table 3; 0 means whole clips.
WINDOWS, WHOLE_CLIP = (1, 2, 5, 10, 15), 0
TRAINED_T = 5


@dataclasses.dataclass(frozen=True)
class Run:
  """Network that is trained once per seed.

  Attributes:
    name: name of its folder, and its key in the results.
    flags: flags of the command after those of TRAINING or PRETRAINING.
    head: name of the pretrained run from which HeadNet starts, or "".
    body: name of the pretrained run from which BodyNet starts; "" for a pretrained network itself.
    windows: values of T for scoring.
  """

  name: str
  flags: Tuple[str, ...]
  head: str = ""
  body: str = ""
  windows: Tuple[int, ...] = (TRAINED_T,)

  @property
  def command(self) -> str:
    """Returns the module that trains the network."""
    return "ppn_tf.train" if self.body else "ppn_tf.pretrain"


def _networks(head: str, body: str) -> Tuple[str, ...]:
  return f"--head_backbone={head}", f"--body_backbone={body}"


_MIXED = _networks(LARGE, SMALL)
PRETRAINED = (
  # Pretrained weights require smaller steps. Their batch norms are folded; frozen ones would
  # require steps so small that the network from random weights overtakes this one.
  Run(
    "pretrained_large",
    (f"--body_backbone={LARGE}", "--learning_rate=0.002", "--warmup_steps=100"),
    windows=(),
  ),
  Run("pretrained_small", (f"--body_backbone={SMALL}",), windows=()),
  Run(
    "pretrained_small_deconv", (f"--body_backbone={SMALL}", "--body_upsampling=deconv"), windows=()
  ),
  Run(
    "pretrained_small_separable",
    (f"--body_backbone={SMALL}", "--body_upsampling=separable_duc"),
    windows=(),
  ),
)
TRAINED = (
  Run(
    "framewise_small",
    ("--method=framewise", f"--body_backbone={SMALL}"),
    body="pretrained_small",
    windows=(TRAINED_T, WHOLE_CLIP),
  ),
  Run(
    "ppn_large_small",
    _MIXED,
    head="pretrained_large",
    body="pretrained_small",
    windows=(*WINDOWS, WHOLE_CLIP),
  ),
  Run("ppn_small", _networks(SMALL, SMALL), head="pretrained_small", body="pretrained_small"),
  Run(
    "framewise_large",
    ("--method=framewise", f"--body_backbone={LARGE}"),
    body="pretrained_large",
    windows=(TRAINED_T, WHOLE_CLIP),
  ),
  Run("ppn_large", _networks(LARGE, LARGE), head="pretrained_large", body="pretrained_large"),
  # Without preliminary heatmaps in the sum, propagated ones must keep their height.
  Run(
    "ppn_large_small_without_skip",
    (*_MIXED, "--noskip_connection", "--initial_gain=1"),
    head="pretrained_large",
    body="pretrained_small",
  ),
  Run(
    "ppn_large_small_sum",
    (*_MIXED, "--ppu_reduction=sum"),
    head="pretrained_large",
    body="pretrained_small",
  ),
  Run(
    "ppn_large_small_from_first",
    (*_MIXED, "--propagation=from_first"),
    head="pretrained_large",
    body="pretrained_small",
    windows=(TRAINED_T, WHOLE_CLIP),
  ),
  Run(
    "framewise_small_deconv",
    ("--method=framewise", f"--body_backbone={SMALL}", "--body_upsampling=deconv"),
    body="pretrained_small_deconv",
  ),
)


def _mobile(name: str, *flags: str, body: str = "pretrained_small") -> Run:
  """Returns a small version of PPN-Swift, or of a simpler network, scored on whole clips."""
  return Run(
    name,
    (*_networks(SMALL, SMALL), *flags),
    head="pretrained_small",
    body=body,
    windows=(TRAINED_T, WHOLE_CLIP),
  )


# For maps of 16x16 cells; in the paper 3, 6, 12, 18, 24 and 3, 12 for 64x64 cells.
_FIVE_RATES, _TWO_RATES = "--dilations=1,2,3,4,6", "--dilations=1,3"
_SEVENTEEN_BLOCKS, _FOUR_BLOCKS = "--ppu_blocks=17", "--ppu_blocks=4"
_SEPARABLE = "--body_upsampling=separable_duc"
_LITE = (_FOUR_BLOCKS, _TWO_RATES, _SEPARABLE)
# From PPN-Swift step by step to faster networks for phones (benchmarks.mobile_variants).
MOBILE = (
  _mobile("swift", _SEVENTEEN_BLOCKS, _FIVE_RATES),
  _mobile("swift_rounded", _SEVENTEEN_BLOCKS, _FIVE_RATES, "--offset_steps=4"),
  _mobile("swift_four_blocks", _FOUR_BLOCKS, _FIVE_RATES),
  _mobile("swift_two_rates", _FOUR_BLOCKS, _TWO_RATES),
  _mobile("swift_lite", *_LITE, body="pretrained_small_separable"),
  _mobile("swift_lite_rounded", *_LITE, "--offset_steps=4", body="pretrained_small_separable"),
)
RUNS: Dict[str, Run] = {run.name: run for run in (*PRETRAINED, *TRAINED, *MOBILE)}


def with_prerequisites(names: Sequence[str]) -> List[Run]:
  """Returns runs and the pretrained runs that they require, in training order.

  Args:
    names: keys of RUNS.
  Raises:
    ValueError: an unknown name.
  """
  unknown = sorted(set(names) - set(RUNS))
  if unknown:
    raise ValueError(f"{unknown[0]}: not one of {', '.join(RUNS)}.")
  required = {*names}
  for name in names:
    required |= {RUNS[name].head, RUNS[name].body}
  return [run for run in RUNS.values() if run.name in required]


def training_flags(run: Run) -> Tuple[str, ...]:
  """Returns the flags of a run without seed, folders and initial weights."""
  return (*(TRAINING if run.body else PRETRAINING), *run.flags)
