"""Tests of ppn_tf.evaluation.reporting.scores: tables and the summary."""

from ppn_tf.evaluation.reporting import scores
from tests.evaluation.reporting.conftest import evaluation, full_evaluation


def test_table_has_the_layout_of_the_paper(make_run):
  runs = [make_run("a", evaluation(90, 70)), make_run("b", evaluation(89, 71))]
  table = scores.score_table(runs)
  assert table.columns[:7] == ("Head", "Sho", "Elb", "Wri", "Hip", "Knee", "Ank")
  assert table.columns[-len(scores.MEANS) :] == ("Mean", "By group", "By joint")
  assert [section.title for section in table.sections] == ["PCK-body", "PCK-torso"]
  body, torso = table.sections
  assert [row.name for row in body.rows] == ["a", "b"]
  assert [cell.text for cell in body.rows[0].cells][:3] == ["90.0", "91.2", "92.5"]
  assert [cell.text for cell in torso.rows[1].cells][-3:] == ["71.0", "71.5", "71.2"]
  assert all(cell.best for cell in body.rows[0].cells + torso.rows[1].cells)
  assert not any(cell.best for cell in body.rows[1].cells + torso.rows[0].cells)


def test_scores_equal_after_rounding_are_both_best(make_run):
  runs = [make_run("a", evaluation(90.01, 70)), make_run("b", evaluation(89.99, 70))]
  head = [row.cells[0] for row in scores.score_table(runs).sections[0].rows]
  assert [(cell.text, cell.best) for cell in head] == [("90.0", True), ("90.0", True)]


def test_single_run_is_never_the_best(make_run):
  table = scores.score_table([make_run("a", evaluation(90, 70))])
  assert not any(cell.best for section in table.sections for cell in section.rows[0].cells)


def test_missing_scores_are_dashes(make_run):
  incomplete = evaluation(95, 75)
  incomplete["pck_torso"]["groups"]["Head"] = float("nan")
  del incomplete["pck_torso"]["groups"]["Sho"]
  incomplete["pck_torso"]["micro"] = None
  runs = [make_run("a", evaluation(90, 70)), make_run("b", incomplete), make_run("c")]
  rows = scores.score_table(runs).sections[1].rows
  assert [row.name for row in rows] == ["a", "b"]
  assert [(cell.text, cell.best) for cell in rows[1].cells[:2]] == [("–", False), ("–", False)]
  assert rows[1].cells[7].text == "–" and not rows[0].cells[7].best


def test_without_evaluations(make_run):
  runs = [make_run("a")]
  assert scores.score_table(runs) is None and scores.clip_table(runs) is None
  assert scores.summary(runs) == "Training of a; not evaluated yet."


def test_clips_are_compared_separately(make_run):
  without_clip = evaluation(90, 69)
  del without_clip["per_clip"]["0503"]
  table = scores.clip_table([make_run("a", evaluation(90, 70)), make_run("b", without_clip)])
  assert table.columns == ("a", "b")
  (section,) = table.sections
  cells = {row.name: [(cell.text, cell.best) for cell in row.cells] for row in section.rows}
  assert cells == {
    "0502": [("67.0", True), ("66.0", False)],
    "0503": [("73.0", False), ("–", False)],
  }


def test_only_the_worst_clips_are_listed(make_run):
  many = evaluation(90, 70)
  many["per_clip"] = {f"{n:04d}": {"pck_torso": float(99 - n)} for n in range(60)}
  (section,) = scores.clip_table([make_run("a", many)], limit=10).sections
  assert [row.name for row in section.rows] == [f"{n:04d}" for n in range(50, 60)]


def test_summary_names_the_best_run(make_run):
  runs = [make_run("framewise", evaluation(90, 70.04)), make_run("ppn", evaluation(89, 72.5))]
  assert scores.summary(runs) == (
    "ppn reaches 72.5 % PCK-torso@0.2 on 2 clips (1,234 frames), 2.5 points above framewise."
  )


def get_texts(row):
  return [cell.text for cell in row.cells]


def test_clean_section_lists_only_runs_with_clean_scores(make_run):
  runs = [make_run("old", evaluation(90, 70)), make_run("new", full_evaluation(80, 60))]
  body, torso, clean = scores.score_table(runs).sections
  assert clean.title == "PCK-torso clean"
  assert [row.name for row in body.rows] == ["old", "new"] and len(torso.rows) == 2
  (row,) = clean.rows
  assert row.name == "new" and get_texts(row)[:2] == ["62.0", "63.2"]


def test_areas(make_run):
  runs = [make_run("a", full_evaluation(90, 70)), make_run("old", evaluation(90, 70))]
  table = scores.area_table(runs)
  assert table.columns == ("PCK-body", "PCK-torso", "PCK-torso clean")
  (row,) = table.sections[0].rows
  assert (row.name, get_texts(row)) == ("a", ["70.0", "50.0", "52.0"])


def test_actions_with_their_clips(make_run):
  without_action = full_evaluation(90, 60)
  del without_action["per_action"]["bowl"]
  table = scores.action_table(
    [make_run("a", full_evaluation(90, 70)), make_run("b", without_action), make_run("c")]
  )
  assert table.columns == ("a", "b")
  assert [section.title for section in table.sections] == [
    "PCK-body",
    "PCK-torso",
    "PCK-torso clean",
  ]
  bowl, serve = table.sections[1].rows
  assert (bowl.name, bowl.note, get_texts(bowl)) == ("bowl", "4 clips", ["60.0", "–"])
  assert (serve.name, serve.note, get_texts(serve)) == ("tennis serve", "1 clip", ["70.0", "60.0"])
  assert [cell.best for cell in serve.cells] == [True, False]


def test_single_action_has_no_table(make_run):
  single = full_evaluation(90, 70)
  single["per_action"] = {"": single["per_action"]["bowl"]}
  assert scores.action_table([make_run("a", single)]) is None


def test_jitter(make_run):
  still = {**evaluation(90, 70), "jitter": {"predicted": 1.0, "labelled": 0.0, "ratio": None}}
  empty = {**evaluation(90, 70), "jitter": {"predicted": None, "labelled": None, "ratio": None}}
  runs = [make_run("a", full_evaluation(9, 7)), make_run("b", still), make_run("c", empty)]
  table = scores.jitter_table(runs)
  assert table.columns == ("Predicted", "Labeled", "Ratio")
  first, second = table.sections[0].rows
  assert (first.name, get_texts(first)) == ("a", ["4.13 px", "2.00 px", "2.06"])
  assert (second.name, get_texts(second)) == ("b", ["1.00 px", "0.00 px", "–"])


def test_older_evaluations_lack_newer_tables(make_run):
  runs = [make_run("old", evaluation(90, 70))]
  for table in (scores.area_table, scores.action_table, scores.jitter_table):
    assert table(runs) is None
