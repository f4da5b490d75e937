"""Tests that every configuration file is valid and builds its network."""

import functools
import pathlib

import pytest

from ppn_tf.config import flags as experiment_flags
from ppn_tf.models.build import build_network

CONFIGS = sorted((pathlib.Path(__file__).parents[2] / "configs").glob("*.cfg"))


def test_configurations_are_found():
  assert {"demo.cfg", "demo_framewise.cfg", "penn_smoke.cfg", "pretrain_mpii_hrnet_w48.cfg"} <= {
    path.name for path in CONFIGS
  }


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_configuration_has_valid_flags(path):
  lines = path.read_text().splitlines()
  assert lines[0].startswith("# "), "the file must start with a description"
  given = [line[2:].partition("=")[0] for line in lines if line.startswith("--")]
  # The path of a nested file would be relative to the current folder.
  assert not {"flagfile", "config"} & set(given) and len(set(given)) == len(given)
  experiment = experiment_flags.read_flagfile(str(path))
  assert experiment.clips.num_frames >= 1 and experiment.optimizer.num_steps >= 1


# One PPN and one frame-wise network; the others are built by the slow tests.
FAST = ("demo", "people_framewise")


def _mark_slow(path):
  """Returns a file as a parameter of a test, marked slow unless it is one of FAST."""
  return pytest.param(path, id=path.stem, marks=[] if path.stem in FAST else [pytest.mark.slow])


# Several files describe the same network.
_build = functools.lru_cache(maxsize=None)(build_network)


@pytest.mark.parametrize("path", map(_mark_slow, CONFIGS))
def test_configuration_builds_its_network(path):
  experiment = experiment_flags.read_flagfile(str(path))
  model = _build(experiment.network, experiment.training.initial_gain)
  assert type(model).__name__.lower() == experiment.network.method
  num_joints = 17 if "people" in path.stem else 13
  assert (model.image_size, model.num_joints) == (experiment.network.image_size, num_joints)
