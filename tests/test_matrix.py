"""Tests of .ci/matrix with fake Python and make."""

import os
import pathlib
import shutil
import subprocess

import pytest

MATRIX = pathlib.Path(__file__).parents[1] / ".ci" / "matrix"
PYTHON = (
  '#!/bin/sh\ncase "$2" in *metadata*) echo "2.99.0 | 2.98.0 | 1.97.0";; *) echo 3.99;; esac\n'
)
SUMMARY = "===== 12 passed, 3 skipped, 1 warning in 480.12s (0:08:00) ====="


@pytest.fixture(name="run")
def fixture_run(tmp_path):
  """Returns a function that runs .ci/matrix in an empty repository, with a fake `make`."""
  (tmp_path / ".ci").mkdir()
  shutil.copy(MATRIX, tmp_path / ".ci")

  def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)

  write(tmp_path / "bin" / "python3.99", PYTHON)
  write(tmp_path / "build" / "python3.99" / "bin" / "python", PYTHON)

  def run(printed, status, *versions):
    write(tmp_path / "bin" / "make", f"#!/bin/sh\necho '{printed}'\nexit {status}\n")
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
      [tmp_path / ".ci" / "matrix", *versions],
      env={**os.environ, "PATH": path},
      capture_output=True,
      text=True,
      timeout=60,
    )

  return run


def test_missing_python_versions_are_skipped(run):
  done = run(SUMMARY, 0, "3.98")
  assert (done.returncode, done.stderr) == (0, "")
  assert "Python 3.98: not installed here, skipped.\n" in done.stdout
  assert done.stdout.endswith("| 3.98 | | | | skipped: not installed |\n")


def test_table_has_versions_and_results(run):
  done = run(SUMMARY, 0, "3.98", "3.99")
  assert (done.returncode, done.stderr) == (0, "")
  row = "| 3.99 | 2.99.0 | 2.98.0 | 1.97.0 | 12 passed, 3 skipped, 1 warning in 480.12s (0:08:00) |"
  assert done.stdout.endswith(f"{row}\n")


def test_environments_are_created_without_a_table(run):
  done = run("installed", 0, "--install", "3.98", "3.99")
  assert (done.returncode, done.stderr) == (0, "")
  assert done.stdout.splitlines()[0] == "Python 3.98: not installed here, skipped."
  assert done.stdout.splitlines()[-1] == "installed"


@pytest.mark.parametrize("printed", ["1 failed, 11 passed in 3.00s", "No rule to make target"])
def test_failure_sets_the_exit_code_after_all_versions(run, printed):
  done = run(printed, 2, "3.99", "3.98")
  assert done.returncode == 1
  result = printed if "passed" in printed else "failed"
  assert f"| 3.99 | 2.99.0 | 2.98.0 | 1.97.0 | {result} |\n| 3.98 |" in done.stdout
