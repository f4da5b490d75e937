"""Exporting, verifying and timing as a user does it; and what a user does wrong."""

import json
import pathlib
import shutil
import zipfile

import numpy as np
import pytest

from ppn_tf.inference import people
from ppn_tf.inference.pose_model import SavedModelPoseModel, TFLitePoseModel
from ppn_tf.inference.tflite.metadata import read_description
from ppn_tf.runtime import interpreter
from ppn_tf.tracking.tracker import Tracker
from tests.commands import run_command
from tests.test_train import NETWORK

import tensorflow as tf


def run(module, *arguments):
  return run_command("tests.tiny_backbone", module, *arguments)


def printed(module, *arguments) -> str:
  done = run(module, *arguments)
  assert done.returncode == 0, done.stderr
  return done.stdout


def refusal(module, *arguments) -> str:
  """The one line that a door ends with."""
  done = run(module, *arguments)
  assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
  (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
  return line


@pytest.fixture(name="workdir", scope="module")
def fixture_workdir(tiny_dataset, tmp_path_factory):
  workdir = tmp_path_factory.mktemp("export") / "run"
  printed(
    "ppn_tf.train", *NETWORK, "--num_frames=3", "--batch_size=2", "--num_steps=4",
    "--learning_rate=0.001", "--initial_gain=0.5", "--box_margin=1.1",
    f"--dataset={tiny_dataset}", f"--workdir={workdir}",
  )  # fmt: skip
  return workdir


@pytest.fixture(name="folder", scope="module")
def fixture_folder(workdir, tiny_dataset, tmp_path_factory):
  """Exports of the run: two .tflite files, a SavedModel, and what the doors printed."""
  folder = tmp_path_factory.mktemp("exports")
  given = [f"--workdir={workdir}", f"--dataset={tiny_dataset}"]
  said = {
    "exact": printed(
      "export.tflite", *given, "--readout=present", f"--output={folder / 'exact.tflite'}"
    ),
    "int8": printed(
      "export.tflite", *given, "--quantize=int8", "--sampler=table", "--frames=uint8",
      f"--output={folder / 'int8.tflite'}",
    ),
    "saved": printed("export.saved_model", given[0], f"--output={folder / 'saved'}"),
  }  # fmt: skip
  return folder, said


def test_files_say_what_they_are(folder):
  folder, said = folder
  assert "builtin ops, none custom" in said["exact"] and "2 GATHER" in said["int8"]
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
  # By which heatmaps joints are read: BodyNet's are there where that was asked for.
  nothing = np.zeros((64, 64, 3), np.float32), np.zeros((*exact.heatmap_size, 13), np.float32)
  assert exact.final_and_preliminary(*nothing)[1] is not None
  assert int8.final_and_preliminary(*nothing)[1] is None
  for name, word in (("exact", "preliminary"), ("int8", "highest cell")):
    assert word in read_description(folder / f"{name}.tflite")["heatmaps"]["read_by"]


def test_weights_for_the_package_say_how_they_are_read(workdir, tmp_path):
  path = tmp_path / "weights.npz"
  printed("export.weights", f"--workdir={workdir}", "--readout=present", f"--output={path}")
  settings = people.read_settings(path)
  assert (settings["readout"], settings["box_margin"]) == ("present", 1.1)


def test_a_saved_model_is_as_tensorflow_serving_wants_it(folder):
  saved = folder[0] / "saved"
  assert "track" in folder[1]["saved"]
  assert (saved / "1" / "saved_model.pb").is_file()
  (extra,) = (saved / "1" / "assets.extra").iterdir()
  assert extra.name == "tf_serving_warmup_requests"
  requests = list(tf.data.TFRecordDataset(str(extra)).as_numpy_iterator())
  # Field 6 of PredictionLog, field 1 of PredictLog, field 1 of PredictRequest: the model's name.
  assert [one[:1] for one in requests] == [b"\x32"] * 3
  assert all(b"\x0a\x05saved" in one for one in requests)
  assert [name in one for name, one in zip((b"start", b"step", b"track"), requests)] == [True] * 3
  # What it was exported from is in the newest version.
  assert SavedModelPoseModel(saved).num_joints == 13


def test_verify(folder, workdir, tiny_dataset, tmp_path):
  """All forms agree; on frame 1 and at the end, in both runtimes."""
  folder, _ = folder
  files = [folder / name for name in ("exact.tflite", "int8.tflite", "saved")]
  given = [f"--workdir={workdir}", f"--dataset={tiny_dataset}", "--max_drop=100"]
  scores, plot = tmp_path / "scores.json", tmp_path / "drift.png"
  said = printed("export.verify", *files, *given, f"--output_json={scores}", f"--plot={plot}")
  runtimes = interpreter.available_runtimes()
  assert f"{2 * len(runtimes) + 1} forms agree" in said
  found = json.loads(scores.read_text())
  assert set(found) == {
    "network",
    "saved (TensorFlow)",
    *(f"{name}.tflite ({runtime})" for name in ("exact", "int8") for runtime in runtimes),
  }
  exact = found[f"exact.tflite ({runtimes[0]})"]
  assert exact["largest_difference"] < 1e-3
  assert exact["pck_torso"]["micro"] == pytest.approx(found["network"]["pck_torso"]["micro"])
  assert 0 < found[f"int8.tflite ({runtimes[0]})"]["drift"][0] < 0.05
  assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.fixture(name="rounding_run", scope="module")
def fixture_rounding_run(workdir, tiny_dataset, tmp_path_factory):
  """The flags of a quantization-aware run of two steps, the first and last its folders."""
  flags = [
    f"--quantize_aware={workdir}", "--num_frames=3", "--batch_size=2", "--num_steps=2",
    "--learning_rate=1e-4", "--box_margin=1.1", "--checkpoint_every=1", "--log_every=1",
    f"--dataset={tiny_dataset}", f"--workdir={tmp_path_factory.mktemp('qat') / 'run'}",
  ]  # fmt: skip
  printed("ppn_tf.train", *flags)
  return flags


def test_training_with_rounding_starts_from_a_run_and_is_exported(
  rounding_run, workdir, tiny_dataset, tmp_path
):
  """The network's flags, weights and ranges are the float run's, so it scores as that one."""
  given, output = rounding_run[-1], tmp_path / "qat.tflite"
  saved = json.loads((pathlib.Path(given.split("=")[1]) / "flags.json").read_text())
  assert (saved["ppu_blocks"], saved["image_size"]) == (1, [64, 64])
  said = printed("export.tflite", given, "--quantize=qat", f"--output={output}")
  assert "none custom" in said
  scores = tmp_path / "scores.json"
  printed(
    "export.verify", output, f"--workdir={workdir}", f"--dataset={tiny_dataset}",
    "--max_drop=100", f"--output_json={scores}",
  )  # fmt: skip
  network, *exports = json.loads(scores.read_text()).values()
  assert all(0 < one["drift"][-1] < 0.05 for one in exports)


def test_a_rounding_run_has_one_kind_of_file(rounding_run, workdir, tmp_path):
  given, output = rounding_run[-1], f"--output={tmp_path / 'net.tflite'}"
  line = refusal("export.tflite", given, "--quantize=int8", output)
  assert "--quantize=qat" in line and str(workdir) in line
  line = refusal("ppn_tf.train", f"--quantize_aware={given.split('=')[1]}", *rounding_run[1:-1],
                 f"--workdir={tmp_path / 'run'}")  # fmt: skip
  assert f"quantization-aware already, from {workdir}" in line
  assert not list(tmp_path.iterdir())


def test_training_with_rounding_goes_on_without_the_float_run(rounding_run, workdir, tmp_path):
  folder = tmp_path / "run"
  shutil.copytree(rounding_run[-1].split("=")[1], folder)
  before = (folder / "metrics.jsonl").read_text()
  (folder / "checkpoints" / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"\n')
  hidden = workdir.rename(workdir.with_name("hidden"))
  try:
    printed("ppn_tf.train", *rounding_run[:-1], f"--workdir={folder}")
  finally:
    hidden.rename(workdir)
  losses = [json.loads(line)["loss"] for line in before.splitlines()]
  again = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
  assert [one["step"] for one in again] == [1, 2]
  assert again[1]["loss"] == pytest.approx(losses[1], rel=1e-3)


def test_benchmark(folder, tmp_path):
  files = [folder[0] / f"{name}.tflite" for name in ("exact", "int8")]
  table, figures, plot = (tmp_path / f"b{suffix}" for suffix in (".md", ".json", ".svg"))
  said = printed(
    "export.benchmark", files[0], f"--peers={folder[0]}", "--repeats=3", "--threads=1",
    f"--output_markdown={table}", f"--output_json={figures}", f"--plot={plot}",
  )  # fmt: skip
  assert said.strip() == table.read_text().strip()
  rows = json.loads(figures.read_text())
  runtimes = interpreter.available_runtimes()
  assert len(rows) == len(runtimes) * 3 * 2
  assert {(one["file"], one["signature"]) for one in rows} == {
    (f"{name}.tflite", signature) for name in ("exact", "int8") for signature in ("start", "step")
  }
  assert all(len(one["seconds"]) == 3 and one["p90_ms"] >= one["median_ms"] > 0 for one in rows)
  assert "| exact.tflite | step |" in said and plot.read_text().startswith("<?xml")
  assert "`step` on 1 thread" in said or "were not measured" in said


def test_a_random_network_is_for_measuring_speed(workdir, tiny_dataset, tmp_path):
  output = tmp_path / "random.tflite"
  printed("export.tflite", "--random_weights", *NETWORK, f"--output={output}")
  assert not read_description(output)["trained"]
  frame = np.zeros((64, 64, 3), np.float32)
  model = TFLitePoseModel(output)
  assert np.isfinite(model.step(frame, model.start(frame))).all()
  # It is no export of the run.
  line = refusal("export.verify", output, f"--workdir={workdir}", f"--dataset={tiny_dataset}")
  assert "differs by" in line and "more than 0.001" in line


@pytest.mark.parametrize(
  ("arguments", "said"),
  [
    ([], "--workdir is missing. Give a run's folder, --model=people, or"),
    (["--workdir={workdir}", "--random_weights"], "give one of them"),
    (["--workdir={workdir}", "--model=people"], "and --model=people: give one of them"),
    (["--workdir={workdir}", "--quantize=int8"], "Give --dataset"),
    (
      ["--workdir={workdir}", "--quantize=int8", "--dataset={data}", "--calibration_clips=1"],
      "ranges want 10 or more",
    ),
    (["--workdir={workdir}", "--quantize=qat"], "ppn_tf.train --quantize_aware={workdir}"),
    (["--workdir={workdir}", "--image_size=96,96"], "--image_size="),
    (["--workdir={data}"], "holds no run"),
  ],
)
def test_a_refused_export_leaves_no_file(workdir, tiny_dataset, tmp_path, arguments, said):
  given = [one.format(workdir=workdir, data=tiny_dataset) for one in arguments]
  line = refusal("export.tflite", *given, f"--output={tmp_path / 'net.tflite'}")
  assert said.format(workdir=workdir) in line
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
  ("module", "said"),
  [
    ("export.benchmark", "nothing.tflite: no such file"),
    ("export.verify", "nothing.tflite: no such file or folder"),
  ],
)
def test_files_that_are_not_there(workdir, tiny_dataset, module, said):
  given = [f"--workdir={workdir}", f"--dataset={tiny_dataset}"]
  given = given if module == "export.verify" else []
  assert said in refusal(module, "nothing.tflite", *given)


@pytest.mark.slow
def test_the_packages_own_network_becomes_a_file(tmp_path):
  """In float16, half the size of its weights in float32; it says itself what its joints are.

  It was trained with the table's rounding, and is written so unless asked otherwise; a file that
  reads exactly is held against the network that reads exactly.
  """
  path = tmp_path / "people.tflite"
  given = ["--model=people", f"--output={path}"]
  assert "exact sampler" in printed("export.tflite", *given, "--sampler=exact")
  assert path.stat().st_size > 14e6
  assert "table sampler" in printed("export.tflite", *given, "--quantize=float16")
  description = read_description(path)
  assert description["skeleton"]["name"] == "coco" and description["frame"]["box_margin"] == 1.25
  assert 7e6 < path.stat().st_size < 10e6
  # Its joints are to be read by the present frame.
  nothing = np.zeros((192, 192, 3), np.float32), np.zeros((48, 48, 17), np.float32)
  assert TFLitePoseModel(path).final_and_preliminary(*nothing)[1].shape == (48, 48, 17)
