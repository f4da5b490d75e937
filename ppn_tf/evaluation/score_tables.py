"""Tables of scores in the form of the paper's."""

import json
import os
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ppn_tf.evaluation import table_documents
from ppn_tf.evaluation.scores import TITLES
from ppn_tf.evaluation.table_cells import Cell, compared, plain
from ppn_tf.evaluation.table_documents import Rows, Table

# The result of scores.score by the system's name.
Systems = Mapping[str, Mapping[str, Any]]

# Frames' places that a long table keeps, counted from 1.
_PLACES = (1, 2, 3, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500)
_MANY_PLACES = 20


def joint_table(systems: Systems) -> str:
  """What the doors print."""
  return table_documents.to_text(joints_table(systems))


def printed(systems: Systems) -> str:
  """The same, and how the tracks tremble and what a frame costs, where that was measured."""
  tables = (joints_table(systems), jitter_table(systems), times_table(systems))
  return "\n\n".join(table_documents.to_text(table) for table in tables if table is not None)


def document(systems: Systems, form: str) -> str:
  """A file of all tables, in one of `table_documents.FORMS`."""
  write = table_documents.FORMS[form]
  return write("Percentage of correct keypoints", facts(systems), all_tables(systems))


def joints_table(systems: Systems) -> Table:
  """Systems x joint groups and their mean, by metric: the paper's Tables 1, 4, 5 and 6."""
  groups = list(next(iter(systems.values()))["pck_torso"]["groups"])

  def values(metric: str, scores: Mapping[str, Any]) -> List[Optional[float]]:
    return [*(scores[metric]["groups"][group] for group in groups), scores[metric]["micro"]]

  return Table(
    "Joint by joint",
    ("Method", *groups, "Mean"),
    _by_metric(systems, values),
    f"Percent of the visible joints within {_alphas(systems)} of the reference length. "
    "Mean is over all visible joints.",
  )


def means_table(systems: Systems) -> Table:
  """The three means, the area under the curve, and over how many joints."""

  def section(metric: str) -> Rows:
    scored = [one[metric] for one in systems.values()]
    columns = [
      *(compared([one[name] for one in scored]) for name in ("micro", "group_mean", "joint_mean")),
      compared([one["area"][metric] for one in systems.values()]),
      _counts([one["num_joints"] for one in scored]),
    ]
    return _rows(list(systems), columns)

  return Table(
    "Means and area",
    ("Method", "Mean", "By group", "By joint", "Area", "Joints"),
    tuple((title, section(metric)) for metric, title in TITLES.items()),
    "Area is the mean PCK over thresholds from 0 to 0.5; Joints is how many were counted.",
  )


def jitter_table(systems: Systems) -> Table:
  """How much the tracks tremble, and the labels on the same joints."""
  jitters = [one["jitter"] for one in systems.values()]
  columns = [
    tuple(plain(one[name], "{:.2f}") for one in jitters)
    for name in ("predicted", "labelled", "ratio")
  ]
  columns.append(_counts([one["not_predicted"] for one in systems.values()]))
  return Table(
    "Jitter",
    ("Method", "Predicted", "Labelled", "Ratio", "Joints not found"),
    (("", _rows(list(systems), columns)),),
    "Mean acceleration in pixels per frame squared, over joints that are visible and found in "
    "three frames on end. Visible joints that were not found count as wrong above.",
  )


def times_table(systems: Systems) -> Optional[Table]:
  """What a frame costs the networks that were timed; None where none was."""
  timed = {name: one["time"] for name, one in systems.items() if one.get("time")}
  if not timed:
    return None
  how = next(iter(timed.values()))
  rows = _rows(list(timed), [[plain(one["milliseconds"]) for one in timed.values()]])
  return Table(
    "Time",
    ("Method", "ms a frame"),
    (("", rows),),
    f"Medians of {how['turns']} turns in which all networks were called one after the other, "
    f"threads: {how['threads']}, {how['runtime']}. Of a network of this project, its `step`.",
  )


def windows_table(systems: Systems) -> Optional[Table]:
  """PCK against T, as the paper's Table 3; None unless something was predicted with several T.

  Systems whose conditions differ in num_frames alone make one row.
  """
  rows: List[Tuple[str, Dict[int, str]]] = []
  for name, scores in systems.items():
    conditions = dict(scores.get("conditions") or {})
    num_frames = conditions.pop("num_frames", None)
    if not isinstance(num_frames, int):
      continue
    key = json.dumps(conditions, sort_keys=True)
    for other, members in rows:
      if other == key and num_frames not in members:
        members[num_frames] = name
        break
    else:
      rows.append((key, {num_frames: name}))
  rows = [(key, members) for key, members in rows if len(members) > 1]
  if not rows:
    return None
  # T = 0 stands for whole clips, longer than any window.
  lengths = sorted({t for _, members in rows for t in members}, key=lambda t: (t == 0, t))

  def section(metric: str) -> Rows:
    return tuple(
      (
        _shared_name(list(members.values())),
        tuple(
          plain(systems[members[t]][metric]["micro"] if t in members else None) for t in lengths
        ),
      )
      for _, members in rows
    )

  heads = tuple(str(t) if t else "whole clip" for t in lengths)
  sections = tuple((title, section(metric)) for metric, title in TITLES.items())
  return Table("Against T", ("T", *heads), sections, "Mean over all visible joints.")


def action_table(systems: Systems) -> Optional[Table]:
  """PCK action by action; None where the data set names none."""
  actions = sorted({name for one in systems.values() for name in one["per_action"]})
  if not any(actions):
    return None
  return _transposed(
    systems, "Action by action", "Action", [(name or "no name", name) for name in actions],
    lambda scores, metric, name: (scores["per_action"].get(name) or {}).get(metric),
    "Mean over all visible joints.",
  )  # fmt: skip


def place_table(systems: Systems) -> Table:
  """PCK by a frame's place in its window of T, or in its clip."""
  count = max(len(one["per_frame_index"]["num_frames"]) for one in systems.values())
  places = [p for p in range(1, count + 1) if count <= _MANY_PLACES or p in _PLACES]

  def value(scores: Mapping[str, Any], metric: str, place: int) -> Optional[float]:
    values = scores["per_frame_index"][metric]
    return values[place - 1] if place <= len(values) else None

  return _transposed(
    systems, "By the frame's place", "Frame", [(str(place), place) for place in places], value,
    "Place in the window of T, counted from 1, or in the clip where whole clips were predicted.",
  )  # fmt: skip


def single_joints_table(systems: Systems) -> Table:
  """PCK of each joint of the skeleton."""
  joints = list(next(iter(systems.values()))["pck_torso"]["joints"])
  return _transposed(
    systems, "Each joint", "Joint", [(name.replace("_", " "), name) for name in joints],
    lambda scores, metric, name: scores[metric]["joints"].get(name), "",
  )  # fmt: skip


def facts(systems: Systems) -> List[str]:
  """A sentence per system: on how much it was scored, what was wrong, and how it was predicted."""
  sentences = []
  for name, scores in systems.items():
    parts = [f"{name}: {scores['num_clips']:,} clips, {scores['num_frames']:,} frames"]
    if scores.get("clips_left_out"):
      parts.append(
        f"NOT scored, for want of predictions: {scores['clips_left_out']:,} clips, "
        f"{scores['frames_left_out']:,} frames"
      )
    for metric, count in scores["frames_without_length"].items():
      if count:
        parts.append(f"all joints wrong in {count:,} frames without a length for {TITLES[metric]}")
    if "torso" in scores:
      parts.append(f"torso from {' to '.join(scores['torso'])}")
    conditions = scores.get("conditions") or {}
    parts += [f"{key} {json.dumps(value)}" for key, value in conditions.items()]
    sentences.append("; ".join(parts) + ".")
  return sentences


def all_tables(systems: Systems) -> List[Table]:
  """Every table that the scores fill."""
  tables = (
    joints_table(systems),
    means_table(systems),
    windows_table(systems),
    jitter_table(systems),
    times_table(systems),
    single_joints_table(systems),
    action_table(systems),
    place_table(systems),
  )
  return [table for table in tables if table is not None]


def _by_metric(
  systems: Systems, values: Callable[[str, Mapping[str, Any]], Sequence[Optional[float]]]
) -> Tuple[Tuple[str, Rows], ...]:
  """A section per metric: a row per system with the values of (metric, scores)."""
  sections = []
  for metric, title in TITLES.items():
    columns = zip(*(values(metric, scores) for scores in systems.values()))
    sections.append((title, _rows(list(systems), [compared(column) for column in columns])))
  return tuple(sections)


def _transposed(
  systems: Systems,
  title: str,
  head: str,
  keys: Sequence[Tuple[str, Any]],
  value: Callable[[Mapping[str, Any], str, Any], Optional[float]],
  note: str,
) -> Table:
  """A section per metric, a row per key and a column per system."""
  sections = tuple(
    (
      heading,
      tuple(
        (text, compared([value(scores, metric, key) for scores in systems.values()]))
        for text, key in keys
      ),
    )
    for metric, heading in TITLES.items()
  )
  return Table(title, (head, *systems), sections, note)


def _rows(names: Sequence[str], columns: Iterable[Sequence[Cell]]) -> Rows:
  return tuple((name, cells) for name, cells in zip(names, zip(*columns)))


def _counts(values: Sequence[int]) -> Tuple[Cell, ...]:
  return tuple(Cell(f"{value:,}") for value in values)


def _alphas(systems: Systems) -> str:
  return " or ".join(dict.fromkeys(f"{one['alpha']:g}" for one in systems.values()))


def _shared_name(names: Sequence[str]) -> str:
  """What names such as "swift T=1" and "swift T=5" begin with, or all of them."""
  return os.path.commonprefix(list(names)).rstrip(" -_=@.,:/T0123456789") or ", ".join(names)
