"""Tests that the README's blocks run in order in an installation outside the repository."""

import json
import os
import pathlib
import re
import shutil
import site
import subprocess
import sys
from typing import List, Tuple

import pytest

ROOT = pathlib.Path(__file__).parents[1]
VIDEO = ROOT.parent / "shared" / "data" / "videos" / "permissive" / "tfjs_squats.mp4"


def read_blocks() -> List[Tuple[str, str]]:
  """Returns the README's code blocks in order, each with its language."""
  text = (ROOT / "README.md").read_text(encoding="utf-8")
  return re.findall(r"^```(\w+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def is_skipped(block: str) -> bool:
  """Returns whether a block downloads packages or runs the checks of this repository."""
  return "pip install" in block or block.startswith("make ")


@pytest.fixture(name="installed", scope="module")
def fixture_installed(tmp_path_factory) -> pathlib.Path:
  """Installs a copy of the sources into a virtual environment, and returns its bin folder.

  Dependencies come from the environment of the tests, so nothing is downloaded.
  """
  folder = tmp_path_factory.mktemp("installed")
  names = ("ppn_tf", "data", "export", "configs")
  ignored = shutil.ignore_patterns("__pycache__")
  for name in names:
    shutil.copytree(ROOT / name, folder / "source" / name, ignore=ignored)
  for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
    shutil.copy(ROOT / name, folder / "source")
  venv = folder / "venv"
  subprocess.run([sys.executable, "-m", "venv", venv], check=True)
  (packages,) = venv.glob("lib/python*/site-packages")
  (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
  options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--ignore-installed"]
  command = [venv / "bin" / "python", "-m", "pip", "install", *options, folder / "source"]
  subprocess.run(command, check=True)
  return venv / "bin"


def test_blocks_are_found():
  languages = [language for language, _ in read_blocks()]
  assert languages.count("python") >= 1 and languages.count("sh") >= 4
  assert sum(is_skipped(block) for _, block in read_blocks()) == 2


@pytest.mark.slow
@pytest.mark.skipif(not VIDEO.exists(), reason=f"{VIDEO.name} of the shared data is missing")
def test_blocks_run_in_order(installed, tmp_path):
  shutil.copy(VIDEO, tmp_path / "video.mp4")
  environment = {**os.environ, "PATH": f"{installed}{os.pathsep}{os.environ['PATH']}"}
  environment.pop("PYTHONPATH", None)
  printed = {}
  for language, block in read_blocks():
    if is_skipped(block):
      continue
    command = ["bash", "-euc", block] if language == "sh" else ["python", "-c", block]
    done = subprocess.run(
      command,
      cwd=tmp_path,
      env=environment,
      capture_output=True,
      text=True,
      timeout=600,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr[-3000:]}"
    printed[language] = done.stdout
  frames = json.loads((tmp_path / "video_pose.json").read_text())["frames"]
  assert len(frames) == 65 and sum(frame["found"] for frame in frames) > 60
  assert (tmp_path / "video_pose.mp4").stat().st_size > 10_000
  assert "65 frames, " in printed["python"] and "Trainable params" in printed["python"]
  assert json.loads((tmp_path / "joints.json").read_text())["frames"] == frames
  assert (tmp_path / "people.tflite").stat().st_size > 14e6  # in float32
  for name in ("overlay.mp4", "report.html", "runs/drawn_saved_model"):
    assert (tmp_path / name).exists()
