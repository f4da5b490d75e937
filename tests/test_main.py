"""Tests of the command ppn-tf, or `python -m ppn_tf`, which lists and starts commands."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import cv2
import numpy as np
import pytest

from ppn_tf.runtime.command_names import COMMANDS, get_module

ROOT = pathlib.Path(__file__).parents[1]


def start(*arguments, cwd=ROOT):
  """Runs ppn_tf.__main__; the last line on stderr lists the heavy modules that were imported."""
  code = (
    "import atexit, runpy, sys\n"
    "atexit.register(lambda: print(sorted({'tensorflow', 'numpy', 'cv2'} & set(sys.modules)), "
    "file=sys.stderr))\n"
    "sys.argv[0] = 'bin/ppn-tf'\n"
    "import ppn_tf.__main__\n"
    "ppn_tf.__main__.main()"
  )
  return subprocess.run(
    [sys.executable, "-c", code, *arguments],
    capture_output=True,
    text=True,
    timeout=120,
    cwd=cwd,
    env={**os.environ, "PYTHONPATH": str(ROOT)},
  )


@pytest.mark.parametrize("arguments", [("--help",), ("data",), ("--version",)])
def test_lost_reader_of_the_list_ends_it_silently(arguments):
  reading, writing = os.pipe()
  os.close(reading)
  done = subprocess.run(
    [sys.executable, "-m", "ppn_tf", *arguments],
    stdout=writing,
    stderr=subprocess.PIPE,
    timeout=120,
    cwd=ROOT,
  )
  os.close(writing)
  assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("arguments", [(), ("--help",), ("help",)])
def test_help_lists_every_command(arguments):
  done = start(*arguments)
  assert (done.returncode, done.stderr) == (0, "[]\n")
  lines = [line.strip() for line in done.stdout.splitlines()]
  for name, summary in COMMANDS.items():
    assert [line for line in lines if line.startswith(f"{name} ") and line.endswith(f" {summary}")]


@pytest.mark.parametrize("arguments", [("data",), ("data", "--help")])
def test_group_help_lists_its_commands(arguments):
  done = start(*arguments)
  assert (done.returncode, done.stderr) == (0, "[]\n")
  assert "data clips" in done.stdout and "ppn-tf data NAME" in done.stdout
  assert "export" not in done.stdout


def test_version():
  assert start("--version").stdout.startswith("ppn-tf ")


@pytest.mark.parametrize(
  ("arguments", "suggestion"),
  [
    (["trak"], "'trak'. Did you mean 'track'?"),
    (["synthetic"], "'synthetic'. Did you mean 'data synthetic'?"),
    (["exprot", "tflite"], "'exprot'. Did you mean 'export'?"),
    (["export", "tfilte"], "'export tfilte'. Did you mean 'export tflite'?"),
    (["xyz"], "'xyz'."),
  ],
)
def test_unknown_command_is_one_line_with_a_suggestion(arguments, suggestion):
  done = start(*arguments)
  assert (done.returncode, done.stdout) == (1, "")
  line, imported = done.stderr.splitlines()
  assert line == f"error: unknown command {suggestion} See ppn-tf --help."
  assert imported == "[]"


def test_every_command_is_a_module():
  assert [name for name in COMMANDS if importlib.util.find_spec(get_module(name)) is None] == []


def test_command_runs_as_main_with_its_arguments(tmp_path):
  """Runs outside the repository, with two worker processes that import its modules, too."""
  done = start(
    "data", "synthetic", f"--output={tmp_path / 'clips'}", "--num_train_clips=1",
    "--num_test_clips=1", "--num_frames=2", "--num_workers=2", cwd=tmp_path,
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  assert "2 clips made, 0 kept." in done.stdout


def test_command_reports_its_own_error():
  done = start("data", "clips")
  assert done.returncode == 1
  assert "error: --source is missing." in done.stderr


def test_command_help_shows_how_the_command_was_started():
  done = start("data", "synthetic", "--help")
  assert "  ppn-tf data synthetic --output=DIR\n" in done.stdout
  assert "python -m" not in done.stdout


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    ([], "give one video: ppn-tf track VIDEO"),
    (["--box=1,2,3", "nowhere.mp4"], "--box=1,2,3: must be 4 numbers from -1e+06 to 1e+06"),
    (["--box=9,9,1,1", "nowhere.mp4"], "--box=[9.0, 9.0, 1.0, 1.0]: not a box."),
    (["nowhere.mp4"], "nowhere.mp4: no such file"),
    (["--start=2", "--end=1", "VIDEO"], "--start=2, --end=1: not a part of a video."),
    (["--contact_sheet=sheet.pdf", "VIDEO"], "--contact_sheet=sheet.pdf: not an image."),
    (["--help"], None),
  ],
)
def test_track_checks_its_arguments_without_tensorflow(tmp_path, arguments, message):
  cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 8, 3), np.uint8))
  done = start("track", *(str(tmp_path) if word == "VIDEO" else word for word in arguments))
  *lines, imported = done.stderr.splitlines()
  assert "tensorflow" not in imported
  if message is None:
    assert "--max_people" in done.stdout
  else:
    assert done.returncode == 1 and [f"error: {message}" in line for line in lines] == [True]


def test_usage_of_the_module_names_the_module():
  done = subprocess.run(
    [sys.executable, "-m", "ppn_tf"], capture_output=True, text=True, cwd=ROOT, timeout=60
  )
  assert done.returncode == 0 and "Usage: python -m ppn_tf COMMAND" in done.stdout
