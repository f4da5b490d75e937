"""Tests of ppn_tf.evaluation.reporting.accuracy: PCK by threshold and by joint group."""

import re

import pytest

from ppn_tf.evaluation.reporting import accuracy, graphs
from tests.evaluation.reporting.conftest import evaluation, full_evaluation


def test_curves_by_threshold(make_run):
  runs = [make_run("a", full_evaluation(90, 70)), make_run("b", full_evaluation(80, 60))]
  body, torso, clean = accuracy.threshold_curves(runs)
  assert body.alt == "Graph of PCK-body in percent by threshold: a 90.0 at 0.2; b 80.0 at 0.2."
  assert torso.alt.endswith("PCK-torso in percent by threshold: a 70.0 at 0.2; b 60.0 at 0.2.")
  assert clean.alt.endswith(
    "PCK-torso clean in percent by threshold: a 72.0 at 0.2; b 62.0 at 0.2."
  )
  assert ">threshold alpha<" in body.data.decode() and ">PCK-torso clean, %<" in clean.data.decode()


def dotted_lines(picture):
  """Returns vertical dotted lines in the text color; curves have other colors."""
  return re.findall(
    r'd="M ([\d.]+) [\d.]+ \nL \1 [\d.]+ \n"[^>]*stroke-dasharray[^>]*stroke: ' + graphs.LIGHT.text,
    picture.data.decode(),
  )


def test_every_threshold_has_a_line(make_run):
  narrow = {**full_evaluation(80, 60), "alpha": 0.1}
  single = accuracy.threshold_curves([make_run("a", full_evaluation(90, 70))])[0]
  mixed = accuracy.threshold_curves([make_run("b", full_evaluation(90, 70)), make_run("c", narrow)])
  assert len(dotted_lines(single)) == 1 and len(dotted_lines(mixed[0])) == 2
  assert accuracy.get_alphas([make_run("d", narrow), make_run("e")]) == [0.1]
  # Halfway between 0 at 0 and 80 at 0.2.
  assert "c 80.0 at 0.2" in mixed[0].alt and "c 40.0 at 0.1" in mixed[0].alt


@pytest.mark.parametrize("draw", [accuracy.threshold_curves, accuracy.group_bars])
def test_without_measurements(make_run, draw):
  assert draw([make_run("a")]) == []


def test_older_evaluations_have_bars_but_no_curves(make_run):
  runs = [make_run("a", evaluation(90, 70))]
  assert accuracy.threshold_curves(runs) == []
  (bars,) = accuracy.group_bars(runs)
  assert bars.alt == (
    "Bars of PCK-torso in percent by joint group: "
    "a Head 70.0, Sho 71.2, Elb 72.5, Wri 73.8, Hip 75.0, Knee 76.2, Ank 77.5, Mean 70.0."
  )


def test_bars_keep_run_colors_and_show_values(make_run):
  incomplete = full_evaluation(90, 10)
  incomplete["pck_torso"]["groups"]["Head"] = None
  runs = [make_run("a", full_evaluation(90, 70)), make_run("b"), make_run("c", incomplete)]
  torso, clean = accuracy.group_bars(runs)
  text = torso.data.decode()
  first, second, third = graphs.LIGHT.runs[:3]
  assert text.count(f"fill: {first}") == 8 and text.count(f"fill: {third}") == 8
  assert second not in text
  assert ">71.2<" in text and ">11.2<" in text and "nan" not in text
  assert "c Sho 11.2" in torso.alt and "Bars of PCK-torso clean" in clean.alt


def test_bars_of_many_runs_have_no_numbers(make_run):
  runs = [make_run(f"run {n}", full_evaluation(90, 70)) for n in range(5)]
  assert ">71.2<" not in accuracy.group_bars(runs)[0].data.decode()
