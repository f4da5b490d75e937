"""Contact sheets: the clips on which a run is at its worst, and its median one."""

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

FRAMES = 8  # of a clip
_COLUMNS = 4  # frames beside one another: as wide as the page

Keypoints = Dict[str, np.ndarray]  # [N, K, 2] by clip


@dataclasses.dataclass(frozen=True)
class Sheet:
  """One clip as the runs see it.

  Attributes:
    clip: its name.
    action: what the person does; may be empty.
    reason: why it was chosen.
    num_frames: of the whole clip.
    scores: (run name, PCK-torso of the clip in words).
    bands: (frames in words, (run name, picture) for each run), from top to bottom.
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
  """Draws what the runs predicted on the clips that the first of them makes telling.

  Args:
    runs: those with predictions, at least one.
    builder: the data set that they are of.
    split: the split that they are of.
    num_worst: clips with the lowest PCK-torso; the median one comes on top.
  Raises:
    InputError: predictions of other joints, of clips of another length, or of
      no clip of the split.
  """
  skeleton, alpha = records.skeleton_of(builder), threshold_of(runs)
  labels = read_labels(builder, split)
  predicted = {run.name: _read_keypoints(run, labels, skeleton, split) for run in runs}
  scores = {
    name: {clip: _clip_pck(points, labels[clip], skeleton, alpha) for clip, points in one.items()}
    for name, one in predicted.items()
  }
  chosen = choose_clips(scores[runs[0].name], num_worst)
  wanted = {clip: spread(len(labels[clip].keypoints), FRAMES) for clip, _ in chosen}
  frames = samples.read_frames(builder, split, wanted)
  sheets = []
  for clip, reason in chosen:
    index, label = wanted[clip], labels[clip]
    stretch = Stretch(
      clip, 0, frames[clip], label.keypoints[index], label.visibility[index], label.boxes[index]
    )
    given = {name: one[clip][index] for name, one in predicted.items() if clip in one}
    sheets.append(
      Sheet(
        clip=clip,
        action=label.action.replace("_", " "),
        reason=reason,
        num_frames=len(label.keypoints),
        scores=tuple((name, _words(scores[name][clip])) for name in given),
        bands=_bands(stretch, given, index, skeleton, alpha),
      )
    )
  return sheets


def threshold_of(runs: Sequence[Run]) -> float:
  """The alpha of the first run that was evaluated; the papers' where none was."""
  return next((run.alpha for run in runs if run.alpha is not None), pictures.ALPHA)


def choose_clips(scores: Mapping[str, float], num_worst: int) -> List[Tuple[str, str]]:
  """The clips of the lowest scores, worst first, and the median one; each with its reason.

  Args:
    scores: by clip; one that is NaN has nothing to be seen and is left out.
    num_worst: how many clips, fewer if there are fewer. Clips of the same
      score go by their names, and of two in the middle the worse is the median.
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
  """The run's predictions [N, K, 2] of those clips that are labelled."""
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
        "Give the --dataset that was predicted."
      )
    found, expected = len(prediction.keypoints), len(labels[clip].keypoints)
    if found != expected:
      raise InputError(
        f"{folder}: clip {clip!r} has {found} frames, the data set's has {expected}. "
        "Give the --dataset that was predicted."
      )
    keypoints[clip] = prediction.keypoints
  if not keypoints:
    raise InputError(
      f"{folder}: holds none of the {len(labels)} clips of the split {split!r}. "
      "Give the --dataset and --eval_split that were predicted, or --num_worst=0."
    )
  return keypoints


def _clip_pck(keypoints: np.ndarray, label: ClipLabels, skeleton: Skeleton, alpha: float) -> float:
  lengths = pck.torso_lengths(label.keypoints, skeleton)
  return pck.mean_pck(pck.correct(keypoints, label.keypoints, lengths, alpha), label.visibility)


def _bands(
  stretch: Stretch,
  given: Keypoints,
  index: Sequence[int],
  skeleton: Skeleton,
  alpha: float,
) -> Tuple[Tuple[str, Tuple[Tuple[str, Picture], ...]], ...]:
  """The frames in bands as wide as the page, in each of them a row for each run."""
  bands = []
  for first in range(0, len(index), _COLUMNS):
    shown = range(first, min(first + _COLUMNS, len(index)))
    rows = tuple(
      (name, pictures.skeleton_strip(stretch, points, shown, skeleton, name, alpha))
      for name, points in given.items()
    )
    bands.append((", ".join(str(index[n] + 1) for n in shown), rows))
  return tuple(bands)


def _words(score: float) -> str:
  return "–" if score != score else f"{score:.1f}"
