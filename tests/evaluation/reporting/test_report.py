"""Tests of the command `python -m ppn_tf.report`."""

import json
import pathlib

import pytest

from ppn_tf.config.experiment import Experiment, build_model
from tests.commands import run_command
from tests.evaluation.reporting.conftest import evaluation, full_evaluation, metrics
from tests.evaluation.reporting.test_page import Parsed, decode_size
from tests.evaluation.reporting.test_sheets import write_predictions

import tensorflow as tf

ROOT = pathlib.Path(__file__).parents[3]
SMALL = {
  "head_backbone": "mobilenet_v2_0.35",
  "body_backbone": "mobilenet_v2_0.35",
  "ppu_blocks": 1,
  "dilations": ["1"],
  "image_size": ["64", "64"],
}


@pytest.fixture(name="runs", scope="module")
def fixture_runs(tiny_backbone, tmp_path_factory):
  """Writes workdirs of a PPN and a frame-wise network with random weights."""
  root = tmp_path_factory.mktemp("runs")
  for method in ("ppn", "framewise"):
    folder = root / method
    folder.mkdir()
    experiment = Experiment().replace(**SMALL, method=method)
    (folder / "flags.json").write_text(json.dumps(experiment.to_flags()))
    (folder / "metrics.jsonl").write_text(metrics([10, 20]))
    (folder / "evaluation.json").write_text(json.dumps(evaluation(90, 70)))
    checkpoint = tf.train.Checkpoint(model=build_model(experiment))
    checkpoint.save(str(folder / "checkpoints" / "ckpt"))
  return root


def report(*arguments):
  return run_command("tests.tiny_backbone", "ppn_tf.report", *arguments)


def test_networks_and_predictions(runs, walkers, make_run, tmp_path):
  """Reports two runs with networks, and a third with predictions but no checkpoint."""
  predicted = make_run("foretold", full_evaluation(90, 68)).workdir
  write_predictions(predicted, {"0002": 1})
  output = tmp_path / "new" / "page.html"
  result = report(
    f"ours={runs}/ppn",
    f"{predicted}/",
    f"--run=twin={runs}/framewise",
    f"--dataset={walkers}",
    "--num_clips=2",
    "--num_worst=1",
    f"--output={output}",
  )
  assert result.returncode == 0, result.stderr
  # The scores come from evaluation.json of the fixtures.
  assert result.stdout.splitlines() == [
    f"{output}: report on ours, foretold, twin.",
    "ours: PCK-torso 70.0",
    "foretold: PCK-torso 68.0",
    "twin: PCK-torso 70.0",
  ]
  text = output.read_text(encoding="utf-8")
  assert "http:" not in text and "https:" not in text
  parsed = Parsed(text)
  assert parsed.headings == [
    "Scores",
    "By threshold",
    "Along a clip",
    "Jitter",
    "Training",
    "Worst clips",
    "Unseen frames",
    "Inside the propagation",
    "How it was made",
  ]
  # Runs with networks show two clips; the third run shows eight and three frames of a clip.
  strips = [image["alt"] for image in parsed.images if "skeleton that" in image["alt"]]
  shown = [(alt.split("that ")[1].split()[0], alt.split()[0]) for alt in strips]
  assert shown[:3] == [("foretold", "4"), ("foretold", "4"), ("foretold", "3")]
  assert [name for name, _ in shown[3:]] == ["ours", "twin", "ours", "twin"]
  for image in parsed.images:  # a clip may have only three frames
    if "skeleton that" in image["alt"]:
      frames = int(image["alt"].split()[0])
      assert frames in (3, 4) and decode_size(image["src"]) == (244 * frames - 4, 240)
  words = " ".join(parsed.text.split())
  assert "Clip 0002, bowl: the lowest PCK-torso. foretold" in words
  assert "Clip 0000, bowl: the median PCK-torso. foretold 100.0." in words
  assert ["--method", "ppn", "foretold", "framewise"] in [
    row for table in parsed.tables for row in table
  ]
  assert f"--output={output}" in parsed.text


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    (["--run=a={runs}/ppn", "--dataset={runs}/nowhere"], "nowhere: no such folder"),
    (["--run=a={runs}/ppn", "--tflite={runs}/no.tflite"], "no.tflite: no such file"),
  ],
)
def test_bad_input_keeps_the_existing_page(runs, tmp_path, arguments, message):
  output = tmp_path / "page.html"
  output.write_text("older")
  result = report(*(argument.format(runs=runs) for argument in arguments), f"--output={output}")
  assert result.returncode == 1
  assert message in result.stderr and "Traceback" not in result.stderr
  assert result.stderr.splitlines()[-1].startswith("error: ")
  assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
  assert output.read_text() == "older"
