"""Tests of evaluation.reporting.figures and graphs: curves, texts and colors."""

from ppn_tf.evaluation.reporting import figures, graphs
from tests.evaluation.reporting.conftest import metrics


def test_loss_and_pck(make_run):
  runs = [make_run("a", logged=metrics([10, 20], 3.0)), make_run("b", logged=metrics([5, 500]))]
  loss, pck = figures.learning_curves(runs)
  assert loss.alt.endswith("a from 0.3 at 10 to 0.15 at 20; b from 0.2 at 5 to 0.002 at 500.")
  assert pck.alt.endswith("a from 1.0 at 10 to 2.0 at 20; b from 0.5 at 5 to 50.0 at 500.")
  for theme, data in ((graphs.LIGHT, loss.data), (graphs.DARK, loss.dark)):
    text = data.decode()
    assert theme.runs[0] in text and theme.runs[1] in text and ">Loss of the final" in text
  assert graphs.DARK.runs[0] not in loss.data.decode()


def test_run_keeps_its_color(make_run):
  runs = [make_run("a"), make_run("b", logged=metrics([10, 20]))]
  loss = figures.learning_curves(runs)[0].data.decode()
  assert graphs.LIGHT.runs[1] in loss and graphs.LIGHT.runs[0] not in loss


def test_nan_values_are_skipped(make_run):
  lines = metrics([10, 20]) + '{"step": 30, "loss_final": NaN, "pck": null}\n'
  loss, pck = figures.learning_curves([make_run("a", logged=lines)])
  assert loss.alt.endswith("at 20.") and pck.alt.endswith("at 20.")


def test_without_logs(make_run):
  assert figures.learning_curves([make_run("a")]) == []


def test_many_runs_and_single_points(make_run):
  runs = [make_run(f"run {n}", logged=metrics([10])) for n in range(len(graphs.LIGHT.runs) + 1)]
  assert len(figures.learning_curves(runs)) == 2


def test_lines_are_distinguishable(make_run):
  assert len(graphs.LIGHT.runs) == len(graphs.DARK.runs)
  legend = graphs.legend([make_run(f"run {n}") for n in range(3 * len(graphs.LIGHT.runs))])
  looks = [(line["color"], line["dashes"]) for line in legend.values()]
  assert len(set(looks)) == len(looks)
  assert looks[0] == (0, "") and looks[1] == (1, "9 2.88")


def test_wide_loss_ranges_have_round_tick_labels(make_run):
  (loss, _) = figures.learning_curves([make_run("a", logged=metrics([1, 10, 100, 1000]))])
  text = loss.data.decode()
  assert ">0.01<" in text and ">0.5<" in text and "10^" not in text
