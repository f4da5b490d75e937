"""Repairs of clips whose frames are damaged, or that EXIF rotates."""

import dataclasses
from typing import List, Sequence, Tuple, TypeVar

import numpy as np

from .account import DAMAGED, ClipError, Repair
from .clip_source import LabelledClip
from .frames import Frame
from .pictures import TurnedPicture

# A longer list of damaged frames is cut.
_NAMED = 5

Clip = TypeVar("Clip", bound=LabelledClip)


def repair_frames(labels: Clip, frames: Sequence[Frame]) -> Tuple[Clip, List[bytes]]:
  """Leaves out damaged frames at both ends of a clip, and replaces those inside.

  A frame inside becomes a copy of the one before it, without labels, so that the frames keep
  their distance in time.

  Args:
    labels: labels of the N frames.
    frames: encoded frames, or their ClipErrors.
  Returns:
    Labels with the repairs damaged_frames and turned_frames, and the encoded frames.
  Raises:
    ClipError: no frame with a label is left.
  """
  repairs = list(labels.repairs)
  turned = sum(isinstance(frame, TurnedPicture) for frame in frames)
  if turned:
    detail = f"{turned} of {len(frames)} frames stored upright by EXIF, as the labels must be"
    repairs.append(Repair("turned_frames", detail, turned))
  errors = [frame for frame in frames if isinstance(frame, ClipError)]
  visibility = labels.visibility
  part = slice(0, len(frames))
  if errors:
    intact = np.array([isinstance(frame, bytes) for frame in frames])
    visibility = visibility & intact[:, None]
    if not visibility.any():
      raise errors[0]
    first, last = np.flatnonzero(intact)[[0, -1]]
    part = slice(first, last + 1)
    repairs.append(_describe_damage(errors, len(frames)))
  kept: List[bytes] = []
  for frame in frames[part]:
    kept.append(kept[-1] if isinstance(frame, ClipError) else bytes(frame))
  repaired = dataclasses.replace(
    labels,
    keypoints=labels.keypoints[part],
    visibility=visibility[part],
    boxes=labels.boxes[part],
    repairs=tuple(repairs),
  )
  return repaired, kept


def _describe_damage(errors: Sequence[ClipError], num_frames: int) -> Repair:
  details = [str(error) for error in errors[:_NAMED]]
  details += ["..."] * (len(errors) > _NAMED)
  detail = f"{len(errors)} of {num_frames} frames: {' '.join(details)}"
  return Repair(DAMAGED, detail, len(errors))
