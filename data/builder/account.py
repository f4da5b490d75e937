"""What became of a source's clips: how many were read, what was mended, what was left out."""

import collections
import dataclasses
import re
import textwrap
from typing import Dict, List, Sequence, Tuple

from ppn_tf.runtime.errors import InputError

# Beyond so many clips of a kind the summary names them without their details,
MOST_DETAILS = 20
# and in no more lines than this.
MOST_LINES = 40


class ClipError(InputError):
  """A clip that cannot be used; `kind` groups them in the summary."""

  def __init__(self, kind: str, message: str):
    super().__init__(message)
    self.kind = kind


@dataclasses.dataclass(frozen=True)
class Repair:
  """A defect of a clip.

  Attributes:
    kind: groups them in the summary.
    detail: a few words on this clip.
    count: how many joints, boxes or frames it is about.
    mended: False where it was only noted and everything left as it was.
  """

  kind: str
  detail: str
  count: int = 1
  mended: bool = True


class Account:
  """Counts clips while they are read.

  Attributes:
    strict: whether a clip that cannot be used ends the run.
    num_clips, num_frames: split name -> how many were read.
    repairs: clip -> what was found in it.
    skipped: clip -> why it was left out.
    notes: lines that the summary has besides.
    left_out: what was not expected to become a clip -> names, such as frames without labels.
  """

  def __init__(self, strict: bool = False):
    self.strict = strict
    self.num_clips: Dict[str, int] = collections.Counter()
    self.num_frames: Dict[str, int] = collections.Counter()
    self.repairs: Dict[str, Tuple[Repair, ...]] = {}
    self.skipped: Dict[str, ClipError] = {}
    self.left_out: Dict[str, Sequence[str]] = {}
    self.notes: List[str] = []

  def add(self, split: str, clip: str, num_frames: int, repairs: Tuple[Repair, ...]) -> None:
    """Counts a clip that was read."""
    self.num_clips[split] += 1
    self.num_frames[split] += num_frames
    if repairs:
      self.repairs[clip] = repairs

  def skip(self, clip: str, problem: ClipError) -> None:
    """Leaves a clip out; raises its ClipError if `strict`."""
    if self.strict:
      raise problem
    self.skipped[clip] = problem

  def kinds(self, mended: bool) -> Dict[str, List[Tuple[str, Repair]]]:
    """Clips and what was mended, or else only noted, in them; by kind, in the clips' order."""
    found: Dict[str, List[Tuple[str, Repair]]] = collections.defaultdict(list)
    for clip, repairs in sorted(self.repairs.items()):
      for repair in repairs:
        if repair.mended == mended:
          found[repair.kind].append((clip, repair))
    return dict(found)

  def summary(self) -> str:
    """Clips and frames of each split, then what was mended, noted and skipped, by kind."""
    lines = [
      f"{name}: {clips} clips, {self.num_frames[name]} frames"
      for name, clips in self.num_clips.items()
    ]
    lines += self.notes
    for title, mended in (("repaired", True), ("noted and left as it is", False)):
      kinds = self.kinds(mended)
      lines.append(f"{title}:" if kinds else f"{title}: none")
      for kind, repairs in kinds.items():
        total = sum(repair.count for _, repair in repairs)
        lines.append(f"  {kind}, {len(repairs)} clips, {total} in all:")
        lines += _listing([(clip, repair.detail) for clip, repair in repairs])
    skipped: Dict[str, List[Tuple[str, str]]] = collections.defaultdict(list)
    for clip, problem in sorted(self.skipped.items()):
      skipped[problem.kind].append((clip, str(problem)))
    for kind, clips in self.left_out.items():
      skipped[kind] += [(clip, "") for clip in clips]
    lines.append("skipped:" if skipped else "skipped: none")
    for kind, named in skipped.items():
      lines.append(f"  {kind}, {len(named)}:")
      lines += _listing(named)
    return "\n".join(lines)


def _listing(clips: Sequence[Tuple[str, str]]) -> List[str]:
  """Lines of (clip, detail): one a clip if they are few, else the clips' names alone."""
  if len(clips) <= MOST_DETAILS:
    return [f"    {clip} ({detail})" if detail else f"    {clip}" for clip, detail in clips]
  lines = [f"    first: {clips[0][0]} ({clips[0][1]})"] if clips[0][1] else []
  names = ", ".join(_ranges([clip for clip, _ in clips]))
  wrapped = textwrap.wrap(names, 94, break_long_words=False, break_on_hyphens=False)
  lines += [f"    {line}" for line in wrapped[:MOST_LINES]]
  if len(wrapped) > MOST_LINES:
    lines.append(f"    ... ({len(wrapped) - MOST_LINES} more lines)")
  return lines


def _ranges(names: Sequence[str]) -> List[str]:
  """Names with "0007-0009" for neighbours; the others as they are."""
  runs: List[List[str]] = []
  for name in names:
    if runs and _follows(name, runs[-1][-1]):
      runs[-1].append(name)
    else:
      runs.append([name])
  parts: List[str] = []
  for run in runs:
    parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else run
  return parts


def _follows(name: str, before: str) -> bool:
  digits = re.fullmatch(r"\d+", name) and re.fullmatch(r"\d+", before)
  return bool(digits) and len(name) == len(before) and int(name) == int(before) + 1
