"""Tests of the commands that export, verify and time networks, and of their errors."""

import json
import pathlib
import shutil
import zipfile

import numpy as np
import pytest

from ppn_tf.inference import people_weights
from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.tensorflow_models import SavedModelPoseModel
from ppn_tf.inference.tflite.metadata import read_description
from ppn_tf.runtime import interpreter
from ppn_tf.tracking.tracker import Tracker
from tests.commands import run_command
from tests.test_train import NETWORK

import tensorflow as tf


def run(module, *arguments):
  return run_command("tests.tiny_backbone", module, *arguments)


def run_printed(module, *arguments) -> str:
  """Runs a command that must succeed; returns its output."""
  result = run(module, *arguments)
  assert result.returncode == 0, result.stderr
  return result.stdout


def run_refused(module, *arguments) -> str:
  """Runs a command that must fail; returns its error line."""
  result = run(module, *arguments)
  assert result.returncode == 1 and "Traceback" not in result.stderr, result.stderr
  (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
  return line


@pytest.fixture(name="workdir", scope="module")
def fixture_workdir(tiny_dataset, tmp_path_factory):
  workdir = tmp_path_factory.mktemp("export") / "run"
  run_printed(
    "ppn_tf.train", *NETWORK, "--num_frames=3", "--batch_size=2", "--num_steps=4",
    "--learning_rate=0.001", "--initial_gain=0.5", "--box_margin=1.1",
    f"--dataset={tiny_dataset}", f"--workdir={workdir}",
  )  # fmt: skip
  return workdir


@pytest.fixture(name="folder", scope="module")
def fixture_folder(workdir, tiny_dataset, tmp_path_factory):
  """Exports the run as two .tflite files and a SavedModel; returns the folder and the outputs."""
  folder = tmp_path_factory.mktemp("exports")
  given = [f"--workdir={workdir}", f"--dataset={tiny_dataset}"]
  printed = {
    "exact": run_printed(
      "export.tflite", *given, "--readout=present", f"--output={folder / 'exact.tflite'}"
    ),
    "int8": run_printed(
      "export.tflite", *given, "--quantize=int8", "--sampler=table", "--frames=uint8",
      f"--output={folder / 'int8.tflite'}",
    ),
    "saved": run_printed(
      "export.saved_model", given[0], f"--output={folder / 'saved'}",
      f"--models_config={folder / 'models.config'}", "--served_from=/models",
    ),
  }  # fmt: skip
  return folder, printed


def test_files_describe_themselves(folder):
  folder, printed = folder
  assert "builtin ops, none custom" in printed["exact"] and "2 GATHER" in printed["int8"]
  exact, int8 = (TFLitePoseModel(folder / f"{name}.tflite") for name in ("exact", "int8"))
  assert exact.image_size == int8.image_size == (64, 64)
  description = read_description(folder / "int8.tflite")
  assert description["frame"]["size"] == [64, 64] and description["trained"]
  assert description["skeleton"]["joint_names"][0] == "head"
  tracker = Tracker.from_preset(folder / "int8.tflite")
  assert (tracker.settings.margin, tracker.skeleton.name) == (1.1, "penn_action")
  size = (folder / "exact.tflite").stat().st_size
  assert (folder / "int8.tflite").stat().st_size < 0.6 * size
  assert zipfile.ZipFile(folder / "exact.tflite").testzip() is None
  # BodyNet's heatmaps are an output only with --readout=present.
  nothing = np.zeros((64, 64, 3), np.float32), np.zeros((*exact.heatmap_size, 13), np.float32)
  assert exact.final_and_preliminary(*nothing)[1] is not None
  assert int8.final_and_preliminary(*nothing)[1] is None
  for name, word in (("exact", "preliminary"), ("int8", "highest cell")):
    assert word in read_description(folder / f"{name}.tflite")["heatmaps"]["read_by"]
  described = read_description(folder / "exact.tflite")
  assert (described["readout"], description["readout"]) == ("present", "answer")
  assert not {"start", "restart_score", "refresh_after"} & {*described, *description}


def test_weights_contain_their_settings(workdir, tmp_path):
  path = tmp_path / "weights.npz"
  run_printed("export.weights", f"--workdir={workdir}", "--readout=present", f"--output={path}")
  settings = people_weights.read_settings(path)
  assert (settings["readout"], settings["box_margin"]) == ("present", 1.1)


def test_saved_model_has_the_layout_of_tensorflow_serving(folder):
  saved = folder[0] / "saved"
  assert "track" in folder[1]["saved"]
  assert (saved / "1" / "saved_model.pb").is_file()
  (extra,) = (saved / "1" / "assets.extra").iterdir()
  assert extra.name == "tf_serving_warmup_requests"
  requests = list(tf.data.TFRecordDataset(str(extra)).as_numpy_iterator())
  # Field 6 of PredictionLog, field 1 of PredictLog, field 1 of PredictRequest: the model's name.
  assert [request[:1] for request in requests] == [b"\x32"] * 3
  assert all(b"\x0a\x05saved" in request for request in requests)
  assert all(name in request for name, request in zip((b"start", b"step", b"track"), requests))
  assert 'base_path: "/models/saved"' in (folder[0] / "models.config").read_text()
  # The folder is loaded at its newest version.
  assert SavedModelPoseModel(saved).num_joints == 13


def test_verify(folder, workdir, tiny_dataset, tmp_path):
  """Compares all exported forms with the run, in all runtimes."""
  folder, _ = folder
  files = [folder / name for name in ("exact.tflite", "int8.tflite", "saved")]
  given = [f"--workdir={workdir}", f"--dataset={tiny_dataset}", "--max_drop=100"]
  scores, plot = tmp_path / "scores.json", tmp_path / "drift.png"
  printed = run_printed(
    "export.verify", *files, *given, f"--output_json={scores}", f"--plot={plot}"
  )
  runtimes = interpreter.available_runtimes()
  assert f"{2 * len(runtimes) + 1} forms agree" in printed
  figures = json.loads(scores.read_text())
  assert set(figures) == {
    "network",
    "saved (TensorFlow)",
    *(f"{name}.tflite ({runtime})" for name in ("exact", "int8") for runtime in runtimes),
  }
  exact = figures[f"exact.tflite ({runtimes[0]})"]
  assert exact["largest_difference"] < 1e-3
  assert exact["pck_torso"]["micro"] == pytest.approx(figures["network"]["pck_torso"]["micro"])
  assert 0 < figures[f"int8.tflite ({runtimes[0]})"]["drift"][0] < 0.05
  assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.fixture(name="quantized_run", scope="module")
def fixture_quantized_run(workdir, tiny_dataset, tmp_path_factory):
  """Trains a quantization-aware run for two steps; returns its flags, folders first and last."""
  flags = [
    f"--quantize_aware={workdir}", "--num_frames=3", "--batch_size=2", "--num_steps=2",
    "--learning_rate=1e-4", "--box_margin=1.1", "--checkpoint_every=1", "--log_every=1",
    f"--dataset={tiny_dataset}", f"--workdir={tmp_path_factory.mktemp('qat') / 'run'}",
  ]  # fmt: skip
  run_printed("ppn_tf.train", *flags)
  return flags


def test_quantization_aware_run_is_exported(quantized_run, workdir, tiny_dataset, tmp_path):
  """Expects the float run's flags, and small differences from its heatmaps."""
  given, output = quantized_run[-1], tmp_path / "qat.tflite"
  saved = json.loads((pathlib.Path(given.split("=")[1]) / "flags.json").read_text())
  assert (saved["ppu_blocks"], saved["image_size"]) == (1, [64, 64])
  printed = run_printed("export.tflite", given, "--quantize=qat", f"--output={output}")
  assert "none custom" in printed
  scores = tmp_path / "scores.json"
  run_printed(
    "export.verify", output, f"--workdir={workdir}", f"--dataset={tiny_dataset}",
    "--max_drop=100", f"--output_json={scores}",
  )  # fmt: skip
  network, *exports = json.loads(scores.read_text()).values()
  assert all(0 < form["drift"][-1] < 0.05 for form in exports)


def test_quantization_aware_run_cannot_be_quantized_again(quantized_run, workdir, tmp_path):
  given, output = quantized_run[-1], f"--output={tmp_path / 'net.tflite'}"
  line = run_refused("export.tflite", given, "--quantize=int8", output)
  assert "--quantize=qat" in line and str(workdir) in line
  line = run_refused(
    "ppn_tf.train", f"--quantize_aware={given.split('=')[1]}", *quantized_run[1:-1],
    f"--workdir={tmp_path / 'run'}",
  )  # fmt: skip
  assert f"quantization-aware already, from {workdir}" in line
  assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_quantization_aware_training_resumes_without_the_float_run(
  quantized_run, workdir, tmp_path
):
  folder = tmp_path / "run"
  shutil.copytree(quantized_run[-1].split("=")[1], folder)
  earlier = (folder / "metrics.jsonl").read_text()
  (folder / "checkpoints" / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"\n')
  hidden = workdir.rename(workdir.with_name("hidden"))
  try:
    run_printed("ppn_tf.train", *quantized_run[:-1], f"--workdir={folder}")
  finally:
    hidden.rename(workdir)
  losses = [json.loads(line)["loss"] for line in earlier.splitlines()]
  resumed = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
  assert [record["step"] for record in resumed] == [1, 2]
  assert resumed[1]["loss"] == pytest.approx(losses[1], rel=1e-3)


def test_benchmark(folder, tmp_path):
  files = [folder[0] / f"{name}.tflite" for name in ("exact", "int8")]
  table, figures, plot = (tmp_path / f"b{suffix}" for suffix in (".md", ".json", ".svg"))
  printed = run_printed(
    "export.benchmark", files[0], f"--peers={folder[0]}", "--repeats=3", "--threads=1",
    f"--output_markdown={table}", f"--output_json={figures}", f"--plot={plot}",
  )  # fmt: skip
  assert printed.strip() == table.read_text().strip()
  rows = json.loads(figures.read_text())
  runtimes = interpreter.available_runtimes()
  assert len(rows) == len(runtimes) * 3 * 2
  assert {(row["file"], row["signature"]) for row in rows} == {
    (f"{name}.tflite", signature) for name in ("exact", "int8") for signature in ("start", "step")
  }
  assert all(len(row["seconds"]) == 3 and row["p90_ms"] >= row["median_ms"] > 0 for row in rows)
  assert "| exact.tflite | step |" in printed and plot.read_text().startswith("<?xml")
  assert "`step` on 1 thread" in printed or "were not measured" in printed


def test_random_network_is_marked_as_untrained(workdir, tiny_dataset, tmp_path):
  output = tmp_path / "random.tflite"
  run_printed("export.tflite", "--random_weights", *NETWORK, f"--output={output}")
  assert not read_description(output)["trained"]
  frame = np.zeros((64, 64, 3), np.float32)
  model = TFLitePoseModel(output)
  assert np.isfinite(model.step(frame, model.start(frame))).all()
  # The file is not an export of the run.
  line = run_refused("export.verify", output, f"--workdir={workdir}", f"--dataset={tiny_dataset}")
  assert "differs by" in line and "more than 0.001" in line


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    ([], "--workdir: not given. Give the folder of a run, --model=people, or"),
    (["--workdir={workdir}", "--random_weights"], "Give only one of them"),
    (["--workdir={workdir}", "--model=people"], "and --model=people: given together"),
    (["--workdir={workdir}", "--quantize=int8"], "Give --dataset"),
    (
      ["--workdir={workdir}", "--quantize=int8", "--dataset={data}", "--calibration_clips=1"],
      "calibration requires 10",
    ),
    (["--workdir={workdir}", "--quantize=qat"], "ppn_tf.train --quantize_aware={workdir}"),
    (["--workdir={workdir}", "--image_size=96,96"], "--image_size="),
    (["--workdir={data}"], "holds no run"),
  ],
)
def test_refused_export_leaves_no_file(workdir, tiny_dataset, tmp_path, arguments, message):
  given = [argument.format(workdir=workdir, data=tiny_dataset) for argument in arguments]
  line = run_refused("export.tflite", *given, f"--output={tmp_path / 'net.tflite'}")
  assert message.format(workdir=workdir) in line
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
  ("module", "message"),
  [
    ("export.benchmark", "nothing.tflite: no such file"),
    ("export.verify", "nothing.tflite: no such file or folder"),
  ],
)
def test_missing_files(workdir, tiny_dataset, module, message):
  given = [f"--workdir={workdir}", f"--dataset={tiny_dataset}"]
  given = given if module == "export.verify" else []
  assert message in run_refused(module, "nothing.tflite", *given)


@pytest.mark.slow
def test_packaged_network_is_exported(tmp_path):
  """Exports in float16, at half the size of float32, with the exact sampler.

  The README's commands export in float32.
  """
  path = tmp_path / "people.tflite"
  given = ["--model=people", f"--output={path}", "--quantize=float16"]
  assert "exact sampler" in run_printed("export.tflite", *given)
  description = read_description(path)
  assert description["skeleton"]["name"] == "coco" and description["frame"]["box_margin"] == 1.05
  assert (description["readout"], description["restart_score"]) == ("present", 0.36)
  assert description["refresh_after"] == people_weights.REFRESH_AFTER
  assert 7e6 < path.stat().st_size < 10e6
  # Joints are read from the current frame.
  nothing = np.zeros((192, 192, 3), np.float32), np.zeros((48, 48, 17), np.float32)
  assert TFLitePoseModel(path).final_and_preliminary(*nothing)[1].shape == (48, 48, 17)
