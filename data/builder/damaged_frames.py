"""Clips some of whose frames are damaged."""

import dataclasses
from typing import List, Sequence, Tuple, TypeVar

import numpy as np

from .account import DAMAGED, Repair
from .clip_source import LabelledClip
from .frames import Frame

# A longer list of frames is cut.
_NAMED = 5

Clip = TypeVar("Clip", bound=LabelledClip)


def replace_damaged(labels: Clip, frames: Sequence[Frame]) -> Tuple[Clip, List[bytes]]:
  """Leaves out damaged frames at both ends of a clip, and replaces those inside.

  A frame inside becomes a copy of the one before it, without labels, so that the frames keep
  their distance in time.

  Args:
    labels: labels of the N frames.
    frames: encoded frames, or their ClipErrors.
  Returns:
    Labels with the repair damaged_frames, if there are any, and the encoded frames.
  Raises:
    ClipError: no frame with a label is left.
  """
  errors = [frame for frame in frames if not isinstance(frame, bytes)]
  if not errors:
    return labels, [frame for frame in frames if isinstance(frame, bytes)]
  intact = np.array([isinstance(frame, bytes) for frame in frames])
  visibility = labels.visibility & intact[:, None]
  if not visibility.any():
    raise errors[0]
  first, last = np.flatnonzero(intact)[[0, -1]]
  kept: List[bytes] = []
  for frame in frames[first : last + 1]:
    kept.append(frame if isinstance(frame, bytes) else kept[-1])
  part = slice(first, last + 1)
  details = [str(error) for error in errors[:_NAMED]]
  details += ["..."] * (len(errors) > _NAMED)
  detail = f"{len(errors)} of {len(frames)} frames: {' '.join(details)}"
  repaired = dataclasses.replace(
    labels,
    keypoints=labels.keypoints[part],
    visibility=visibility[part],
    boxes=labels.boxes[part],
    repairs=(*labels.repairs, Repair(DAMAGED, detail, len(errors))),
  )
  return repaired, kept
