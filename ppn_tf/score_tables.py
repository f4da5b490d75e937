"""Scores in the form of the paper's tables."""

import html
import math
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ppn_tf.scores import METRICS, TITLES
from ppn_tf.text_tables import HTML, MARKDOWN, TEXT, table

Scores = Mapping[str, Any]  # what `scores.score` gives
Systems = Mapping[str, Scores]  # by the systems' names

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>PCK</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto;
  padding: 1.5rem 1rem; }}
h1 {{ font-size: 1.4rem; }}
h2 {{ font-size: 1.05rem; margin: 2rem 0 0.4rem; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: 0.3rem 0.7rem; text-align: left; white-space: nowrap;
  border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }}
tr:first-child th {{ border-bottom-color: currentColor; }}
.number {{ text-align: right; }}
</style>
</head>
<body>
<h1>Percentage of correct keypoints</h1>
<p>{summary}</p>
{tables}
</body>
</html>
"""


class _Table(NamedTuple):
  title: str
  header: Sequence[str]
  rows: Sequence[Sequence[str]]


def joint_table(systems: Systems, form: str = TEXT) -> str:
  """PCK by joint group and its mean, as in the paper's Tables 5 and 6, below one another."""
  return "\n\n".join(
    f"{one.title}\n{table(one.header, one.rows, form)}" for one in _joint_tables(systems)
  )


def document(systems: Systems, form: str) -> str:
  """All tables, as a Markdown or an HTML file.

  Args:
    systems: the scores of one or more systems on the same clips.
    form: text_tables.MARKDOWN or HTML.
  """
  tables = [
    _overview(systems),
    *_joint_tables(systems),
    *_by_frame_range(systems),
    _by_action(systems),
    _by_place(systems),
  ]
  if form == HTML:
    parts = [
      f"<h2>{html.escape(one.title)}</h2>\n<div>{table(one.header, one.rows, HTML)}</div>"
      for one in tables
    ]
    return _PAGE.format(summary=html.escape(_summary(systems)), tables="\n".join(parts))
  parts = [f"## {one.title}\n\n{table(one.header, one.rows, MARKDOWN)}" for one in tables]
  return "\n\n".join(["# Percentage of correct keypoints", _summary(systems), *parts]) + "\n"


def _summary(systems: Systems) -> str:
  one = next(iter(systems.values()))
  return (
    f"{one['num_clips']} clips, {one['num_frames']:,} frames. Percent of the visible joints within "
    f"{one['alpha']:g} of the box's longer side (PCK-body) or of the torso (PCK-torso; clean: "
    "where both its ends are visible). Mean is over all visible joints."
  )


def _percent(value: float) -> str:
  return "–" if value is None or math.isnan(value) else f"{value:.1f}"


def _overview(systems: Systems) -> _Table:
  """As in Tables 1, 2 and 4: a system a line, its means."""
  header = ["system", *(TITLES[m] for m in METRICS)]
  header += [f"area, {TITLES[m]}" for m in METRICS] + ["jitter", "of the labels"]
  rows = []
  for name, one in systems.items():
    means = [_percent(one[metric]["micro"]) for metric in METRICS]
    areas = [_percent(one["area"][metric]) for metric in METRICS]
    jitter = [_percent(one["jitter"][key]) for key in ("predicted", "labelled")]
    rows.append([name, *means, *areas, *jitter])
  return _Table("Means", header, rows)


def _joint_tables(systems: Systems) -> List[_Table]:
  tables = []
  for metric in METRICS:
    groups: List[str] = []
    for one in systems.values():
      groups += [group for group in one[metric]["groups"] if group not in groups]
    rows = []
    for name, one in systems.items():
      values = [one[metric]["groups"].get(group, math.nan) for group in groups]
      values += [one[metric][mean] for mean in ("micro", "group_mean", "joint_mean")]
      rows.append([name, *map(_percent, values)])
    header = ["", *groups, "Mean", "by group", "by joint"]
    tables.append(_Table(TITLES[metric], header, rows))
  return tables


def _by_frame_range(systems: Systems) -> List[_Table]:
  """As in Table 3: one network's PCK-torso under different T; networks with one T have none."""
  ranges: Dict[Tuple[Tuple[str, str], ...], Dict[int, Scores]] = {}
  names: Dict[Tuple[Tuple[str, str], ...], str] = {}
  for name, one in systems.items():
    conditions = dict(one.get("conditions") or {})
    if "num_frames" not in conditions:
      continue
    frames = int(conditions.pop("num_frames"))
    network = tuple(sorted((key, str(value)) for key, value in conditions.items()))
    ranges.setdefault(network, {})[frames] = one
    names.setdefault(network, name)
  rows_of = {network: by_t for network, by_t in ranges.items() if len(by_t) > 1}
  if not rows_of:
    return []
  # 0 stands for the whole clip, the longest range of all.
  columns = sorted({t for by_t in rows_of.values() for t in by_t}, key=lambda t: t or math.inf)
  rows = []
  for network, by_t in rows_of.items():
    means = [by_t[t]["pck_torso"]["micro"] if t in by_t else math.nan for t in columns]
    rows.append([names[network], *map(_percent, means)])
  header = ["PCK-torso", *(f"T = {t}" if t else "whole clip" for t in columns)]
  return [_Table("Frame range", header, rows)]


def _by_action(systems: Systems) -> _Table:
  first = next(iter(systems.values()))["per_action"]
  rows = []
  for action, one in first.items():
    # Every system has been scored on the same clips.
    means = [scores["per_action"][action]["pck_torso"] for scores in systems.values()]
    counts = [str(one["num_clips"]), str(one["num_frames"])]
    rows.append([action or "(none)", *counts, *map(_percent, means)])
  return _Table("PCK-torso by action", ["action", "clips", "frames", *systems], rows)


def _by_place(systems: Systems) -> _Table:
  """PCK-torso by the frame's place in its window or clip; of long clips some places."""
  series = {name: one["per_frame_index"]["pck_torso"] for name, one in systems.items()}
  longest = max(len(values) for values in series.values())
  places = [n for n in range(1, longest + 1) if n <= 10 or n % (10 ** (len(str(n)) - 1)) == 0]
  rows = []
  for place in places:
    at = [values[place - 1] if place <= len(values) else math.nan for values in series.values()]
    rows.append([str(place), *map(_percent, at)])
  return _Table("PCK-torso by the frame's place, from 1", ["place", *systems], rows)
