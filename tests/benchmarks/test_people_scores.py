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


def invented(torso, body=90.0, jitter=2.0, milliseconds=None, clean=65.0):
  time = {"milliseconds": milliseconds, "turns": 30, "threads": 1, "runtime": "some runtime"}
  return {
    "file": "network.tflite",
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
  ours = {
    "0502": invented(80.0, 95.0, 2.25, 12.34, 74.5),
    "bonn": invented(70.0, jitter=3.0),
  }
  ours.update({"lspet_val": invented(60.0, jitter=float("nan")), people.OTHER: invented(85.5)})
  other = {
    "0502": invented(75.0, 99.0, 4.0, 100.0, 77.0),
    "bonn": invented(71.0, jitter=5.0),
  }
  other.update({"lspet_val": invented(50.0), people.OTHER: invented(90.0)})
  return {name: {"ours": ours[name], "other": other[name]} for name in ours}


@pytest.fixture(name="doors_flags", autouse=True)
def fixture_doors_flags(monkeypatch):
  """Defines separate flags, because other benchmarks define some of the same names."""
  values = flags.FlagValues()
  people.define_flags(values)
  values(["test"])
  monkeypatch.setattr(people, "FLAGS", values)


def cells(line):
  return [cell.strip() for cell in line.strip("|").split("|")]


def test_table(results):
  lines = tables.to_text(people.table(results), markdown=True).splitlines()
  assert cells(lines[0])[:4] == ["network", "0502 PCK-torso", "clean", "other torso"]
  assert cells(lines[2]) == [
    "ours", "**80.0**", "74.5", "85.5", "95.0", "70.0", "**90.0**", "**60.0**", "**90.0**", "2.25",
    "3.00", "12.3",
  ]  # fmt: skip
  assert cells(lines[3])[:4] == ["other", "75.0", "**77.0**", "**90.0**"]
  assert cells(lines[3])[-1] == "100.0"
  assert cells(lines[4]) == ["the labels", *["–"] * 8, "1.50", "1.50", "–"]


def test_page(results):
  page = people.page(results)
  assert "| 0502 | a test clip of Penn Action | 58 | 1 | 2 | left shoulder to right hip |" in page
  assert '\n\n- Files: ours is network.tflite, other is network.tflite.\n- "clean"' in page
  assert "with 400 of its 637 labeled joints" in " ".join(page.split())
  assert "process whole clips" in page and "the median of 30 turns" in page


def test_tiny_networks(tiny_dataset, tmp_path, monkeypatch):
  """Scores two networks with the two clips of the tests in place of all three sets."""
  records = tmp_path / "records"
  for people_set in people.SETS.values():
    (records / people_set.records).parent.mkdir(parents=True, exist_ok=True)
    (records / people_set.records).symlink_to(tiny_dataset)
  answer = tf.constant(np.tile(np.float32([0.5, 0.5, 0.9]), (1, 1, 17, 1)))
  other = convert(tmp_path, lambda image: answer + 0 * image[0, 0, 0, 0], 1, 32, 32, 3)
  people.FLAGS.tflite = [f"ours={exported(tmp_path)}", f"other={other}"]
  people.FLAGS.data_dir, people.FLAGS.turns = str(records), 3
  people.FLAGS.output = str(tmp_path / "scores.json")
  people.main(["people_scores"])
  results = json.loads((tmp_path / "scores.json").read_text())
  assert list(results) == ["0502", "bonn", "lspet_val", people.OTHER]
  assert results["0502"]["ours"]["file"] == "ours.tflite" and results["0502"]["ours"]["time"]
  assert results[people.OTHER]["other"]["torso"] == ["right_shoulder", "left_hip"]
  for name in ("ours", "other"):
    assert results["0502"][name]["pck_body"] == results[people.OTHER][name]["pck_body"]
    assert results["0502"][name]["pck_torso"] == results["bonn"][name]["pck_torso"]
  assert (tmp_path / "scores.md").read_text().startswith("# Networks on labeled people")


def test_missing_inputs(tmp_path):
  with pytest.raises(InputError, match="nothing to score"):
    people.check(tmp_path, [])
  with pytest.raises(InputError, match="--tflite=ours=/no/such.tflite: no such file"):
    people.check(tmp_path, ["ours=/no/such.tflite"])
  (tmp_path / "a.tflite").write_text("")
  with pytest.raises(InputError, match="penn_action/1.0.0: no such data set. .*people_sets"):
    people.check(tmp_path, [f"a={tmp_path / 'a.tflite'}"])
