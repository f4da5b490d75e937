"""Tests of the page and plot of mobile variants, with invented times and scores."""

import json
import pathlib
import sys

import pytest
from absl import flags
from absl.testing import flagsaver

from benchmarks import mobile_variants as mobile
from benchmarks.ablation_results import Results
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.interpreter import available_runtimes
from tests.commands import run_command


def results_table(**scores):
  """Returns scores on whole clips by run, one for each seed."""
  return {
    run: {
      str(seed): {"scores": {"0": {"pck_torso": {"micro": score}}}}
      for seed, score in enumerate(values)
    }
    for run, values in scores.items()
  }


@pytest.fixture(name="results")
def fixture_results():
  scores = {variant.small: [80.0, 82.0] for variant in mobile.VARIANTS if variant.small}
  return results_table(**{**scores, "swift_lite": [79.0, 80.5], "framewise_small": [70.0, 71.0]})


@pytest.fixture(name="measured")
def fixture_measured():
  return {
    variant.name: mobile.Measured(10**9 * (number + 1), 10**6, 10.0 * (number + 1), 0.5 + number)
    for number, variant in enumerate(mobile.VARIANTS)
  }


@pytest.fixture(name="command_flags", autouse=True)
def fixture_command_flags():
  # flagsaver removes flags that are defined within the block.
  with flagsaver.flagsaver():
    mobile.define_flags()
    flags.FLAGS(["test"])
    yield


def test_page_has_times_scores_and_verdicts(results, measured):
  page = mobile.page(Results(results), measured, "thunder")
  (row,) = [line for line in page.splitlines() if line.startswith("| lite, exact sampler |")]
  assert [cell.strip() for cell in row.strip("|").split("|")] == [
    "lite, exact sampler", "exact", "5.00", "50.0", "4.50", "79.8 ± 1.1",
  ]  # fmt: skip
  assert "against PPN-Swift: -1.2 on average, -1.0, -1.5 by seed. Against" in page
  assert "2 seeds" in page and "thunder" in page and "nothing" not in page


def test_plot_has_a_dot_for_each_variant_with_a_score(results, measured):
  (axes,) = mobile.plot(Results(results), measured).axes
  dots = [line for line in axes.lines if line.get_marker() == "o"]
  assert len(dots) == sum(bool(variant.small) for variant in mobile.VARIANTS)
  assert (4.5, 79.75) in [(line.get_xdata()[0], line.get_ydata()[0]) for line in dots]


def test_missing_inputs_are_refused(results, tmp_path):
  path = tmp_path / "results.json"
  with pytest.raises(InputError, match="no such file"):
    mobile.read_results(path)
  del results["swift_lite"]
  path.write_text(json.dumps(results))
  with pytest.raises(InputError, match="--networks=swift_lite`"):
    mobile.read_results(path)
  with pytest.raises(InputError, match="--reference=/no/such.tflite"):
    mobile.measure(pathlib.Path("/no/such.tflite"))


@pytest.mark.usefixtures("tiny_backbone")
def test_variants_are_timed_with_the_reference(tmp_path, monkeypatch):
  """Exports and times tiny networks."""
  tiny = ("--method=framewise", "--body_backbone=mobilenet_v2_0.35", "--image_size=32,32")
  variants = (mobile.Variant("a", tiny, "exact"), mobile.Variant("b", tiny, "exact", "float16"))
  monkeypatch.setattr(mobile, "VARIANTS", variants)
  monkeypatch.setattr(mobile.subprocess, "run", run_in_warm_process)
  reference = tmp_path / "reference.tflite"
  mobile.export(variants[0], reference)
  flags.FLAGS.repeats, flags.FLAGS.runtime = 3, available_runtimes()[0]
  measured = mobile.measure(reference)
  assert measured["b"].bytes < 0.6 * measured["a"].bytes
  assert measured["a"].macs == measured["b"].macs == mobile.step_macs(variants[0])
  assert all(0.2 < costs.ratio < 5.0 and costs.milliseconds > 0 for costs in measured.values())


def run_in_warm_process(command, **options):
  """Runs `python -m MODULE ARGUMENTS` with the tiny backbone, without importing libraries."""
  interpreter, option, module, *arguments = command
  assert (interpreter, option) == (sys.executable, "-m")
  return run_command("tests.tiny_backbone", module, *arguments)
