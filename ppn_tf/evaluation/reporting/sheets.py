"""Draws contact sheets of a run's worst clips and of its median clip."""

import dataclasses
from typing import Dict, List, Mapping, Sequence, Tuple

import numpy as np

from ppn_tf.clips import records
from ppn_tf.clips.labels import ClipLabels, read_labels
from ppn_tf.evaluation.prediction_files import read_predictions
from ppn_tf.evaluation.reporting import pictures, samples
from ppn_tf.evaluation.reporting.images import Picture
from ppn_tf.evaluation.reporting.moments import spread
from ppn_tf.evaluation.reporting.predictions import Stretch
from ppn_tf.evaluation.reporting.runs import Run
from ppn_tf.keypoints import pck
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError

import tensorflow_datasets as tfds

FRAMES = 8  # per clip
_COLUMNS = 4  # frames in a row, which fit the width of the page

Keypoints = Dict[str, np.ndarray]  # [N, K, 2] by clip


@dataclasses.dataclass(frozen=True)
class Sheet:
  """Holds one clip with the predictions of the runs.

  Attributes:
    clip: name of the clip.
    action: action of the person; may be empty.
    reason: reason for the choice.
    num_frames: number of frames of the whole clip.
    scores: (run name, formatted PCK-torso of the clip) pairs.
    bands: (frame numbers as text, (run name, picture) of each run), from top to bottom.
  """

  clip: str
  action: str
  reason: str
  num_frames: int
  scores: Tuple[Tuple[str, str], ...]
  bands: Tuple[Tuple[str, Tuple[Tuple[str, Picture], ...]], ...]


def draw_sheets(
  runs: Sequence[Run],
  builder: tfds.core.DatasetBuilder,
  split: str,
  num_worst: int,
) -> List[Sheet]:
  """Draws the predictions of all runs on the worst and the median clip of the first run.

  Args:
    runs: at least one, all with predictions.
    builder: data set of the predictions.
    split: split of the predictions.
    num_worst: number of clips with the lowest PCK-torso, without the median clip.
  Raises:
    InputError: If predictions have other joints or another number of frames than
      the labels, or cover no clip of the split.
  """
  skeleton, alpha = records.read_skeleton(builder), get_threshold(runs)
  labels = read_labels(builder, split)
  predicted = {run.name: _read_keypoints(run, labels, skeleton, split) for run in runs}
  scores = {
    name: {clip: _clip_pck(points, labels[clip], skeleton, alpha) for clip, points in clips.items()}
    for name, clips in predicted.items()
  }
  chosen = choose_clips(scores[runs[0].name], num_worst)
  indices = {clip: spread(len(labels[clip].keypoints), FRAMES) for clip, _ in chosen}
  frames = samples.read_frames(builder, split, indices)
  sheets = []
  for clip, reason in chosen:
    index, label = indices[clip], labels[clip]
    stretch = Stretch(
      clip, 0, frames[clip], label.keypoints[index], label.visibility[index], label.boxes[index]
    )
    keypoints = {name: clips[clip][index] for name, clips in predicted.items() if clip in clips}
    sheets.append(
      Sheet(
        clip=clip,
        action=label.action.replace("_", " "),
        reason=reason,
        num_frames=len(label.keypoints),
        scores=tuple((name, _format_score(scores[name][clip])) for name in keypoints),
        bands=_bands(stretch, keypoints, index, skeleton, alpha),
      )
    )
  return sheets


def get_threshold(runs: Sequence[Run]) -> float:
  """Returns the alpha of the first evaluated run, or the paper's alpha."""
  return next((run.alpha for run in runs if run.alpha is not None), pictures.ALPHA)


def choose_clips(scores: Mapping[str, float], num_worst: int) -> List[Tuple[str, str]]:
  """Chooses the clips with the lowest scores, worst first, and the median clip.

  Equal scores are ordered by name; of two middle clips the worse is the median.

  Args:
    scores: by clip; NaN leaves out a clip without visible joints.
    num_worst: number of clips with the lowest scores.
  Returns:
    (clip, reason) pairs.
  """
  ordered = sorted((score, clip) for clip, score in scores.items() if score == score)
  chosen = [(clip, "among the lowest PCK-torso") for _, clip in ordered[:num_worst]]
  if chosen:
    chosen[0] = (chosen[0][0], "the lowest PCK-torso")
  median = (len(ordered) - 1) // 2
  if median >= len(chosen):
    chosen.append((ordered[median][1], "the median PCK-torso"))
  return chosen


def _read_keypoints(
  run: Run, labels: Mapping[str, ClipLabels], skeleton: Skeleton, split: str
) -> Keypoints:
  """Reads the run's predictions [N, K, 2] of the labeled clips."""
  folder = run.predictions
  assert folder is not None
  _, predictions = read_predictions(folder)
  keypoints = {}
  for clip, prediction in predictions.items():
    if clip not in labels:
      continue
    if tuple(prediction.joint_names) != skeleton.joint_names:
      raise InputError(
        f"{folder}: clip {clip!r} has other joints than the data set. "
        "Give the --dataset of the predictions."
      )
    num_frames, expected = len(prediction.keypoints), len(labels[clip].keypoints)
    if num_frames != expected:
      raise InputError(
        f"{folder}: clip {clip!r} has {num_frames} frames, in the data set {expected}. "
        "Give the --dataset of the predictions."
      )
    keypoints[clip] = prediction.keypoints
  if not keypoints:
    raise InputError(
      f"{folder}: holds none of the {len(labels)} clips of the split {split!r}. "
      "Give the --dataset and --eval_split of the predictions, or --num_worst=0."
    )
  return keypoints


def _clip_pck(keypoints: np.ndarray, label: ClipLabels, skeleton: Skeleton, alpha: float) -> float:
  lengths = pck.torso_lengths(label.keypoints, skeleton)
  return pck.mean_pck(pck.correct(keypoints, label.keypoints, lengths, alpha), label.visibility)


def _bands(
  stretch: Stretch,
  keypoints: Keypoints,
  index: Sequence[int],
  skeleton: Skeleton,
  alpha: float,
) -> Tuple[Tuple[str, Tuple[Tuple[str, Picture], ...]], ...]:
  """Draws bands of frames as wide as the page, each with a row per run."""
  bands = []
  for first in range(0, len(index), _COLUMNS):
    shown = range(first, min(first + _COLUMNS, len(index)))
    rows = tuple(
      (name, pictures.skeleton_strip(stretch, points, shown, skeleton, name, alpha))
      for name, points in keypoints.items()
    )
    bands.append((", ".join(str(index[n] + 1) for n in shown), rows))
  return tuple(bands)


def _format_score(score: float) -> str:
  return "–" if score != score else f"{score:.1f}"
