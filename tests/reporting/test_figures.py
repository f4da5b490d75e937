"""Tests of ppn_tf.reporting.figures: which curves are drawn, in which words and colours."""

from ppn_tf.reporting import figures
from tests.reporting.conftest import evaluation, metrics


def test_loss_and_pck(make_run):
  runs = [make_run("a", logged=metrics([10, 20], 3.0)), make_run("b", logged=metrics([5, 500]))]
  loss, pck = figures.learning_curves(runs)
  assert loss.alt.endswith("a from 0.3 at 10 to 0.15 at 20; b from 0.2 at 5 to 0.002 at 500.")
  assert pck.alt.endswith("a from 1.0 at 10 to 2.0 at 20; b from 0.5 at 5 to 50.0 at 500.")
  for theme, data in ((figures.LIGHT, loss.data), (figures.DARK, loss.dark)):
    text = data.decode()
    assert theme.runs[0] in text and theme.runs[1] in text and ">Loss of the final" in text
  assert figures.DARK.runs[0] not in loss.data.decode()


def test_a_run_keeps_its_colour(make_run):
  runs = [make_run("a"), make_run("b", logged=metrics([10, 20]))]
  loss = figures.learning_curves(runs)[0].data.decode()
  assert figures.LIGHT.runs[1] in loss and figures.LIGHT.runs[0] not in loss


def test_values_that_are_no_numbers_are_left_out(make_run):
  lines = metrics([10, 20]) + '{"step": 30, "loss_final": NaN, "pck": null}\n'
  loss, pck = figures.learning_curves([make_run("a", logged=lines)])
  assert loss.alt.endswith("at 20.") and pck.alt.endswith("at 20.")


def test_nothing_logged_nothing_drawn(make_run):
  assert figures.learning_curves([make_run("a")]) == []
  assert figures.pck_along_clip([make_run("b")]) is None


def test_many_runs_and_single_points(make_run):
  runs = [make_run(f"run {n}", logged=metrics([10])) for n in range(7)]
  assert len(figures.learning_curves(runs)) == 2


def test_along_the_clip(make_run):
  figure = figures.pck_along_clip([make_run("a", evaluation(90, 70))])
  assert figure.alt.endswith("a from 70.0 at 1 to 71.0 at 3.")
