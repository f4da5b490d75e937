"""Account of a source's clips: numbers read, defects fixed, and clips skipped."""

import collections
import dataclasses
import re
import textwrap
from typing import Dict, List, Sequence, Tuple

from ppn_tf.runtime.errors import InputError

# A kind of defect with more clips is listed without details,
MAX_DETAILS = 20
# and with at most this number of lines.
MAX_LINES = 40

# Kind of the defect of clips without some of their frames.
DAMAGED = "damaged_frames"


class ClipError(InputError):
  """Raised for an unusable clip; `kind` groups such clips in the summary."""

  def __init__(self, kind: str, message: str):
    super().__init__(message)
    self.kind = kind


@dataclasses.dataclass(frozen=True)
class Repair:
  """A defect of a clip.

  Attributes:
    kind: name that groups defects in the summary.
    detail: a few words about this clip.
    count: number of affected joints, boxes or frames.
    fixed: False if the defect was only noted, and the labels are unchanged.
  """

  kind: str
  detail: str
  count: int = 1
  fixed: bool = True


class Account:
  """Counts clips while they are read.

  Attributes:
    strict: whether an unusable clip ends the run.
    num_clips, num_frames: number of clips and frames read, by split.
    repairs: defects, by clip.
    skipped: reasons for skipping, by clip.
    notes: additional lines of the summary.
    left_out: names of ignored files or entries, by reason, such as frames without labels.
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
    """Adds a clip that was read."""
    self.num_clips[split] += 1
    self.num_frames[split] += num_frames
    if repairs:
      self.repairs[clip] = repairs

  def skip(self, clip: str, problem: ClipError) -> None:
    """Skips a clip, or raises its ClipError if `strict`."""
    if self.strict:
      raise problem
    self.skipped[clip] = problem

  @property
  def damaged(self) -> List[str]:
    """Returns the names of clips with damaged frames."""
    return sorted(
      clip
      for clip, repairs in self.repairs.items()
      if any(repair.kind == DAMAGED for repair in repairs)
    )

  def group_repairs(self, fixed: bool) -> Dict[str, List[Tuple[str, Repair]]]:
    """Returns (clip, defect) pairs by kind, in the clips' order; fixed or only noted defects."""
    groups: Dict[str, List[Tuple[str, Repair]]] = collections.defaultdict(list)
    for clip, repairs in sorted(self.repairs.items()):
      for repair in repairs:
        if repair.fixed == fixed:
          groups[repair.kind].append((clip, repair))
    return dict(groups)

  def summarize(self) -> str:
    """Returns text: clips and frames of each split, then fixed, noted and skipped defects."""
    lines = [
      f"{name}: {clips} clips, {self.num_frames[name]} frames"
      for name, clips in self.num_clips.items()
    ]
    lines += self.notes
    for title, fixed in (("fixed", True), ("noted, not changed", False)):
      groups = self.group_repairs(fixed)
      lines.append(f"{title}:" if groups else f"{title}: none")
      for kind, repairs in groups.items():
        total = sum(repair.count for _, repair in repairs)
        lines.append(f"  {kind}, {len(repairs)} clips, {total} in total:")
        lines += _format_clips([(clip, repair.detail) for clip, repair in repairs])
    skipped: Dict[str, List[Tuple[str, str]]] = collections.defaultdict(list)
    for clip, problem in sorted(self.skipped.items()):
      skipped[problem.kind].append((clip, str(problem)))
    for kind, clips in self.left_out.items():
      skipped[kind] += [(clip, "") for clip in clips]
    lines.append("skipped:" if skipped else "skipped: none")
    for kind, named in skipped.items():
      lines.append(f"  {kind}, {len(named)}:")
      lines += _format_clips(named)
    return "\n".join(lines)


def _format_clips(clips: Sequence[Tuple[str, str]]) -> List[str]:
  """Returns one line for each (clip, detail), or only the clips' names if they are many."""
  if len(clips) <= MAX_DETAILS:
    return [f"    {clip} ({detail})" if detail else f"    {clip}" for clip, detail in clips]
  lines = [f"    first: {clips[0][0]} ({clips[0][1]})"] if clips[0][1] else []
  names = ", ".join(_join_ranges([clip for clip, _ in clips]))
  wrapped = textwrap.wrap(names, 94, break_long_words=False, break_on_hyphens=False)
  lines += [f"    {line}" for line in wrapped[:MAX_LINES]]
  if len(wrapped) > MAX_LINES:
    lines.append(f"    ... ({len(wrapped) - MAX_LINES} more lines)")
  return lines


def _join_ranges(names: Sequence[str]) -> List[str]:
  """Returns names in which three or more consecutive numbers are one range, "0007-0009"."""
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


def _follows(name: str, previous: str) -> bool:
  digits = re.fullmatch(r"\d+", name) and re.fullmatch(r"\d+", previous)
  return bool(digits) and len(name) == len(previous) and int(name) == int(previous) + 1
