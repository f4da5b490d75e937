"""Tests that tracking with a .tflite file needs only the packages that the pages list."""

import importlib.util
import json
import pathlib
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
# Modules of the packages, where these have other names.
MODULES = {
  "absl-py": "absl",
  "ai-edge-litert": "ai_edge_litert",
  "opencv-python-headless": "cv2",
  "pillow": "PIL",
}
# Hides every installed package but those in the first argument, and runs a command.
PROGRAM = """
import os, sys
from importlib.machinery import PathFinder

find_spec = PathFinder.find_spec

def find_allowed(name, path=None, target=None):
  spec = find_spec(name, path, target)
  installed = spec and "site-packages" in (spec.origin or "").split(os.sep)
  return None if installed and path is None and name not in allowed else spec

PathFinder.find_spec = find_allowed
allowed = {"ppn_tf", *sys.argv.pop(1).split(",")}
from ppn_tf.__main__ import main
main()
"""


def listed_packages():
  """Returns the packages of the first `pip install` in docs/tracking.md."""
  text = (ROOT / "docs" / "tracking.md").read_text()
  return re.search(r"^pip install (.*)$", text, re.MULTILINE)[1].split()


def run(allowed, *arguments):
  return subprocess.run(
    [sys.executable, "-c", PROGRAM, ",".join(allowed), *map(str, arguments)],
    cwd=ROOT,
    capture_output=True,
    text=True,
    timeout=120,
  )


@pytest.fixture(name="frames")
def fixture_frames(tmp_path):
  folder = tmp_path / "frames"
  folder.mkdir()
  pictures = np.random.default_rng(0).integers(0, 256, (3, 120, 160, 3), dtype=np.uint8)
  for number, picture in enumerate(pictures):
    cv2.imwrite(str(folder / f"{number}.png"), picture)
  return folder


pytestmark = pytest.mark.skipif(
  not importlib.util.find_spec("ai_edge_litert"), reason="ai-edge-litert is not installed"
)


def test_track_needs_only_the_listed_packages(frames, tmp_path):
  packages = listed_packages()
  assert "ai-edge-litert" in packages and "tensorflow" not in packages
  done = run(
    [MODULES.get(name, name) for name in packages],
    "track",
    frames,
    f"--output={tmp_path / 'pose.mp4'}",
    f"--output_json={tmp_path / 'pose.json'}",
  )
  assert done.returncode == 0, done.stderr
  assert len(json.loads((tmp_path / "pose.json").read_text())["frames"]) == 3
  assert (tmp_path / "pose.mp4").stat().st_size > 0


def test_track_many_needs_two_packages_more(frames, tmp_path):
  packages = [*listed_packages(), "filelock", "pyarrow"]
  done = run(
    [MODULES.get(name, name) for name in packages],
    "track-many",
    frames,
    f"--output={tmp_path}",
    "--workers=1",
  )
  assert done.returncode == 0, done.stderr
  assert (tmp_path / "joints.parquet").stat().st_size > 0


@pytest.mark.parametrize(
  ("package", "arguments"),
  [
    ("av", ["track", "video.mp4"]),
    ("tensorflow", ["track", "FRAMES", "--model=tests"]),
    ("tensorflow", ["train", "--dataset=records", "--workdir=run"]),
  ],
)
def test_missing_package_is_named(package, arguments, frames):
  allowed = {MODULES.get(name, name) for name in listed_packages()} - {package}
  done = run(sorted(allowed), *(frames if name == "FRAMES" else name for name in arguments))
  assert done.returncode == 1
  assert done.stderr == (
    f"error: this requires {package}, which is not installed. Install ppn-tf with its requirements."
    "\n"
  )
