"""Predicts the joints of a data set's clips with the network of a run."""

from typing import Any, Collection, Iterator

from ppn_tf.clips import pipeline
from ppn_tf.config.experiment import EvaluationConfig, Experiment
from ppn_tf.evaluation.evaluator import Evaluator
from ppn_tf.evaluation.followed_clips import follow
from ppn_tf.inference.tensorflow_models import KerasPoseModel
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.tracker import Tracker

PARTS = ("all", "head", "body")
BOXES = (*pipeline.BOXES, "tracked")


def select_part(model: Framewise, part: str) -> Framewise:
  """Returns the whole network, or HeadNet or BodyNet as a frame-wise network.

  Args:
    model: the whole network.
    part: one of PARTS.
  Raises:
    InputError: a frame-wise network has no HeadNet.
  """
  if part == "all":
    return model
  if part == "body":
    return Framewise(model.body_net)
  if not isinstance(model, PPN):
    raise InputError("--part=head: a frame-wise run has no HeadNet. Give --part=body.")
  return Framewise(model.head_net)


def predict_clips(
  model: Framewise,
  builder: Any,
  experiment: Experiment,
  evaluation: EvaluationConfig,
  *,
  box: str = "given",
  flip: bool = False,
  leave_out: Collection[str] = (),
) -> Iterator[ClipPredictions]:
  """Yields the joints in all clips of a split.

  Args:
    model: network to evaluate.
    builder: the data set.
    experiment: settings of crops, joints and windows; num_frames=0 stands for whole clips.
    evaluation: split, scales and decoder.
    box: one of BOXES; crops of "tracked" follow the previous pose and use no label.
    flip: whether the network sees each crop mirrored as well.
    leave_out: names of clips to skip.
  Raises:
    InputError: box="tracked" with several scales, `flip`, or decoding in the frame.
  """
  if box == "tracked":
    return _track_clips(model, builder, experiment, evaluation, flip, leave_out)
  clips = experiment.clips
  windows = pipeline.evaluation_windows(
    builder,
    evaluation.eval_split,
    num_frames=clips.num_frames or pipeline.chunk_length(len(evaluation.scales)),
    image_size=model.image_size,
    box=box,
    box_margin=clips.box_margin,
    steady_crops=clips.steady_crops,
    scales=evaluation.scales,
    leave_out=leave_out,
  )
  evaluator = Evaluator(
    model,
    experiment.skeleton,
    decoder=evaluation.decoder,
    whole_clip=not clips.num_frames,
    flip=flip,
  )
  return evaluator(windows.prefetch(2))


def _track_clips(
  model: Framewise,
  builder: Any,
  experiment: Experiment,
  evaluation: EvaluationConfig,
  flip: bool,
  leave_out: Collection[str],
) -> Iterator[ClipPredictions]:
  if evaluation.scales != (1.0,) or flip or evaluation.decoder == "frame":
    raise InputError(
      f"--box=tracked looks at one crop of a frame, as `{command('track')}` does. "
      "Give --scales=1 --decoder=dark and no --flip."
    )
  tracker = Tracker(
    KerasPoseModel(model),
    experiment.skeleton,
    margin=experiment.clips.box_margin,
    steady_crops=experiment.clips.steady_crops,
    decoder=evaluation.decoder,
  )
  num_frames = experiment.clips.num_frames
  return follow(tracker, builder, evaluation.eval_split, num_frames=num_frames, leave_out=leave_out)
