"""Tests of scores on labeled people, with invented scores and with tiny networks."""

import json

import numpy as np
import pytest
from absl import flags

from benchmarks import people_scores as people
from ppn_tf.evaluation import tables
from ppn_tf.runtime.errors import InputError
from tests.evaluation.test_exported_networks import exported
from tests.evaluation.test_third_party import convert

import tensorflow as tf


def make_scores(torso, body=90.0, jitter=2.0, milliseconds=None, clean=65.0):
  time = {"milliseconds": milliseconds, "turns": 30, "threads": 1, "runtime": "some runtime"}
  return {
    "file": "network.tflite",
    "box_margin": 1.25,
    "num_frames": 58,
    "num_clips": 1,
    "joints": ["head", "left_wrist"],
    "torso": ["left_shoulder", "right_hip"],
    "jitter": {"predicted": jitter, "labelled": 1.5, "ratio": jitter / 1.5},
    "time": time if milliseconds else None,
    "pck_torso": {"micro": torso, "num_joints": 637},
    "pck_torso_clean": {"micro": clean, "num_joints": 400},
    "pck_body": {"micro": body},
  }


@pytest.fixture(name="results")
def fixture_results():
  own = {
    "0502": make_scores(80.0, 95.0, 2.25, 12.34, 74.5),
    "bonn": make_scores(70.0, jitter=3.0),
  }
  own.update({"lspet_val": make_scores(60.0, jitter=float("nan")), people.OTHER: make_scores(85.5)})
  third_party = {
    "0502": make_scores(75.0, 99.0, 4.0, 100.0, 77.0),
    "bonn": make_scores(71.0, jitter=5.0),
  }
  third_party.update({"lspet_val": make_scores(50.0), people.OTHER: make_scores(90.0)})
  return {name: {"ours": own[name], "other": third_party[name]} for name in own}


def make_fine(pck, lag=0.1):
  measures = {"pck@0.2": 95.0, "pck@0.1": pck, "pck@0.05": pck - 30, "median": 0.05, "jitter": 2.5}
  intervals = {"pck@0.1": [pck - 4.4, pck + 3.6], "pck@0.05": [20.0, 60.0]}
  return {**measures, "lag": lag, "num_clips": 11, "intervals": intervals}


@pytest.fixture(name="fine")
def fixture_fine():
  of_set = {"ours": make_fine(80.0), "other": make_fine(75.0), "ours, free": make_fine(70.0)}
  return {name: of_set for name in ("0502", people.VIDEOS)}


@pytest.fixture(name="command_flags", autouse=True)
def fixture_command_flags(monkeypatch):
  """Defines separate flags, because other benchmarks define some of the same names."""
  values = flags.FlagValues()
  people.define_flags(values)
  values(["test"])
  monkeypatch.setattr(people, "FLAGS", values)


def cells(line):
  return [cell.strip() for cell in line.strip("|").split("|")]


def test_table_marks_the_best_scores(results):
  lines = tables.to_text(people.table(results), markdown=True).splitlines()
  assert cells(lines[0])[:4] == ["network", "0502 PCK-torso", "clean", "other torso"]
  assert cells(lines[2]) == [
    "ours", "**80.0**", "74.5", "85.5", "95.0", "70.0", "**90.0**", "**60.0**", "**90.0**", "2.25",
    "3.00", "1.25", "12.3",
  ]  # fmt: skip
  assert cells(lines[3])[:4] == ["other", "75.0", "**77.0**", "**90.0**"]
  assert cells(lines[3])[-1] == "100.0"
  assert cells(lines[4]) == ["the labels", *["–"] * 8, "1.50", "1.50", "–", "–"]


def test_fine_table_has_variants_and_intervals(fine):
  lines = tables.to_text(people.fine_table(fine), markdown=True).splitlines()
  assert cells(lines[0]) == [
    "network", "0502 @0.1", "@0.05", "all videos @0.1", "@0.05", "median error, %", "jitter, %",
    "lag",
  ]  # fmt: skip
  assert cells(lines[2]) == [
    "ours", "**80.0**", "**50.0**", "**80.0 (76 to 84)**", "**50.0 (20 to 60)**", "5.0", "2.5",
    "0.1",
  ]  # fmt: skip
  assert cells(lines[4])[:2] == ["ours, free", "70.0"]


def test_page_describes_sets_and_conditions(results, fine):
  page = people.page(results, fine)
  assert "| ours, free | 70.0 |" in page
  assert "11 clips of the three sets of videos" in " ".join(page.split())
  assert "| 0502 | a test clip of Penn Action | 58 | 1 | 2 | left shoulder to right hip |" in page
  assert '\n\n- Files: ours is network.tflite, other is network.tflite.\n- "clean"' in page
  assert "with 400 of its 637 labeled joints" in " ".join(page.split())
  assert "process whole clips" in page and "the median of 30 turns" in page


@pytest.mark.slow
def test_tiny_networks_are_scored(tiny_dataset, tmp_path, monkeypatch):
  """Scores two networks on the two clips of the tests instead of the four sets."""
  records = tmp_path / "records"
  for people_set in people.SETS.values():
    (records / people_set.records).parent.mkdir(parents=True, exist_ok=True)
    (records / people_set.records).symlink_to(tiny_dataset)
  answer = tf.constant(np.tile(np.float32([0.5, 0.5, 0.9]), (1, 1, 17, 1)))
  third_party = convert(tmp_path, lambda image: answer + 0 * image[0, 0, 0, 0], 1, 32, 32, 3)
  people.FLAGS.tflite = [f"ours={exported(tmp_path)}", f"other={third_party}"]
  people.FLAGS.averaged = ["other"]
  people.FLAGS.data_dir, people.FLAGS.turns = str(records), 3
  people.FLAGS.output = str(tmp_path / "scores.json")
  people.main(["people_scores"])
  results = json.loads((tmp_path / "scores.json").read_text())
  assert list(results) == ["0502", "bonn", "lspet_val", "eval_clips", people.OTHER, "fine"]
  measures = results["fine"][people.VIDEOS]
  assert list(measures) == ["ours", "other", "other, averaged"]
  assert measures["ours"]["num_clips"] == 2 and measures["ours"]["pck@0.2"] is not None
  assert results["0502"]["ours"]["file"] == "ours.tflite" and results["0502"]["ours"]["time"]
  assert results[people.OTHER]["other"]["torso"] == ["right_shoulder", "left_hip"]
  for name in ("ours", "other"):
    assert results["0502"][name]["pck_body"] == results[people.OTHER][name]["pck_body"]
    assert results["0502"][name]["pck_torso"] == results["bonn"][name]["pck_torso"]
  assert (tmp_path / "scores.md").read_text().startswith("# Networks on labeled people")


def test_missing_inputs_are_refused(tmp_path):
  with pytest.raises(InputError, match="nothing to score"):
    people.check(tmp_path, [])
  with pytest.raises(InputError, match="--tflite=ours=/no/such.tflite: no such file"):
    people.check(tmp_path, ["ours=/no/such.tflite"])
  (tmp_path / "a.tflite").write_text("")
  with pytest.raises(InputError, match="penn_action/1.0.0: no such data set. .*people_sets"):
    people.check(tmp_path, [f"a={tmp_path / 'a.tflite'}"])
  people.FLAGS.variants = ["b"]
  with pytest.raises(InputError, match="--variants, --averaged: no --tflite has the NAME b"):
    people.check(tmp_path, [f"a={tmp_path / 'a.tflite'}"])
