"""The page's numbers: the table of scores, the clips one by one, the summary."""

import dataclasses
import math
from typing import Any, List, Optional, Sequence, Tuple

from ppn_tf.reporting.runs import Run

REFERENCES = (("pck_body", "PCK-body"), ("pck_torso", "PCK-torso"))
MEANS = (("micro", "Mean"), ("group_mean", "By group"), ("joint_mean", "By joint"))


@dataclasses.dataclass(frozen=True)
class Cell:
  """One number of a table: its text, and whether it is the best of its column."""

  text: str
  best: bool = False


@dataclasses.dataclass(frozen=True)
class Row:
  """A line of a table: its head and its cells."""

  head: str
  cells: Tuple[Cell, ...]


@dataclasses.dataclass(frozen=True)
class Section:
  """Lines under a heading of their own, compared among themselves."""

  title: str
  rows: Tuple[Row, ...]


@dataclasses.dataclass(frozen=True)
class Table:
  """Column heads and sections; `num_means` of the last columns are means."""

  columns: Tuple[str, ...]
  sections: Tuple[Section, ...]
  num_means: int = 0


def number(value: Any) -> Optional[float]:
  """The finite float `value` is, or None."""
  if isinstance(value, bool) or not isinstance(value, (int, float)):
    return None
  return float(value) if math.isfinite(value) else None


def _compared(values: Sequence[Optional[float]]) -> Tuple[Cell, ...]:
  """Numbers that compete with each other. What rounds to the same text is equally good."""
  texts = ["–" if value is None else f"{value:.1f}" for value in values]
  known = [value for value in values if value is not None]
  best = f"{max(known):.1f}" if len(known) > 1 else None
  return tuple(Cell(text, text == best) for text in texts)


def _rows(heads: Sequence[str], columns: Sequence[Sequence[Optional[float]]]) -> Tuple[Row, ...]:
  by_column = [_compared(column) for column in columns]
  return tuple(
    Row(head, tuple(column[index] for column in by_column)) for index, head in enumerate(heads)
  )


def score_table(runs: Sequence[Run]) -> Optional[Table]:
  """Runs x joint groups and means, for PCK-body and PCK-torso; None without evaluations."""
  evaluated = [(run.name, run.evaluation) for run in runs if run.evaluation]
  if not evaluated:
    return None
  groups: List[str] = []
  for _, evaluation in evaluated:
    groups += [name for name in evaluation["pck_torso"]["groups"] if name not in groups]
  sections = []
  for key, title in REFERENCES:
    columns = [[number(e[key]["groups"].get(group)) for _, e in evaluated] for group in groups]
    columns += [[number(e[key].get(mean)) for _, e in evaluated] for mean, _ in MEANS]
    sections.append(Section(title, _rows([name for name, _ in evaluated], columns)))
  heads = tuple(groups) + tuple(title for _, title in MEANS)
  return Table(heads, tuple(sections), num_means=len(MEANS))


def clip_table(runs: Sequence[Run], limit: int = 40) -> Optional[Table]:
  """PCK-torso clip by clip; None without evaluations.

  Args:
    limit: clips at most: those on which the best run does worst.
  """
  by_run = {run.name: (run.evaluation or {}).get("per_clip") or {} for run in runs}
  by_run = {name: clips for name, clips in by_run.items() if clips}
  scores = {
    clip: [number(clips.get(clip, {}).get("pck_torso")) for clips in by_run.values()]
    for clip in sorted({clip for clips in by_run.values() for clip in clips})
  }
  if not scores:
    return None
  best = {clip: max((v for v in scores[clip] if v is not None), default=101.0) for clip in scores}
  worst = sorted(scores, key=lambda clip: best[clip])[:limit]
  rows = tuple(Row(clip, _compared(scores[clip])) for clip in sorted(worst))
  return Table(tuple(by_run), (Section("", rows),))


def summary(runs: Sequence[Run]) -> str:
  """One sentence: who reaches what on how much."""
  scored = []
  for run in runs:
    micro = number(run.evaluation["pck_torso"].get("micro")) if run.evaluation else None
    if micro is not None:
      scored.append((micro, run))
  if not scored:
    return f"Training of {', '.join(run.name for run in runs)}; not evaluated yet."
  scored.sort(key=lambda item: -item[0])
  best, leader = scored[0]
  evaluation = leader.evaluation or {}
  alpha = number(evaluation.get("alpha"))
  measure = f"PCK-torso@{alpha:g}" if alpha is not None else "PCK-torso"
  sentence = f"{leader.name} reaches {best:.1f} % {measure}"
  clips, frames = evaluation.get("num_clips"), evaluation.get("num_frames")
  if clips and frames:
    sentence += f" on {clips} clips ({frames:,} frames)"
  if len(scored) > 1:
    others = [f"{best - micro:.1f} points above {run.name}" for micro, run in scored[1:]]
    sentence += ", " + ", ".join(others[:3])
  return sentence + "."
