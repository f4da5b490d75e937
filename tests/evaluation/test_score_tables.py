"""Tests of tables of scores in text, Markdown and HTML."""

import html.parser

import numpy as np
import pytest

from ppn_tf.evaluation import score_tables, tables
from ppn_tf.evaluation.scores import score
from ppn_tf.evaluation.tables import Cell, Row, Section, Table
from ppn_tf.keypoints.skeletons import PENN_ACTION
from tests.evaluation.test_scores import random_pairs

METRIC_TITLES = ["PCK-body", "PCK-torso", "PCK-torso clean"]


def make_scores(seed, num_frames=0, **more):
  pairs = list(random_pairs(np.random.default_rng(seed), PENN_ACTION, 6))
  return {**score(pairs, PENN_ACTION, 0.2, num_frames), **more}


@pytest.fixture(name="systems", scope="module")
def fixture_systems():
  return {"PPN": make_scores(0), "frame-wise": make_scores(1)}


class Cells(html.parser.HTMLParser):
  """Collects the texts of tables of a page, row by row; fails on unbalanced tags."""

  def __init__(self, text):
    super().__init__()
    self.open, self.tables, self.bold, self.tags, self.links = [], [], [], set(), []
    self.feed(text)
    self.close()
    assert self.open == []

  def handle_starttag(self, tag, attrs):
    self.tags.add(tag)
    self.links += [value for name, value in attrs if name in ("src", "href")]
    if tag != "meta":
      self.open.append(tag)
    if tag == "table":
      self.tables.append([])
    if tag == "tr":
      self.tables[-1].append([])
    if tag in ("td", "th"):
      self.tables[-1][-1].append("")

  def handle_endtag(self, tag):
    assert self.open.pop() == tag

  def handle_data(self, data):
    if {"td", "th"} & set(self.open):
      self.tables[-1][-1][-1] += data
      if "b" in self.open:
        self.bold.append(data)


def test_table_of_the_paper(systems):
  table = score_tables.group_table(systems)
  assert table.row_header == "Method"
  assert table.columns == ("Head", "Sho", "Elb", "Wri", "Hip", "Knee", "Ank", "Mean")
  lines = tables.to_text(table).splitlines()
  assert lines[0].split() == ["Method", *table.columns]
  assert [lines[1], lines[4], lines[7]] == METRIC_TITLES and len(lines) == 10
  torso = systems["frame-wise"]["pck_torso"]
  expected = [*torso["groups"].values(), torso["micro"]]
  assert lines[6].split() == ["frame-wise", *(f"{value:.1f}" for value in expected)]


def test_best_is_bold_in_markdown():
  rows = (
    Row("a|b", (Cell("9.0"), Cell("–"))),
    Row("c", (Cell("10.0", True), Cell("1.0")), note="2 clips"),
  )
  table = Table(("Mean", "x"), (Section("PCK-body", rows),), row_header="Method")
  text = tables.to_text(table, markdown=True)
  assert text.splitlines() == [
    "| Method | Mean | x |",
    "| --- | ---: | ---: |",
    "| *PCK-body* |  |  |",
    r"| a\|b | 9.0 | – |",
    "| c (2 clips) | **10.0** | 1.0 |",
  ]


def test_scores_equal_after_rounding_are_both_bold():
  first, second = make_scores(0), make_scores(0)
  first["pck_body"]["micro"], second["pck_body"]["micro"] = 90.04, 89.96
  first["pck_body"]["groups"]["Head"] = float("nan")
  second["pck_body"]["groups"]["Head"] = None
  rows = score_tables.group_table({"a": first, "b": second}).sections[0].rows
  assert [row.cells[-1] for row in rows] == [Cell("90.0", True)] * 2
  assert [row.cells[0] for row in rows] == [Cell("–")] * 2
  (row,) = score_tables.group_table({"a": first}).sections[0].rows
  assert not any(cell.best for cell in row.cells)


def test_pck_by_number_of_frames():
  """Builds Table 3 of the paper, with one row for systems that differ only in T."""
  runs = {
    "swift T=5": make_scores(0, conditions={"run": "swift", "num_frames": 5}),
    "swift T=1": make_scores(1, conditions={"run": "swift", "num_frames": 1}),
    "swift T=all": make_scores(2, conditions={"run": "swift", "num_frames": 0}),
    "stable 5": make_scores(3, conditions={"run": "stable", "num_frames": 5}),
    "stable 10": make_scores(4, conditions={"num_frames": 10, "run": "stable"}),
    "other": make_scores(5, conditions={"run": "other", "num_frames": 5}),
    "files": make_scores(6, conditions={}),
  }
  table = score_tables.num_frames_table(runs)
  assert table.columns == ("1", "5", "10", "whole clip")
  section = table.sections[1]
  rows = section.rows
  assert section.title == "PCK-torso" and [row.name for row in rows] == ["swift", "stable"]

  def texts(*names):
    return [f"{runs[name]['pck_torso']['micro']:.1f}" if name else "–" for name in names]

  assert [c.text for c in rows[0].cells] == texts("swift T=1", "swift T=5", "", "swift T=all")
  assert [c.text for c in rows[1].cells] == texts("", "stable 5", "stable 10", "")
  assert score_tables.num_frames_table({"files": runs["files"], "other": runs["other"]}) is None


def test_action_and_position_tables(systems):
  table = score_tables.action_table(systems)
  assert table.row_header == "Action" and table.columns == ("PPN", "frame-wise")
  assert [row.name for row in table.sections[0].rows] == ["no name", "sit", "walk"]
  value = systems["PPN"]["per_action"]["walk"]["pck_body"]
  assert table.sections[0].rows[2].cells[0].text == f"{value:.1f}"
  table = score_tables.position_table({**systems, "short": make_scores(2, num_frames=2)})
  rows = table.sections[1].rows
  assert [row.name for row in rows] == [str(n + 1) for n in range(8)]
  assert rows[2].cells[2].text == "–"
  nameless = make_scores(0)
  nameless["per_action"] = {"": nameless["per_action"][""]}
  assert score_tables.action_table({"a": nameless}) is None


def test_long_clips_show_selected_frame_indices():
  long = make_scores(0)
  count = 40
  long["per_frame_index"] = {"num_frames": [1] * count}
  for metric in ("pck_body", "pck_torso", "pck_torso_clean"):
    long["per_frame_index"][metric] = [float(place) for place in range(1, count + 1)]
  rows = score_tables.position_table({"a": long}).sections[0].rows
  assert [(row.name, *(cell.text for cell in row.cells)) for row in rows] == [
    (str(place), f"{place}.0") for place in (1, 2, 3, 5, 10, 15, 20, 30)
  ]


def test_page_has_all_tables_and_no_external_resources(systems):
  named = {"<b>&'x'": systems["PPN"], "frame-wise": systems["frame-wise"]}
  built = score_tables.all_tables(named)
  cells = Cells(tables.to_html("penn <test>", score_tables.facts(named), built))
  assert len(cells.tables) == len(built) == 6
  assert cells.links == [] and not {"script", "link", "img", "x"} & cells.tags
  body = cells.tables[0]
  assert body[1] == ["PCK-body"] and body[2][0] == "<b>&'x'"
  micros = [f"{scores['pck_body']['micro']:.1f}" for scores in named.values()]
  assert [body[2][-1], body[3][-1]] == micros and max(micros) in cells.bold
  means = systems["PPN"]["pck_torso"]
  row = cells.tables[1][5]
  expected = [means[name] for name in ("micro", "group_mean", "joint_mean")]
  expected.append(systems["PPN"]["area"]["pck_torso"])
  assert row[1:5] == [f"{value:.1f}" for value in expected]
  assert row[5:] == [str(means["num_joints"])]


def test_markdown_document_names_unscored_clips(systems):
  missing = {"clips_left_out": 2, "frames_left_out": 1234}
  missing["frames_without_length"] = {"pck_body": 0, "pck_torso": 3}
  named = {"PPN": {**systems["PPN"], **missing, "conditions": {"scales": [1.0]}}}
  text = tables.to_markdown("penn", score_tables.facts(named), score_tables.all_tables(named))
  assert text.startswith("# penn\n\n- PPN: 6 clips, ")
  assert (
    "NOT scored, predictions missing: 2 clips, 1,234 frames; all joints wrong in 3 frames" in text
  )
  assert "3 frames without a reference length for PCK-torso; scales [1.0]." in text
  assert text.count("| *PCK-torso clean* |") == 5 and "## Jitter" in text
