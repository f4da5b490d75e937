"""Tests of interpolating between the initial and final weights of a run."""

import numpy as np
import pytest

from ppn_tf.config import flags as experiment_flags
from ppn_tf.config.experiment import build_model
from ppn_tf.inference.runs import load_run
from ppn_tf.models.pose_net import pose_net
from ppn_tf.models.weight_files import load_backbone, write_backbone
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training import interpolate
from tests.command_calls import call_command
from tests.commands import run_command
from tests.random_weights import randomize

import tensorflow as tf

BACKBONE = "mobilenet_v2_0.35"
NETWORK = ["--method=framewise", f"--body_backbone={BACKBONE}", "--image_size=64,64"]


def write_run(folder, *arguments):
  """Writes a run with random weights and returns its network."""
  experiment = experiment_flags.parse([*NETWORK, *arguments])
  model = build_model(experiment)
  Workdir(folder).claim(experiment.to_flags())
  randomize(model.body_net, 1)
  Workdir(folder).checkpoints(tf.train.Checkpoint(model=model)).save(7)
  return model.body_net


@pytest.fixture(name="run", scope="module")
def fixture_run(tiny_backbone, tmp_path_factory):
  """Returns the workdir of a run, its network, and its initial network."""
  folder = tmp_path_factory.mktemp("runs")
  source = pose_net(BACKBONE, (64, 64), 13)
  randomize(source, 2)
  write_backbone(source, folder / "start.npz")
  start = pose_net(BACKBONE, (64, 64), 13)
  load_backbone(start, folder / "start.npz")
  trained = write_run(folder / "run", f"--body_weights={folder / 'start.npz'}")
  return folder / "run", trained, start


def interpolate_run(run, output, share) -> Workdir:
  call_command(interpolate, f"--workdir={run}", f"--output={output}", f"--share={share}")
  return Workdir(output)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_weights_are_interpolated_linearly(run, tmp_path, share):
  folder, trained, start = run
  output = interpolate_run(folder, tmp_path / "new", share)
  assert output.read_flags() == Workdir(folder).read_flags()
  network = load_run(output.path).model.body_net
  assert len(network.weights) > 10
  for weight, first, last in zip(network.weights, start.weights, trained.weights):
    expected = (1 - share) * first.numpy() + share * last.numpy()
    np.testing.assert_allclose(weight, expected, rtol=1e-6, atol=1e-6, err_msg=weight.name)


def test_existing_folder_is_not_overwritten(run, tmp_path):
  (tmp_path / "mine").mkdir()
  with pytest.raises(InputError, match="mine: is there already"):
    interpolate_run(run[0], tmp_path / "mine", 0.5)


@pytest.mark.usefixtures("tiny_backbone")
def test_run_without_initial_weights_is_refused(tmp_path):
  write_run(tmp_path / "run")
  with pytest.raises(InputError, match="did not start from weights"):
    interpolate_run(tmp_path / "run", tmp_path / "new", 0.5)
  assert not (tmp_path / "new").exists()


def test_command(run, tmp_path):
  result = run_command(
    "tests.tiny_backbone",
    "ppn_tf.training.interpolate",
    f"--workdir={run[0]}",
    "--share=0.3",
    f"--output={tmp_path / 'new'}",
  )
  assert result.stdout.splitlines()[-1].endswith(
    f"new: 0.3 of the way from the start to the end of {run[0]}"
  )
  assert Workdir(tmp_path / "new").latest_checkpoint().endswith("-300000")
