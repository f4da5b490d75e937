"""Builds tables of scores in the form of the paper's."""

import json
import os
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ppn_tf.evaluation import tables
from ppn_tf.evaluation.scores import TITLES
from ppn_tf.evaluation.tables import Cell, Row, Section, Table, compare, format_cell

# The result of scores.score by the system's name.
Systems = Mapping[str, Mapping[str, Any]]

# Frame positions in the table of long clips, counted from 1.
_POSITIONS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500)
_MAX_ALL_POSITIONS = 20


def format_summary(systems: Systems) -> str:
  """Formats PCK by joint group, jitter and, where measured, time per frame for a terminal."""
  summary = (group_table(systems), jitter_table(systems), time_table(systems))
  return "\n\n".join(tables.to_text(table) for table in summary if table is not None)


def format_document(systems: Systems, suffix: str) -> str:
  """Formats all tables as a document; `suffix` is one of `tables.WRITERS`."""
  write = tables.WRITERS[suffix]
  return write("Percentage of correct keypoints", facts(systems), all_tables(systems))


def all_tables(systems: Systems) -> List[Table]:
  """Returns every table for which the scores have values."""
  candidates = (
    group_table(systems),
    means_table(systems),
    num_frames_table(systems),
    jitter_table(systems),
    time_table(systems),
    joint_table(systems),
    action_table(systems),
    position_table(systems),
  )
  return [table for table in candidates if table is not None]


def group_table(systems: Systems) -> Table:
  """Builds PCK by system and joint group, as in the paper's Tables 1, 4, 5 and 6."""
  groups = list(next(iter(systems.values()))["pck_torso"]["groups"])
  sections = []
  for metric, title in TITLES.items():
    values = [
      [*(scores[metric]["groups"][group] for group in groups), scores[metric]["micro"]]
      for scores in systems.values()
    ]
    columns = [compare(column) for column in zip(*values)]
    sections.append(Section(title, _make_rows(systems, columns)))
  alphas = dict.fromkeys(f"{scores['alpha']:g}" for scores in systems.values())
  return Table(
    (*groups, "Mean"),
    tuple(sections),
    "PCK by joint group",
    "Method",
    f"Percentage of visible joints within {' or '.join(alphas)} of the reference length. "
    "Mean is over all visible joints.",
  )


def means_table(systems: Systems) -> Table:
  """Builds the three means, the area under the curve and the number of joints."""

  def make_section(metric: str, title: str) -> Section:
    results = [scores[metric] for scores in systems.values()]
    columns = [
      *(compare([r[name] for r in results]) for name in ("micro", "group_mean", "joint_mean")),
      compare([scores["area"][metric] for scores in systems.values()]),
      _format_counts([r["num_joints"] for r in results]),
    ]
    return Section(title, _make_rows(systems, columns))

  return Table(
    ("Mean", "By group", "By joint", "Area", "Joints"),
    tuple(make_section(metric, title) for metric, title in TITLES.items()),
    "Means and area",
    "Method",
    "Area is the mean PCK over thresholds from 0 to 0.5; Joints is the number of visible joints.",
  )


def jitter_table(systems: Systems) -> Table:
  """Builds the jitter of predictions and of labels on the same joints."""
  jitters = [scores["jitter"] for scores in systems.values()]
  columns = [
    tuple(format_cell(jitter[name], "{:.2f}") for jitter in jitters)
    for name in ("predicted", "labelled", "ratio")
  ]
  columns.append(_format_counts([scores["not_predicted"] for scores in systems.values()]))
  return Table(
    ("Predicted", "Labeled", "Ratio", "Missing joints"),
    (Section("", _make_rows(systems, columns)),),
    "Jitter",
    "Method",
    "Mean acceleration in pixels per frame squared, over joints that are visible and predicted in "
    "three consecutive frames. Missing joints are visible but not predicted; PCK counts them as "
    "wrong.",
  )


def time_table(systems: Systems) -> Optional[Table]:
  """Builds the time per frame; None if no system was timed."""
  timed = {name: scores["time"] for name, scores in systems.items() if scores.get("time")}
  if not timed:
    return None
  settings = next(iter(timed.values()))
  cells = [format_cell(time["milliseconds"]) for time in timed.values()]
  return Table(
    ("ms per frame",),
    (Section("", _make_rows(timed, [cells])),),
    "Time",
    "Method",
    f"Median of {settings['turns']} rounds, each of which calls every network once; "
    f"threads: {settings['threads']}; runtime: {settings['runtime']}. A network of this project "
    "is timed in its signature `step`.",
  )


def num_frames_table(systems: Systems) -> Optional[Table]:
  """Builds PCK against T, as in the paper's Table 3; None without several T of one system.

  Systems whose conditions differ only in num_frames share a row.
  """
  runs: Dict[str, List[Dict[int, str]]] = {}
  for name, scores in systems.items():
    conditions = dict(scores.get("conditions") or {})
    num_frames = conditions.pop("num_frames", None)
    if not isinstance(num_frames, int):
      continue
    rows = runs.setdefault(json.dumps(conditions, sort_keys=True), [])
    free = next((row for row in rows if num_frames not in row), None)
    if free is None:
      rows.append({num_frames: name})
    else:
      free[num_frames] = name
  compared = [row for rows in runs.values() for row in rows if len(row) > 1]
  if not compared:
    return None
  # T = 0 stands for whole clips, which are longer than any window.
  lengths = sorted({t for row in compared for t in row}, key=lambda t: (t == 0, t))

  def make_section(metric: str, title: str) -> Section:
    rows = []
    for row in compared:
      values = [systems[row[t]][metric]["micro"] if t in row else None for t in lengths]
      rows.append(Row(_get_shared_name(list(row.values())), tuple(map(format_cell, values))))
    return Section(title, tuple(rows))

  return Table(
    tuple(str(t) if t else "whole clip" for t in lengths),
    tuple(make_section(metric, title) for metric, title in TITLES.items()),
    "PCK by T",
    "T",
    "Mean over all visible joints.",
  )


def action_table(systems: Systems) -> Optional[Table]:
  """Builds PCK by action; None if the data set names no actions."""
  actions = sorted({name for scores in systems.values() for name in scores["per_action"]})
  if not any(actions):
    return None
  return _build_transposed_table(
    systems,
    [(name or "no name", name) for name in actions],
    lambda scores, metric, name: (scores["per_action"].get(name) or {}).get(metric),
    "PCK by action",
    "Action",
    "Mean over all visible joints.",
  )


def position_table(systems: Systems) -> Table:
  """Builds PCK by a frame's position in its window of T or in its clip."""
  count = max(len(scores["per_frame_index"]["num_frames"]) for scores in systems.values())
  positions = [p for p in range(1, count + 1) if count <= _MAX_ALL_POSITIONS or p in _POSITIONS]

  def get_value(scores: Mapping[str, Any], metric: str, position: int) -> Optional[float]:
    values = scores["per_frame_index"][metric]
    return values[position - 1] if position <= len(values) else None

  return _build_transposed_table(
    systems,
    [(str(position), position) for position in positions],
    get_value,
    "PCK by frame position",
    "Frame",
    "Position in the window of T, or in the clip if whole clips were predicted; counted from 1.",
  )


def joint_table(systems: Systems) -> Table:
  """Builds PCK of each joint of the skeleton."""
  joints = list(next(iter(systems.values()))["pck_torso"]["joints"])
  return _build_transposed_table(
    systems,
    [(name.replace("_", " "), name) for name in joints],
    lambda scores, metric, name: scores[metric]["joints"].get(name),
    "PCK by joint",
    "Joint",
  )


def facts(systems: Systems) -> List[str]:
  """Returns a sentence per system: size of the evaluation, gaps and conditions."""
  sentences = []
  for name, scores in systems.items():
    parts = [f"{name}: {scores['num_clips']:,} clips, {scores['num_frames']:,} frames"]
    if scores.get("clips_left_out"):
      parts.append(
        f"NOT scored, predictions missing: {scores['clips_left_out']:,} clips, "
        f"{scores['frames_left_out']:,} frames"
      )
    for metric, count in scores["frames_without_length"].items():
      if count:
        parts.append(
          f"all joints wrong in {count:,} frames without a reference length for {TITLES[metric]}"
        )
    if "torso" in scores:
      parts.append(f"torso from {' to '.join(scores['torso'])}")
    conditions = scores.get("conditions") or {}
    parts += [f"{key} {json.dumps(value)}" for key, value in conditions.items()]
    sentences.append("; ".join(parts) + ".")
  return sentences


def _build_transposed_table(
  systems: Systems,
  keys: Sequence[Tuple[str, Any]],
  get_value: Callable[[Mapping[str, Any], str, Any], Optional[float]],
  title: str,
  row_header: str,
  note: str = "",
) -> Table:
  """Builds a section per metric, a row per (text, key) and a column per system.

  Args:
    systems: scores by system.
    keys: the text and the key of each row.
    get_value: returns the value of (scores, metric, key), or None.
    title: title of the table.
    row_header: header of the keys.
    note: explanation of the table.
  """
  sections = []
  for metric, heading in TITLES.items():
    rows = []
    for text, key in keys:
      values = [get_value(scores, metric, key) for scores in systems.values()]
      rows.append(Row(text, compare(values)))
    sections.append(Section(heading, tuple(rows)))
  return Table(tuple(systems), tuple(sections), title, row_header, note)


def _make_rows(names: Iterable[str], columns: Iterable[Sequence[Cell]]) -> Tuple[Row, ...]:
  return tuple(Row(name, cells) for name, cells in zip(names, zip(*columns)))


def _format_counts(values: Sequence[int]) -> Tuple[Cell, ...]:
  return tuple(Cell(f"{value:,}") for value in values)


def _get_shared_name(names: Sequence[str]) -> str:
  """Returns the shared beginning of names such as "swift T=1" and "swift T=5", or all names."""
  return os.path.commonprefix(list(names)).rstrip(" -_=@.,:/T0123456789") or ", ".join(names)
