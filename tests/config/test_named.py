"""Tests of --config=NAME."""

import pytest
from absl import flags

from ppn_tf.config import flags as experiment_flags
from ppn_tf.config import named
from ppn_tf.config.experiment import Experiment
from tests.config.test_configs import CONFIGS


def parse(*arguments):
  """Parses a command line; returns the values that determine a run, and the given names."""
  values = flags.FlagValues()
  experiment_flags.define(flag_values=values)
  assert values(["test", *arguments]) == ["test"]
  names = Experiment().to_flags()
  present = {name for name in names if values[name].present}
  return {name: values[name].value for name in names}, present


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_config_equals_its_flagfile(path):
  values, present = parse(f"--config={path.stem}")
  assert (values, present) == parse(f"--flagfile={path}")
  assert present


def test_config_overrides_earlier_flags_and_later_flags_override_it():
  assert parse("--config=ppn_swift", "--num_frames=7")[0]["num_frames"] == 7
  assert parse("--num_frames=7", "--config=ppn_swift")[0]["num_frames"] == 5


def test_flagfile_may_contain_config(tmp_path):
  path = tmp_path / "mine.cfg"
  path.write_text("--config=table4_framewise_resnet18\n--num_frames=3\n")
  values, _ = parse(f"--flagfile={path}")
  assert (values["body_backbone"], values["num_frames"]) == ("resnet18", 3)


def test_unknown_name_lists_the_names():
  with pytest.raises(flags.IllegalFlagValueError) as error:
    parse("--config=ppn_swft")
  assert "Did you mean ppn_swift?" in str(error.value)
  assert all(path.stem in str(error.value) for path in CONFIGS)
  assert named.list_configs() == [path.stem for path in CONFIGS]
