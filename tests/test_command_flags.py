"""Tests of the flags and --help of all commands."""

import math
import sys
from typing import Any, List

import pytest
from absl import flags
from absl.testing import flagsaver

from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_flags import BoundedParser
from ppn_tf.runtime.command_names import COMMANDS, get_module
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.settings import ListBounds
from tests.command_modules import define_command_flags, find_command_modules, import_command

MODULES = find_command_modules()
NOT_FINITE = ("nan", "inf", "-inf", "1e999")
REFUSED = [
  ("ppn_tf.train", "--box_margin=0", "a number from 0.1 to 10"),
  ("ppn_tf.train", "--sigma=0", "a number from 0.1 to 100"),
  ("ppn_tf.train", "--scale_range=0,0", "2 numbers from 0.05 to 20"),
  ("ppn_tf.train", "--scale_range=1.4,0.8", "in ascending order"),
  ("ppn_tf.train", "--max_rotation=inf", "a number from 0 to 180"),
  ("ppn_tf.train", "--learning_rate=-1", "a number from 1e-12 to 1000"),
  ("ppn_tf.train", "--learning_rate=nan", "a number from 1e-12 to 1000"),
  ("ppn_tf.train", "--flip_probability=7", "a number from 0 to 1"),
  ("ppn_tf.train", "--num_steps=1.5", "a whole number from 1 to 1,000,000,000"),
  ("ppn_tf.train", "--image_size=64", "2 whole numbers from 32 to 4,096"),
  ("ppn_tf.track", "--fps=nan", "a number from 0.1 to 1000"),
  ("ppn_tf.track", "--box=1,2,inf,4", "4 numbers from -1e+06 to 1e+06"),
  ("export.benchmark", "--threads=0", "whole numbers from 1 to 1,024"),
  ("data.synthetic", "--num_frames=0", "a whole number from 1 to 9,999"),
]


def is_number(text: Any) -> bool:
  try:
    float(text)
  except (TypeError, ValueError):
    return False
  return not isinstance(text, bool)


def list_unbounded(command: List["flags.Flag[Any]"]) -> List[str]:
  """Lists flags for numbers or lists of numbers that have no bounds."""
  numeric = (flags.IntegerParser, flags.FloatParser)
  names = []
  for flag in command:
    if isinstance(flag.parser, BoundedParser) or getattr(flag.parser, "enum_values", None):
      continue
    defaults = flag.default if isinstance(flag.default, (list, tuple)) else [flag.default]
    if isinstance(flag.parser, numeric) or (defaults and all(map(is_number, defaults))):
      names.append(flag.name)
  return names


def test_all_commands_are_found():
  assert {get_module(name) for name in COMMANDS} <= set(MODULES)
  assert "benchmarks.train_step" in MODULES and "ppn_tf.training.interpolate" in MODULES


@pytest.mark.parametrize("name", MODULES)
def test_numeric_flags_have_bounds(name):
  with define_command_flags(name) as command:
    assert list_unbounded(command) == []
    for flag in command:
      if isinstance(flag.parser, BoundedParser):
        check_bounds(flag)


def check_bounds(flag: "flags.Flag[Any]") -> None:
  """Checks that a flag refuses NaN, infinity, and numbers just outside its bounds."""
  bounds = flag.parser.bounds
  each = bounds.each if isinstance(bounds, ListBounds) else bounds
  count = getattr(bounds, "count", 0) or 1
  assert -math.inf < each.low < each.high < math.inf, flag.name
  step = 1 if each.whole else max(abs(each.low), abs(each.high)) * 1e-3
  for value in (*NOT_FINITE, each.low - step, each.high + step):
    with pytest.raises(ValueError, match="must be"):
      flag.parser.parse(",".join([str(value)] * count))
  for value in (each.low, each.high):
    flag.parser.parse(",".join([str(value)] * count))


def test_numeric_flag_without_bounds_is_detected():
  values = flags.FlagValues()
  flags.DEFINE_integer("steps", 3, "", lower_bound=0, flag_values=values)
  flags.DEFINE_float("rate", None, "", flag_values=values)
  flags.DEFINE_list("threads", ["1", "2"], "", flag_values=values)
  flags.DEFINE_list("names", ["a"], "", flag_values=values)
  flags.DEFINE_bool("flip", True, "", flag_values=values)
  flags.DEFINE_string("output", None, "", flag_values=values)
  command_flags.define_integer("count", 1, "", 0, 2, flag_values=values)
  assert list_unbounded([values[name] for name in values]) == ["steps", "rate", "threads"]


@pytest.mark.parametrize(("name", "argument", "allowed"), REFUSED)
def test_invalid_number_is_reported_in_one_line(name, argument, allowed, capsys):
  with define_command_flags(name), pytest.raises(SystemExit) as stop:
    app.parse_flags([name, argument])
  assert stop.value.code == 1
  captured = capsys.readouterr()
  (line,) = captured.err.splitlines()
  assert captured.out == ""
  flag, _, received = argument.partition("=")
  assert line.startswith(f"error: {flag}=") and allowed in line
  assert line.endswith(f"Received: {received}. See --help.")


def test_unknown_flag_is_reported_in_one_line(capsys):
  with define_command_flags("ppn_tf.score"), pytest.raises(SystemExit) as stop:
    app.parse_flags(["score", "--alhpa=1"])
  assert stop.value.code == 1
  (line,) = capsys.readouterr().err.splitlines()
  assert line.startswith("error: Unknown command line flag 'alhpa'") and "alpha" in line


@pytest.mark.parametrize("name", MODULES)
def test_help_has_a_summary_an_example_and_all_flags(name, monkeypatch, capsys):
  monkeypatch.setitem(sys.modules, "__main__", import_command(name))
  monkeypatch.setenv("COLUMNS", "100")
  with define_command_flags(name) as command:
    with pytest.raises(SystemExit) as stop:
      app.parse_flags([name, "--help"])
    required = [flag.name for flag in command if command_flags.is_required(flag)]
    names = {flag.name: flag.boolean for flag in command}
  assert stop.value.code == 0
  sentence, blank, example, *lines = capsys.readouterr().out.splitlines()
  assert sentence.endswith(".") and sentence[0].isupper() and blank == ""
  assert example.startswith(f"  python -m {name}")
  listed = [line.strip().split("=")[0].split(" ")[0] for line in lines if line.startswith("  --")]
  expected = [f"--[no]{flag}" if boolean else f"--{flag}" for flag, boolean in names.items()]
  assert sorted(listed) == sorted([*expected, "--flagfile", "--helpfull"])
  assert listed[: len(required)] == [f"--{flag}" for flag in required]
  assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", ["ppn_tf.train", "ppn_tf.pretrain", "ppn_tf.evaluate"])
def test_runs_require_dataset_and_workdir(name):
  with define_command_flags(name) as command:
    required = [flag.name for flag in command if command_flags.is_required(flag)]
  assert sorted(required) == ["dataset", "workdir"]


def test_missing_required_flags_are_refused_first():
  refused = set()
  for name in MODULES:
    with define_command_flags(name) as command:
      required = [flag.name for flag in command if command_flags.is_required(flag)]
      if required:
        argv = flags.FLAGS([name, *(["file"] if name == "export.verify" else [])])
        with pytest.raises(InputError, match=f"^--({'|'.join(required)}) is missing"):
          import_command(name).main(argv)
        refused.add(name)
  assert {"ppn_tf.train", "export.verify", "data.mpii", "benchmarks.ablations"} <= refused


def test_num_frames_means_the_same_in_all_commands():
  texts = {}
  for name in ("ppn_tf.train", "ppn_tf.evaluate", "ppn_tf.score"):
    with define_command_flags(name) as command:
      (flag,) = (flag for flag in command if flag.name == "num_frames")
      texts[name] = flag.help
      assert (flag.parser.bounds.low, flag.parser.bounds.high) == (0, 10**6)
  common = "T: frames of a window, at whose start the recurrence restarts"
  assert all(text.startswith(common) for text in texts.values())
  assert all("whole clips" in text for text in texts.values())


def test_help_exits_with_0_and_without_errors(capsys):
  with flagsaver.flagsaver(), pytest.raises(SystemExit) as stop:
    app.parse_flags(["command", "-h"])
  assert stop.value.code == 0
  assert capsys.readouterr().err == ""
