"""Tests of spreads and verdicts of the ablations against values computed by hand."""

import pytest

from benchmarks import ablation_plan as plan
from benchmarks.ablation_results import Results, spread, verdict


def run(scores_by_seed, late_scores=()):
  """Returns the results of a run, scored with T = 5 and on whole clips."""
  return {
    seed: {
      "scores": {
        "5": {"pck_torso": {"micro": score}},
        "0": {"per_frame_index": {"pck_torso": list(late_scores)}},
      }
    }
    for seed, score in scores_by_seed.items()
  }


def test_spread_is_mean_and_sample_deviation():
  # Deviations -2, 0, 2, whose squares sum to 8; 8 / (n - 1) is 4.
  assert spread([70.0, 72.0, 74.0]) == "72.0 ± 2.0"
  assert spread([70.0]) == "70.0"


def test_claim_is_undecided_unless_all_seeds_agree():
  assert verdict([3.0, 2.5], [1.0, 2.0]) == "**holds** (+1.2 on average, +2.0, +0.5 by seed)"
  assert verdict([1.0, 2.0], [3.0, 2.0]).startswith("**does not hold** (-1.0 on average")
  assert verdict([4.0, 1.0], [1.0, 2.0]).startswith("**undecided** (+1.0 on average")


def test_seeds_common_to_all_runs_are_sorted():
  results = Results({"a": run({"10": 1, "2": 3, "0": 5}), "b": run({"2": 1, "10": 1})})
  assert results.seeds("a", "b") == ["2", "10"]
  assert results.seeds("a", "b", "c") == []
  assert results.scores("a") == [5, 3, 1]


def test_late_frames_start_after_the_thirtieth():
  results = Results({"a": run({"0": 1}, [0.0] * 30 + [10.0, 20.0])})
  assert results.late("a") == [15.0]


def test_every_run_starts_from_pretrained_networks_of_its_backbones():
  pretrained = {run.name: run.flags for run in plan.PRETRAINED}
  for trained in (*plan.TRAINED, *plan.MOBILE):
    for part, source in (("body", trained.body), ("head", trained.head)):
      if source:
        backbone = next(f for f in trained.flags if f.startswith(f"--{part}_backbone="))
        assert backbone.replace("head", "body") in pretrained[source]


def test_prerequisites_precede_their_networks():
  runs = plan.with_prerequisites(["swift_lite", "swift"])
  assert [run.name for run in runs] == [
    "pretrained_small",
    "pretrained_small_separable",
    "swift",
    "swift_lite",
  ]
  assert plan.with_prerequisites(list(plan.RUNS)) == list(plan.RUNS.values())
  with pytest.raises(ValueError, match="^swiftest: not one of pretrained_large, "):
    plan.with_prerequisites(["swift", "swiftest"])
