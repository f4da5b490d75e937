"""Draws predictions of the runs' networks on test frames: skeletons and heatmaps."""

import dataclasses
from typing import List, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.evaluation.reporting import pictures
from ppn_tf.evaluation.reporting.images import Picture
from ppn_tf.evaluation.reporting.moments import Moment, spread
from ppn_tf.evaluation.reporting.predictions import Prediction, Stretch, predict
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.models.ppn import PPN, Framewise

_NUM_SHOWN = 4  # frames per stretch


@dataclasses.dataclass(frozen=True)
class Candidate:
  """Holds the network of a run.

  Attributes:
    run: name of the run.
    model: network with its weights.
    margin: side of the crops in lengths of the box's longer side.
  """

  run: str
  model: Framewise
  margin: float


@dataclasses.dataclass(frozen=True)
class Strip:
  """Holds frames of one clip, with a row per run.

  Attributes:
    clip: name of the clip.
    frames: frame numbers as text.
    rows: (run name, picture) pairs.
  """

  clip: str
  frames: str
  rows: Tuple[Tuple[str, Picture], ...]


@dataclasses.dataclass(frozen=True)
class Heatmaps:
  """Holds the heatmaps of one joint over some frames.

  Attributes:
    run: name of the run.
    clip: name of the clip.
    frames: frame numbers as text.
    reason: reason for the choice of joint and frames.
    skip_connection: whether final = preliminary + propagated heatmaps.
    peak: value of the brightest color.
    rows: (label, picture) pairs from top to bottom.
  """

  run: str
  clip: str
  frames: str
  reason: str
  skip_connection: bool
  peak: float
  rows: Tuple[Tuple[str, Picture], ...]


def draw_strips(
  candidates: Sequence[Candidate],
  samples: Sequence[Tuple[Stretch, Moment]],
  skeleton: Skeleton,
) -> List[Strip]:
  """Runs every network over every sample, and draws a strip per sample."""
  strips = []
  for stretch, _ in samples:
    shown = spread(len(stretch.frames), _NUM_SHOWN)
    rows = []
    for candidate in candidates:
      keypoints = predict(candidate.model, stretch, candidate.margin).keypoints
      strip = pictures.skeleton_strip(stretch, keypoints, shown, skeleton, candidate.run)
      rows.append((candidate.run, strip))
    numbers = [str(stretch.first + n + 1) for n in shown]
    strips.append(Strip(stretch.clip, ", ".join(numbers), tuple(rows)))
  return strips


def draw_heatmaps(
  candidate: Candidate, samples: Sequence[Tuple[Stretch, Moment]], skeleton: Skeleton
) -> Optional[Heatmaps]:
  """Draws a PPN's heatmaps at the most interesting moment; None without samples.

  Args:
    candidate: run whose network is a PPN.
    samples: labeled stretches, each with the moment to show.
    skeleton: joints of the labels.
  """
  if not samples:
    return None
  stretch, moment = max(samples, key=lambda sample: sample[1].interest)
  prediction = predict(candidate.model, stretch, candidate.margin)
  return _heatmaps(candidate, stretch, prediction, moment, skeleton)


def _heatmaps(
  candidate: Candidate, stretch: Stretch, prediction: Prediction, moment: Moment, skeleton: Skeleton
) -> Heatmaps:
  model = candidate.model
  assert isinstance(model, PPN)
  window = slice(moment.first, moment.first + moment.length)
  assert prediction.propagated is not None
  parts = (prediction.preliminary, prediction.propagated, prediction.final)
  maps = np.stack(parts)[:, window, ..., moment.joint]
  name = skeleton.joint_names[moment.joint].replace("_", " ")
  first = stretch.first + moment.first + 1
  return Heatmaps(
    run=candidate.run,
    clip=stretch.clip,
    frames=f"{first} to {first + moment.length - 1}",
    reason=moment.reason,
    skip_connection=model.skip_connection,
    peak=float(maps.max()),
    rows=tuple(pictures.heatmap_rows(stretch, prediction, moment, maps, name)),
  )
