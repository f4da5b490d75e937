"""Tests of the commands that train, evaluate and export, with valid and invalid arguments."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ppn_tf import evaluate, train
from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.runs import load_run
from ppn_tf.inference.tensorflow_models import SavedModelPoseModel
from ppn_tf.models.layers.deform_conv import deformable_convolutions
from ppn_tf.training import progress, trainer
from tests.command_calls import call_command as call
from tests.command_calls import refusal
from tests.commands import run_command
from tests.tiny_clips import CLIPS

import tensorflow as tf

ROOT = pathlib.Path(__file__).parents[1]
NUM_STEPS = 8
NETWORK = [
  "--head_backbone=mobilenet_v2_0.35",
  "--body_backbone=mobilenet_v2_0.35",
  "--image_size=64,64",
  "--ppu_blocks=1",
  "--dilations=1,3",
]
TRAINING = [
  *NETWORK,
  "--num_frames=3",
  "--batch_size=2",
  f"--num_steps={NUM_STEPS}",
  "--learning_rate=0.001",
  "--log_every=1",
  "--checkpoint_every=2",
]


def command(module, *arguments):
  return [sys.executable, "-m", "tests.tiny_backbone", module, *map(str, arguments)]


def run(module, *arguments):
  return run_command("tests.tiny_backbone", module, *arguments)


pytestmark = pytest.mark.usefixtures("tiny_backbone")


def losses(workdir):
  rows = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
  assert [row["step"] for row in rows] == list(range(1, NUM_STEPS + 1))
  return [row["loss"] for row in rows]


@pytest.fixture(name="trained", scope="module")
def fixture_trained(tiny_backbone, tiny_dataset, tmp_path_factory):
  """Returns the workdir and the finished command of an uninterrupted run."""
  workdir = tmp_path_factory.mktemp("train") / "run"
  done = run("ppn_tf.train", *TRAINING, f"--dataset={tiny_dataset}", f"--workdir={workdir}")
  assert done.returncode == 0, done.stderr
  return workdir, done


def test_training_writes_metrics_flags_summaries_and_checkpoints(trained):
  workdir, done = trained
  assert f"step {NUM_STEPS}/{NUM_STEPS}: loss" in done.stdout
  # Clip 0003 has 3 frames, T is 3: nothing is skipped.
  assert "skipped" not in done.stderr and "Traceback" not in done.stderr
  rows = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
  rates = [row["learning_rate"] for row in rows]
  assert rates == pytest.approx([0.001 * (1 - s / NUM_STEPS) for s in range(1, NUM_STEPS + 1)])
  assert all(np.isfinite(list(row.values())).all() for row in rows)
  assert json.loads((workdir / "flags.json").read_text())["ppu_blocks"] == 1
  (events,) = (workdir / "tensorboard").glob("events*")
  written = tf.data.TFRecordDataset(str(events)).as_numpy_iterator()
  summaries = [tf.compat.v1.Event.FromString(event).summary.value for event in written]
  tags = {value.tag for values in summaries for value in values}
  assert {"loss_first", "heatmaps/final", "offsets_1/mean", "offsets_3/max"} <= tags
  assert len(list((workdir / "checkpoints").glob("*.index"))) <= 3


@pytest.mark.slow
def test_killed_run_resumes_with_the_same_losses(trained, tiny_dataset, tmp_path):
  """Kills a run at a random step after its first checkpoint, with SIGKILL."""
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={tmp_path}"]
  metrics, last = tmp_path / "metrics.jsonl", random.randint(3, NUM_STEPS - 3)
  process = subprocess.Popen(
    command("ppn_tf.train", *arguments),
    cwd=ROOT,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
  )
  try:
    deadline = time.monotonic() + 240
    while not metrics.exists() or metrics.read_bytes().count(b"\n") < last:
      assert process.poll() is None and time.monotonic() < deadline
      time.sleep(0.005)
    time.sleep(random.uniform(0, 0.05))
  finally:
    process.kill()
  assert process.wait() == -9, "the run ended before it was killed"
  done = run("ppn_tf.train", *arguments)
  assert done.returncode == 0, done.stderr
  assert "step 1/" not in done.stdout, "the run restarted from step 1"
  np.testing.assert_allclose(losses(tmp_path), losses(trained[0]), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_ppu_is_pruned_before_training(trained, tiny_dataset, tmp_path, capsys):
  """Keeps 20 of the 2 * 9 * 13 samples of two rates; the exported file and the network agree."""
  steps = ("--num_steps=2", "--ppu_samples=20", f"--dataset={tiny_dataset}")
  start = [f"--{part}_weights={trained[0]}" for part in ("head", "body", "ppu")]
  call(train, *TRAINING, *steps, *start, f"--workdir={tmp_path / 'run'}")
  assert "pruned the PPU to 20 samples; its answer changes by" in capsys.readouterr().out
  unpruned, pruned = (load_run(run).model for run in (trained[0], tmp_path / "run"))
  kernels = [
    np.concatenate(
      [warp.kernel.numpy().reshape(-1, 13) for warp in deformable_convolutions(model.ppu)]
    )
    for model in (unpruned, pruned)
  ]
  assert [np.count_nonzero(kernel.any(axis=1)) for kernel in kernels] == [234, 20]
  file = tmp_path / "pruned.tflite"
  done = run("export.tflite", f"--workdir={tmp_path / 'run'}", f"--output={file}")
  assert done.returncode == 0, done.stderr
  frames = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
  expected = pruned.step(frames[1:], pruned.start(frames[:1]))[0]
  exported = TFLitePoseModel(file)
  actual = exported.step(frames[1], exported.start(frames[0]))
  np.testing.assert_allclose(actual, expected, atol=1e-3 * np.abs(expected).max())
  message = refusal(train, *TRAINING, *steps, f"--workdir={tmp_path / 'new'}")
  assert message.endswith("prunes a trained PPU. Give one by --ppu_weights.")


@pytest.mark.slow
@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_run_saves_its_step_and_resumes(
  trained, tiny_dataset, tmp_path, monkeypatch, capsys, signal_number
):
  """Stops a run at step 3, where no checkpoint is due; no step is repeated."""
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={tmp_path}"]
  arguments += ["--checkpoint_every=100"]
  update, steps = progress.Progress.update, []

  def kill_at_3(self):
    update(self)
    steps.append(1)
    if len(steps) == 3:
      os.kill(os.getpid(), signal_number)

  monkeypatch.setattr(progress.Progress, "update", kill_at_3)
  with pytest.raises(SystemExit) as stop:
    call(train, *arguments)
  assert stop.value.code == 128 + signal_number
  assert "stopped at step 3" in capsys.readouterr().err
  assert [path.stem for path in (tmp_path / "checkpoints").glob("*.index")] == ["ckpt-3"]
  call(train, *arguments)
  assert len(steps) == NUM_STEPS
  np.testing.assert_allclose(losses(tmp_path), losses(trained[0]), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_best_checkpoint_by_validation_is_kept_and_evaluated(trained, tiny_dataset, tmp_path):
  dataset, workdir = f"--dataset={tiny_dataset}", f"--workdir={tmp_path / 'run'}"
  call(train, *TRAINING, "--validation_split=test", "--accumulation=2", dataset, workdir)
  rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
  validation_scores = {
    row["step"]: row["validation_pck"] for row in rows if "validation_pck" in row
  }
  assert sorted(validation_scores) == [2, 4, 6, 8]
  best = json.loads((tmp_path / "run/best/best.json").read_text())
  assert best["score"] == max(validation_scores.values())
  assert best["step"] == min(
    step for step, score in validation_scores.items() if score == best["score"]
  )
  output = tmp_path / "scores.json"
  call(
    evaluate, workdir, dataset, "--checkpoint=best", "--num_frames=3", "--scales=1",
    "--decoder=dark", f"--output_json={output}",
  )  # fmt: skip
  scores = json.loads(output.read_text())
  assert scores["conditions"]["checkpoint"].startswith(f"ckpt-{best['step']} ")
  assert scores["pck_torso"]["micro"] == pytest.approx(best["score"])
  assert "--checkpoint=latest" in refusal(
    evaluate, f"--workdir={trained[0]}", dataset, "--checkpoint=best"
  )


@pytest.mark.slow
def test_non_finite_loss_is_refused_and_names_the_checkpoints(tiny_dataset, tmp_path, monkeypatch):
  monkeypatch.setattr(trainer.LinearDecay, "__call__", lambda self, step: tf.constant(1e30))
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={tmp_path / 'run'}"]
  message = refusal(train, *arguments)
  assert "the loss is not finite" in message and "lower --learning_rate" in message
  for path in (tmp_path / "run" / "checkpoints").glob("*.index"):
    assert str(path.with_suffix("")) in message


def test_trained_run_is_scored_and_exported(trained, tiny_dataset, tmp_path):
  workdir, _ = trained
  done = run(
    "ppn_tf.evaluate",
    *NETWORK,
    "--num_frames=3",
    "--scales=0.8,1.0",
    f"--dataset={tiny_dataset}",
    f"--workdir={workdir}",
    f"--output_json={tmp_path / 'scores.json'}",
  )
  assert done.returncode == 0, done.stderr
  assert "PCK-body" in done.stdout and "PCK-torso" in done.stdout
  scores = json.loads((tmp_path / "scores.json").read_text())
  lengths = [length for length, split in CLIPS.values() if split == "test"]
  assert (scores["num_clips"], scores["num_frames"]) == (len(lengths), sum(lengths))
  assert 0 <= scores["pck_torso"]["micro"] <= 100
  assert len(scores["per_frame_index"]["pck_torso"]) == 3

  for module, output in (("export.tflite", "net.tflite"), ("export.saved_model", "saved")):
    done = run(module, f"--workdir={workdir}", f"--output={tmp_path / output}")
    assert done.returncode == 0, done.stderr
  forms = TFLitePoseModel(tmp_path / "net.tflite"), SavedModelPoseModel(tmp_path / "saved")
  frames = np.random.default_rng(0).uniform(0, 255, (4, 64, 64, 3)).astype(np.float32)
  states = [form.start(frames[0]) for form in forms]
  for frame in frames:
    states = [form.step(frame, state) for form, state in zip(forms, states)]
    np.testing.assert_allclose(*states, atol=1e-3)


def test_refusal_is_one_line_with_exit_code_1(trained, tiny_dataset):
  workdir, _ = trained
  done = run(
    "ppn_tf.train", *TRAINING, "--seed=1", f"--dataset={tiny_dataset}", f"--workdir={workdir}"
  )
  assert done.returncode == 1 and done.stdout == ""
  (line,) = done.stderr.splitlines()
  assert line.startswith("error: ") and str(workdir) in line and "--seed=0 there, 1 now" in line


def test_finished_run_is_not_trained_again(trained, tiny_dataset, capsys):
  workdir, _ = trained
  trained_losses = losses(workdir)
  call(train, *TRAINING, f"--dataset={tiny_dataset}", f"--workdir={workdir}")
  assert "already trained for 8 steps" in capsys.readouterr().out
  assert losses(workdir) == trained_losses


def test_run_of_a_version_without_a_flag_is_resumed_with_its_value(
  trained, tiny_dataset, tmp_path, capsys
):
  """Adam's epsilon was 1e-7 before --adam_epsilon, and is 1e-8 now."""
  workdir = shutil.copytree(trained[0], tmp_path / "run")
  flags = json.loads((workdir / "flags.json").read_text())
  del flags["adam_epsilon"]
  (workdir / "flags.json").write_text(json.dumps(flags))
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={workdir}"]
  call(train, *arguments)
  assert "already trained for 8 steps" in capsys.readouterr().out
  assert "--adam_epsilon=1e-07 there, 1e-08 now" in refusal(
    train, *arguments, "--adam_epsilon=1e-8"
  )


def test_missing_flags_and_folders_are_refused(tiny_dataset, tmp_path):
  workdir = f"--workdir={tmp_path / 'run'}"
  assert "--workdir is missing" in refusal(train, *TRAINING)
  assert "--dataset is missing" in refusal(train, *TRAINING, workdir)
  message = refusal(train, *TRAINING, workdir, "--dataset=/no/such/folder")
  assert "/no/such/folder" in message
  dataset = f"--dataset={tiny_dataset}"
  message = refusal(train, *TRAINING, workdir, dataset, "--train_split=validation")
  assert "validation" in message and "train" in message
  assert "'batchsize=3'" in refusal(train, *TRAINING, workdir, dataset, "batchsize=3")
  assert not (tmp_path / "run").exists()


def test_clips_shorter_than_num_frames_are_skipped_or_refused(tiny_dataset, tmp_path, capsys):
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={tmp_path / 'run'}"]
  message = refusal(train, *arguments, "--num_frames=7", "--strict")
  assert "2 of 3 clips" in message and "0001, 0003" in message
  assert "--num_frames=0" in refusal(train, *arguments, "--num_frames=0")
  message = refusal(train, *arguments, "--num_frames=8")
  assert "--num_frames=8" in message and "longest has 7" in message
  # Without --strict, they are reported and skipped.
  assert "skipped: 3 of 3 clips" in capsys.readouterr().err


@pytest.mark.parametrize(
  ("flag", "expected"),
  [
    ("--image_size=60,64", "multiples of 32"),
    ("--image_size=64", "--image_size=64"),
    ("--dilations=3,x", "--dilations=3,x"),
    ("--dilations=0", "--dilations=0"),
    ("--num_upsamplings=5", "num_upsamplings"),
    ("--scale_range=1,2,3", "--scale_range=1,2,3"),
    ("--accumulation=3", "--batch_size=2"),
    ("--validation_split=none", "'none'"),
    ("--body_weights=/no/such.npz", "/no/such.npz"),
  ],
)
def test_invalid_values_create_no_workdir(tiny_dataset, tmp_path, flag, expected):
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={tmp_path / 'run'}"]
  assert expected in refusal(train, *arguments, flag)
  # Otherwise, the corrected command would be refused as a different run.
  assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
  ("flag", "expected"),
  [
    ("--body_weights=imagenet", "--body_weights and --quantize_aware: weights are that run's"),
    ("--mixed_precision", "computed in float32"),
    ("--distribution=mirrored", "--distribution=mirrored and --quantize_aware"),
    ("--ppu_blocks=2", "--ppu_blocks=1 there, 2 now"),
    ("--quantize_aware=/no/such/run", "/no/such/run: holds no run"),
  ],
)
def test_flags_that_conflict_with_quantize_aware_are_refused(
  trained, tiny_dataset, tmp_path, flag, expected
):
  arguments = [f"--dataset={tiny_dataset}", f"--workdir={tmp_path / 'run'}"]
  assert expected in refusal(train, f"--quantize_aware={trained[0]}", *arguments, flag)
  assert not (tmp_path / "run").exists()


def test_invalid_flag_value_is_refused():
  assert "should be one of" in refusal(train, "--head_backbone=vgg16")


def test_evaluation_refuses_missing_or_different_runs(trained, tiny_dataset, tmp_path):
  dataset = f"--dataset={tiny_dataset}"
  assert "holds no run" in refusal(evaluate, f"--workdir={tmp_path}", dataset)
  message = refusal(evaluate, f"--workdir={trained[0]}", dataset, "--ppu_blocks=2")
  assert "--ppu_blocks=1 there, 2 now" in message
  # Flags of one network next to the checkpoint of another.
  settings = json.loads((trained[0] / "flags.json").read_text())
  (tmp_path / "flags.json").write_text(json.dumps({**settings, "dilations": ["1", "2", "3"]}))
  assert "no checkpoint" in refusal(evaluate, f"--workdir={tmp_path}", dataset)
  (tmp_path / "checkpoints").symlink_to(trained[0] / "checkpoints")
  # In a separate process, because TensorFlow prints messages at exit.
  done = run("ppn_tf.evaluate", f"--workdir={tmp_path}", dataset)
  assert done.returncode == 1
  (line,) = done.stderr.splitlines()
  assert line.startswith("error: ") and "does not fit the network" in line


def run_evaluation(trained, tiny_dataset, *arguments):
  call(
    evaluate,
    f"--workdir={trained[0]}",
    f"--dataset={tiny_dataset}",
    "--num_frames=3",
    "--scales=1.0",
    *map(str, arguments),
  )


def test_evaluation_resumes_and_refuses_other_conditions(trained, tiny_dataset, tmp_path):
  predictions, output = tmp_path / "predictions", tmp_path / "scores.json"
  arguments = f"--output_predictions={predictions}", f"--output_json={output}", "--flip"
  run_evaluation(trained, tiny_dataset, *arguments)
  first = output.read_text()
  scores = json.loads(first)
  assert scores["conditions"]["checkpoint"].startswith(f"ckpt-{NUM_STEPS} ")
  times = {path.name: path.stat().st_mtime_ns for path in predictions.glob("*.npz")}
  assert set(times) == {"0004.npz", "0005.npz"}
  (predictions / "0005.npz").unlink()
  run_evaluation(trained, tiny_dataset, *arguments)
  assert output.read_text() == first
  new_times = {path.name: path.stat().st_mtime_ns for path in predictions.glob("*.npz")}
  assert set(new_times) == set(times) and new_times["0004.npz"] == times["0004.npz"]
  message = refusal(
    evaluate,
    f"--workdir={trained[0]}",
    f"--dataset={tiny_dataset}",
    "--num_frames=3",
    "--scales=1.0",
    f"--output_predictions={predictions}",
  )
  assert "flip" in message


@pytest.mark.slow
def test_parts_and_boxes_change_the_scores(trained, tiny_dataset, tmp_path):
  """Expects a different PCK curve for each part of the network and for each kind of box."""
  tables = []
  for number, arguments in enumerate(
    (["--part=all"], ["--part=head"], ["--part=body"], ["--box=joints"],
     ["--box=tracked", "--decoder=dark"])
  ):  # fmt: skip
    output = tmp_path / f"{number}.json"
    run_evaluation(trained, tiny_dataset, *arguments, f"--output_json={output}")
    tables.append(json.loads(output.read_text()))
    assert tables[-1]["num_frames"] == sum(n for n, split in CLIPS.values() if split == "test")
  curves = [table["curve"]["pck_body"] for table in tables]
  assert all(a != b for n, a in enumerate(curves) for b in curves[:n])


def test_tracked_box_requires_one_scale_and_dark(trained, tiny_dataset):
  message = refusal(
    evaluate, f"--workdir={trained[0]}", f"--dataset={tiny_dataset}", "--box=tracked"
  )
  assert "--scales=1 --decoder=dark" in message
