"""Runs half way back to the weights that they started from."""

import numpy as np
import pytest

from ppn_tf.config import flags as experiment_flags
from ppn_tf.config.experiment import build_model
from ppn_tf.inference.load import load_run
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


def begin(folder, *arguments):
  """A run's workdir, and its network with random weights."""
  experiment = experiment_flags.parse([*NETWORK, *arguments])
  model = build_model(experiment)
  Workdir(folder).claim(experiment.to_flags())
  randomize(model.body_net, 1)
  Workdir(folder).checkpoints(tf.train.Checkpoint(model=model)).save(7)
  return model.body_net


@pytest.fixture(name="run", scope="module")
def fixture_run(tmp_path_factory):
  """A run's workdir, its network, and the network that it started from."""
  folder = tmp_path_factory.mktemp("runs")
  source = pose_net(BACKBONE, (64, 64), 13)
  randomize(source, 2)
  write_backbone(source, folder / "start.npz")
  start = pose_net(BACKBONE, (64, 64), 13)
  load_backbone(start, folder / "start.npz")
  trained = begin(folder / "run", f"--body_weights={folder / 'start.npz'}")
  return folder / "run", trained, start


def interpolated(run, output, share) -> Workdir:
  call_command(interpolate, f"--workdir={run}", f"--output={output}", f"--share={share}")
  return Workdir(output)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_lies_on_the_straight_line(run, tmp_path, share):
  folder, trained, start = run
  found = interpolated(folder, tmp_path / "new", share)
  assert found.read_flags() == Workdir(folder).read_flags()
  network = load_run(found.path)[0].body_net
  assert sum(weight.shape.num_elements() for weight in network.weights) > 400_000
  for weight, first, last in zip(network.weights, start.weights, trained.weights):
    expected = (1 - share) * first.numpy() + share * last.numpy()
    np.testing.assert_allclose(weight, expected, rtol=1e-6, atol=1e-6, err_msg=weight.name)


def test_what_is_there_is_not_overwritten(run, tmp_path):
  (tmp_path / "mine").mkdir()
  with pytest.raises(InputError, match="mine: is there already"):
    interpolated(run[0], tmp_path / "mine", 0.5)


def test_a_run_from_nothing_has_no_start_to_go_back_to(tmp_path):
  begin(tmp_path / "run")
  with pytest.raises(InputError, match="did not start from weights"):
    interpolated(tmp_path / "run", tmp_path / "new", 0.5)
  assert not (tmp_path / "new").exists()


def test_the_door(run, tmp_path):
  done = run_command(
    "ppn_tf.training.interpolate",
    f"--workdir={run[0]}",
    "--share=0.3",
    f"--output={tmp_path / 'new'}",
  )
  assert done.stdout.splitlines()[-1].endswith(
    f"new: 0.3 of the way from the start to the end of {run[0]}"
  )
  assert Workdir(tmp_path / "new").latest_checkpoint().endswith("-300000")
