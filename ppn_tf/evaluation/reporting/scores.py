"""Builds the page's tables: scores by joint, action and clip, jitter, and the summary."""

from typing import Dict, List, Optional, Sequence, Tuple

from ppn_tf.evaluation.reporting.runs import Run, number
from ppn_tf.evaluation.scores import TITLES
from ppn_tf.evaluation.tables import Row, Section, Table, compare, format_cell

METRICS = tuple(TITLES.items())
MEANS = (("micro", "Mean"), ("group_mean", "By group"), ("joint_mean", "By joint"))


def get_groups(runs: Sequence[Run]) -> List[str]:
  """Returns the joint groups of all evaluations in order."""
  groups: List[str] = []
  for run in runs:
    groups += [name for name in run.measured("pck_torso", "groups") or {} if name not in groups]
  return groups


def score_table(runs: Sequence[Run]) -> Optional[Table]:
  """Builds PCK by run and joint group, with means; None without evaluations."""
  groups = get_groups(runs)
  sections = []
  for key, title in METRICS:
    measured = [run for run in runs if run.measured(key)]
    columns = [[number(run.measured(key, "groups", name)) for run in measured] for name in groups]
    columns += [[number(run.measured(key, mean)) for run in measured] for mean, _ in MEANS]
    if measured:
      sections.append(Section(title, _make_rows([run.name for run in measured], columns)))
  if not sections:
    return None
  heads = (*groups, *(title for _, title in MEANS))
  return Table(heads, tuple(sections))


def _make_rows(
  names: Sequence[str], columns: Sequence[Sequence[Optional[float]]]
) -> Tuple[Row, ...]:
  """Makes a row for each name from columns, each compared by itself."""
  return tuple(map(Row, names, zip(*(compare(column) for column in columns))))


def area_table(runs: Sequence[Run]) -> Optional[Table]:
  """Builds the mean over thresholds by run and kind of PCK; None if not measured."""
  measured = [run for run in runs if run.measured("area")]
  columns = {
    title: [number(run.measured("area", key)) for run in measured] for key, title in METRICS
  }
  known = {title: column for title, column in columns.items() if set(column) - {None}}
  if not known:
    return None
  rows = _make_rows([run.name for run in measured], list(known.values()))
  return Table(tuple(known), (Section("", rows),))


def action_table(runs: Sequence[Run]) -> Optional[Table]:
  """Builds PCK by action and run, with numbers of clips; None for fewer than two actions."""
  measured = [run for run in runs if run.measured("per_action")]
  notes = _clips_of_actions(measured)
  if len(notes) < 2:
    return None
  sections = []
  for key, title in METRICS:
    scores = {
      action: [number(run.measured("per_action", action, key)) for run in measured]
      for action in sorted(notes)
    }
    rows = [
      Row(action.replace("_", " ") or "no action", compare(values), notes[action])
      for action, values in scores.items()
      if set(values) - {None}
    ]
    if rows:
      sections.append(Section(title, tuple(rows)))
  return Table(tuple(run.name for run in measured), tuple(sections)) if sections else None


def _clips_of_actions(runs: Sequence[Run]) -> Dict[str, str]:
  """Returns the number of clips of each action in words, from the first run with the action."""
  notes: Dict[str, str] = {}
  for run in runs:
    for action in run.measured("per_action"):
      count = number(run.measured("per_action", action, "num_clips"))
      words = "" if count is None else f"{count:.0f} clip{'s' if count != 1 else ''}"
      notes.setdefault(action, words)
  return notes


def jitter_table(runs: Sequence[Run]) -> Optional[Table]:
  """Builds predicted and labeled acceleration and their ratio by run; None if not measured.

  No value is marked as best: low jitter can also mean that a network does not
  follow the person.
  """
  rows = []
  for run in runs:
    values = [number(run.measured("jitter", key)) for key in ("predicted", "labelled", "ratio")]
    if set(values) - {None}:
      cells = (
        *(format_cell(value, "{:.2f} px") for value in values[:2]),
        format_cell(values[2], "{:.2f}"),
      )
      rows.append(Row(run.name, cells))
  columns = ("Predicted", "Labeled", "Ratio")
  return Table(columns, (Section("", tuple(rows)),)) if rows else None


def clip_table(runs: Sequence[Run], limit: int = 40) -> Optional[Table]:
  """Builds PCK-torso by clip and run; None without evaluations.

  Args:
    runs: the runs.
    limit: maximum number of clips; those with the lowest best score are kept.
  """
  measured = [run for run in runs if run.measured("per_clip")]
  clips = sorted({clip for run in measured for clip in run.measured("per_clip")})
  scores = {
    clip: [number(run.measured("per_clip", clip, "pck_torso")) for run in measured]
    for clip in clips
  }
  if not scores:
    return None
  best = {clip: max((v for v in scores[clip] if v is not None), default=101.0) for clip in scores}
  worst = sorted(scores, key=lambda clip: best[clip])[:limit]
  rows = tuple(Row(clip, compare(scores[clip])) for clip in sorted(worst))
  return Table(tuple(run.name for run in measured), (Section("", rows),))


def summary(runs: Sequence[Run]) -> str:
  """Describes in one sentence the best run and its lead over the others."""
  scored: List[Tuple[float, Run]] = []
  for run in runs:
    micro = number(run.measured("pck_torso", "micro"))
    if micro is not None:
      scored.append((micro, run))
  if not scored:
    return f"Training of {', '.join(run.name for run in runs)}; not evaluated yet."
  scored.sort(key=lambda item: -item[0])
  best, leader = scored[0]
  measure = f"PCK-torso@{leader.alpha:g}" if leader.alpha is not None else "PCK-torso"
  sentence = f"{leader.name} reaches {best:.1f} % {measure}"
  clips, frames = leader.measured("num_clips"), leader.measured("num_frames")
  if clips and frames:
    sentence += f" on {clips} clips ({frames:,} frames)"
  if len(scored) > 1:
    leads = [f"{best - micro:.1f} points above {run.name}" for micro, run in scored[1:]]
    sentence += ", " + ", ".join(leads[:3])
  return sentence + "."
