"""Tests of the command ppn_tf.pretrain, of its run, and of failures while it saves."""

import json
import pathlib
import resource
import subprocess
import sys

import numpy as np
import pytest

from ppn_tf import evaluate, pretrain, train
from ppn_tf.config import flags as experiment_flags
from ppn_tf.inference.runs import load_run
from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training.initial_model import prepare_model
from ppn_tf.training.loop import TrainingLoop
from tests.command_calls import call_command as call
from tests.command_calls import refusal
from tests.tiny_clips import CLIPS

import tensorflow as tf

ROOT = pathlib.Path(__file__).parents[1]
NETWORK = ["--body_backbone=mobilenet_v2_0.35", "--image_size=64,64"]
# The 16 training frames make two epochs of four batches.
TRAINING = [
  *NETWORK,
  "--batch_size=4",
  "--num_epochs=2",
  "--learning_rate_drops=1,1.5",
  "--ema_momentum=0.9",
  "--log_every=1",
  "--checkpoint_every=2",
]


pytestmark = pytest.mark.usefixtures("tiny_backbone")


@pytest.fixture(name="run", scope="module")
def fixture_run(tiny_dataset, tmp_path_factory, tiny_backbone):
  """Returns an uninterrupted run."""
  workdir = tmp_path_factory.mktemp("pretrain") / "run"
  call(pretrain, *TRAINING, f"--dataset={tiny_dataset}", f"--workdir={workdir}")
  return Workdir(workdir)


def test_run_is_framewise_and_follows_the_recipe(run):
  settings = run.read_flags()
  assert (settings["method"], settings["num_frames"], settings["num_steps"]) == ("framewise", 1, 8)
  # Simple Baselines and HRNet use these values for MPII.
  assert (settings["scale_range"], settings["max_rotation"]) == ([0.75, 1.25], 30)
  rows = run.read_metrics()
  assert [row["step"] for row in rows] == list(range(1, 9))
  # Rows have the rate of the next step: a tenth after 1 epoch, a hundredth after 1.5 epochs.
  rates = [1e-3] * 3 + [1e-4] * 2 + [1e-5] * 3
  assert [row["learning_rate"] for row in rows] == pytest.approx(rates)


def test_pretrained_weights_initialize_both_networks_of_a_ppn(run):
  arguments = [*NETWORK, "--head_backbone=mobilenet_v2_0.35", "--ppu_blocks=1", "--dilations=1"]
  weights = [f"--{part}_weights={run.path}" for part in ("head", "body")]
  model, _ = prepare_model(experiment_flags.parse([*arguments, *weights]))
  pretrained = load_run(run.path).model
  reader = tf.train.load_checkpoint(run.latest_checkpoint())
  kernel = "body_net/layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
  averaged, raw = (reader.get_tensor(f"{owner}/{kernel}") for owner in ("model", "trainer/model"))
  assert np.abs(averaged - raw).max() > 1e-6
  np.testing.assert_array_equal(pretrained.body_net.weights[0], averaged)
  for network in (model.head_net, model.body_net):
    for value, expected in zip(network.get_weights(), pretrained.body_net.get_weights()):
      np.testing.assert_array_equal(value, expected)


def test_pretrained_run_can_be_evaluated(run, tiny_dataset, tmp_path):
  output = tmp_path / "scores.json"
  call(
    evaluate, f"--workdir={run.path}", f"--dataset={tiny_dataset}", "--scales=1",
    "--decoder=dark", f"--output_json={output}",
  )  # fmt: skip
  lengths = [length for length, split in CLIPS.values() if split == "test"]
  assert json.loads(output.read_text())["num_frames"] == sum(lengths)


def test_num_steps_replaces_epochs(tiny_dataset, tmp_path, monkeypatch):
  loops = []
  monkeypatch.setattr(TrainingLoop, "train", lambda self: loops.append(self))
  arguments = [*NETWORK, "--num_steps=7", "--learning_rate_drops=", "--batch_size=4"]
  call(pretrain, *arguments, f"--dataset={tiny_dataset}", f"--workdir={tmp_path}")
  (training_loop,) = loops
  optimizer = training_loop.experiment.optimizer
  assert (training_loop.num_steps, optimizer.num_epochs) == (7, 0)
  # Without drops, the learning rate falls linearly to zero. By default, there is no average.
  assert [float(training_loop.trainer.schedule(step)) for step in (0, 7)] == pytest.approx(
    [1e-3, 0]
  )
  assert training_loop.average is None


@pytest.mark.parametrize(
  ("flag", "expected"),
  [
    ("--method=ppn", "--method=ppn: pretraining is of one network"),
    ("--num_frames=5", "python -m ppn_tf.train"),
    ("--learning_rate_drops=x", "--learning_rate_drops=x"),
    ("--train_split=none", "'none'"),
  ],
)
def test_invalid_values_create_no_workdir(tiny_dataset, tmp_path, flag, expected):
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={tmp_path / 'run'}"]
  assert expected in refusal(pretrain, *arguments, flag)
  assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("module", [train, pretrain])
def test_unwritable_workdir_is_refused(tiny_dataset, tmp_path, module):
  (tmp_path / "file").write_text("")
  arguments = [*NETWORK, "--method=framewise", "--num_frames=1", f"--dataset={tiny_dataset}"]
  message = refusal(module, *arguments, f"--workdir={tmp_path / 'file' / 'run'}")
  assert "cannot write there" in message and str(tmp_path / "file") in message


def test_full_disk_is_reported_and_the_run_resumes(run, tiny_dataset, tmp_path, monkeypatch):
  """Simulates a full disk by a limit on file sizes, which the checkpoint of step 4 exceeds."""
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={tmp_path}"]
  soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
  (weights,) = run.checkpoints_path.glob("ckpt-8.data*")
  save = tf.train.CheckpointManager.save

  def save_to_full_disk(self, *args, checkpoint_number):
    if checkpoint_number == 4:
      resource.setrlimit(resource.RLIMIT_FSIZE, (weights.stat().st_size // 2, hard))
    return save(self, *args, checkpoint_number=checkpoint_number)

  with monkeypatch.context() as patch:
    patch.setattr(tf.train.CheckpointManager, "save", save_to_full_disk)
    try:
      message = refusal(pretrain, *arguments)
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
  assert "step 4 cannot be saved" in message and "File too large" in message
  assert message.endswith("the same command resumes from ckpt-2.")
  resumed = Workdir(tmp_path)
  assert pathlib.Path(resumed.latest_checkpoint()).name == "ckpt-2"
  call(pretrain, *arguments)
  losses = [[row["loss"] for row in workdir.read_metrics()] for workdir in (resumed, run)]
  np.testing.assert_allclose(*losses, rtol=1e-4, atol=1e-4)


# Kills the command while it saves a step: before the shards are merged, before the index
# exists, before the checkpoint is recorded, or while the record is being written.
KILLED = """
import os, pathlib, runpy, signal, sys
import ppn_tf
import tensorflow as tf
from ppn_tf.models import pose_net
from tests.tiny_backbone import tiny

pose_net.BACKBONES["mobilenet_v2_0.35"] = tiny
step, point = int(sys.argv[1]), sys.argv[2]
sys.argv[1:] = sys.argv[3:]
save = tf.train.CheckpointManager.save

def die(*_, **__):
  os.kill(os.getpid(), signal.SIGKILL)

def replace(module, name, change):
  module = sys.modules["tensorflow.python." + module]
  setattr(module, name, change(getattr(module, name)))

def half_merged(merge):
  def merge_and_die(*arguments, **keywords):
    merge(*arguments, **keywords)
    index = max(pathlib.Path(manager.directory).glob("*.index"), key=os.path.getmtime)
    index.rename(f"{index}.tempstate1")
    die()
  return merge_and_die

def kill_in(self, *arguments, checkpoint_number):
  global manager
  manager = self
  if checkpoint_number == step:
    if point == "shards":
      replace("ops.gen_io_ops", "merge_v2_checkpoints", lambda _: die)
    if point == "no index":
      replace("ops.gen_io_ops", "merge_v2_checkpoints", half_merged)
    if point == "not recorded":
      replace("checkpoint.checkpoint_management", "update_checkpoint_state_internal", lambda _: die)
    if point == "being recorded":
      replace("lib.io.file_io", "rename", lambda _: die)
  return save(self, *arguments, checkpoint_number=checkpoint_number)

tf.train.CheckpointManager.save = kill_in
runpy.run_module("ppn_tf.pretrain", run_name="__main__")
"""


@pytest.mark.slow
def test_run_resumes_after_kills_during_saves(run, tiny_dataset, tmp_path):
  """Kills each save at a different point; each start resumes from the last complete checkpoint."""
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={tmp_path}"]
  resumed = Workdir(tmp_path)
  traces = {
    "shards": "ckpt-{}_temp/part-*.data*",
    "no index": "ckpt-{}.data*",
    "not recorded": "ckpt-{}.index",
    "being recorded": "checkpoint.tmp*",
  }
  for step, (point, trace) in zip((2, 4, 6, 8), traces.items()):
    program = [sys.executable, "-c", KILLED, str(step), point, *arguments]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == -9, (point, done.stderr)
    # The previous start lost ckpt-{step - 2}, so this one resumes from ckpt-{step - 4}.
    reported = [line.split(":")[0] for line in done.stdout.splitlines()]
    first = max(step - 3, 1)
    assert reported == [f"step {number}/8" for number in range(first, step + 1)], point
    assert list(resumed.checkpoints_path.glob(trace.format(step))), point
    if step == 2:
      assert tf.train.latest_checkpoint(str(resumed.checkpoints_path)) is None
    else:
      assert pathlib.Path(resumed.latest_checkpoint()).name == f"ckpt-{step - 2}"
  call(pretrain, *arguments)
  losses = [[row["loss"] for row in workdir.read_metrics()] for workdir in (resumed, run)]
  np.testing.assert_allclose(*losses, rtol=1e-4, atol=1e-4)
