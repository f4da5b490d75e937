"""Every configuration file is understood whole and builds its network."""

import pathlib

import pytest
from absl import flags
from absl.testing import flagsaver

from ppn_tf import experiment

CONFIGS = sorted((pathlib.Path(__file__).parents[1] / "configs").glob("*.cfg"))


def test_there_are_configurations():
  assert {"demo.cfg", "demo_framewise.cfg", "penn_smoke.cfg"} <= {path.name for path in CONFIGS}


# Those with HeadNets of hundreds of layers take half a minute each to build.
FAST = ("demo", "demo_framewise", "demo_pretrain", "framewise_swift", "penn_smoke")
EACH = [
  pytest.param(path, marks=() if path.stem in FAST else pytest.mark.slow, id=path.stem)
  for path in CONFIGS
]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_flags_are_understood(path):
  lines = path.read_text().splitlines()
  assert lines[0].startswith("# "), "it opens with what it is"
  given = [line[2:].partition("=")[0] for line in lines if line.startswith("--")]
  # A nested file would be looked for in the current folder.
  assert "flagfile" not in given and len(set(given)) == len(given)
  with flagsaver.flagsaver():
    assert flags.FLAGS(["test", f"--flagfile={path}"]) == ["test"]
    assert experiment.numbers("scales") and len(experiment.numbers("scale_range", 2)) == 2
    settings = experiment.run_flags()
    assert settings["num_frames"] >= 1 and settings["num_steps"] >= flags.FLAGS.log_every


@pytest.mark.parametrize("path", EACH)
def test_network_is_built(path):
  with flagsaver.flagsaver():
    flags.FLAGS(["test", f"--flagfile={path}"])
    settings = experiment.run_flags()
    model = experiment.build_model(settings)
  height, width = (int(value) for value in settings["image_size"])
  assert type(model).__name__.lower() == settings["method"]
  assert (model.image_size, model.num_joints) == ((height, width), 13)
