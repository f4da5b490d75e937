"""The runs' networks on frames they have not seen: skeletons, and a PPN's heatmaps."""

import dataclasses
from typing import List, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.evaluation.reporting import pictures
from ppn_tf.evaluation.reporting.images import Picture
from ppn_tf.evaluation.reporting.moments import Moment, spread
from ppn_tf.evaluation.reporting.predictions import Answer, Stretch, answer
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.models.ppn import PPN, Framewise

_SHOWN = 4  # frames of a stretch


@dataclasses.dataclass(frozen=True)
class Candidate:
  """A run's network.

  Attributes:
    run: the run's name.
    model: the network with its weights.
    margin: the crops' side in lengths of the box's longer side.
  """

  run: str
  model: Framewise
  margin: float


@dataclasses.dataclass(frozen=True)
class Strip:
  """Frames of one clip, a row of them per run.

  Attributes:
    clip: its name.
    frames: which of its frames, in words.
    rows: (run name, picture).
  """

  clip: str
  frames: str
  rows: Tuple[Tuple[str, Picture], ...]


@dataclasses.dataclass(frozen=True)
class Heatmaps:
  """One joint's heatmaps over some frames.

  Attributes:
    run: name of the run they are from.
    clip: the clip's name.
    frames: which of its frames, in words.
    reason: why this joint, these frames.
    skip_connection: whether the final heatmaps are the other two's sum.
    peak: the value of the brightest colour.
    rows: (label, picture), from top to bottom.
  """

  run: str
  clip: str
  frames: str
  reason: str
  skip_connection: bool
  peak: float
  rows: Tuple[Tuple[str, Picture], ...]


def look(
  candidates: Sequence[Candidate],
  samples: Sequence[Tuple[Stretch, Moment]],
  skeleton: Skeleton,
) -> List[Strip]:
  """Runs every candidate over every sample; a strip per sample."""
  strips = []
  for stretch, _ in samples:
    shown = spread(len(stretch.frames), _SHOWN)
    rows = []
    for candidate in candidates:
      given = answer(candidate.model, stretch, candidate.margin).keypoints
      strip = pictures.skeleton_strip(stretch, given, shown, skeleton, candidate.run)
      rows.append((candidate.run, strip))
    numbers = [str(stretch.first + n + 1) for n in shown]
    strips.append(Strip(stretch.clip, ", ".join(numbers), tuple(rows)))
  return strips


def look_inside(
  candidate: Candidate, samples: Sequence[Tuple[Stretch, Moment]], skeleton: Skeleton
) -> Optional[Heatmaps]:
  """A PPN's heatmaps at the most interesting of the moments; None of no samples.

  Args:
    candidate: a run whose network is a PPN.
    samples: labelled stretches, each with the moment to look at.
    skeleton: the joints.
  """
  if not samples:
    return None
  stretch, moment = max(samples, key=lambda sample: sample[1].interest)
  given = answer(candidate.model, stretch, candidate.margin)
  return _heatmaps(candidate, stretch, given, moment, skeleton)


def _heatmaps(
  candidate: Candidate, stretch: Stretch, given: Answer, moment: Moment, skeleton: Skeleton
) -> Heatmaps:
  model = candidate.model
  assert isinstance(model, PPN)
  window = slice(moment.first, moment.first + moment.length)
  assert given.propagated is not None
  maps = np.stack([given.preliminary, given.propagated, given.final])[:, window, ..., moment.joint]
  name = skeleton.joint_names[moment.joint].replace("_", " ")
  first = stretch.first + moment.first + 1
  return Heatmaps(
    run=candidate.run,
    clip=stretch.clip,
    frames=f"{first} to {first + moment.length - 1}",
    reason=moment.reason,
    skip_connection=model.skip_connection,
    peak=float(maps.max()),
    rows=tuple(pictures.heatmap_rows(stretch, given, moment, maps, name)),
  )
