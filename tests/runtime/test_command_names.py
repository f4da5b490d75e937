"""Tests of ppn_tf.runtime.command_names and of the paths in ppn_tf.runtime.layout."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from ppn_tf.runtime import command_names, layout

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(name="started_by_console")
def fixture_started_by_console(monkeypatch):
  monkeypatch.setattr(command_names, "_program", "")
  command_names.start_as("ppn-tf")


@pytest.mark.parametrize(
  ("name", "expected"),
  [("train", "python -m ppn_tf.train"), ("export tflite", "python -m export.tflite")],
)
def test_commands_in_the_repository_are_modules(name, expected):
  assert command_names.command(name) == expected


def test_commands_are_named_as_they_were_started(started_by_console):
  assert command_names.command("data clips") == "ppn-tf data clips"


def test_misspelt_command_is_refused():
  with pytest.raises(KeyError):
    command_names.command("export tflight")


def test_localize(started_by_console):
  text = (
    "First `python -m data.clips --source=A`, then python -m ppn_tf.train. "
    "`python -m ppn_tf.training.data_service` and python -m export.gpu_compile are no commands."
  )
  assert command_names.localize(text) == (
    "First `ppn-tf data clips --source=A`, then ppn-tf train. "
    "`python -m ppn_tf.training.data_service` and python -m export.gpu_compile are no commands."
  )


def test_localize_does_not_change_text_in_the_repository():
  assert command_names.localize("`python -m data.clips`") == "`python -m data.clips`"


def test_paths_in_the_repository():
  assert not layout.is_installed()
  assert layout.find_folder("configs") == ROOT / "configs"
  assert layout.find_module("export.tflite") == "export.tflite"


def test_paths_and_names_in_an_installed_package(tmp_path):
  """Builds a package with configs/ inside it, as in a wheel."""
  package = tmp_path / "ppn_tf"
  (package / "configs").mkdir(parents=True)
  for name in ("__init__.py", "runtime"):
    source = ROOT / "ppn_tf" / name
    (shutil.copytree if source.is_dir() else shutil.copy)(source, package / name)
  code = (
    "from ppn_tf.runtime import command_names, layout\n"
    "print(layout.find_folder('configs'), layout.find_module('export.tflite'))\n"
    "print(command_names.command('export tflite'))"
  )
  result = subprocess.run(
    [sys.executable, "-c", code],
    capture_output=True,
    text=True,
    cwd=tmp_path,
    timeout=60,
    env={**os.environ, "PYTHONPATH": str(tmp_path)},
  )
  assert result.stderr == ""
  assert result.stdout == f"{package / 'configs'} ppn_tf.export.tflite\nppn-tf export tflite\n"
