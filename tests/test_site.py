"""Tests of the documentation site that `make docs` builds."""

import pathlib
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("mkdocs", reason="`make docs` installs MkDocs")

ROOT = pathlib.Path(__file__).parents[1]


def build(root: pathlib.Path) -> "subprocess.CompletedProcess[str]":
  command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
  return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)


@pytest.fixture(name="sources")
def fixture_sources(tmp_path) -> pathlib.Path:
  """Returns a folder with the repository's files, of which docs/ can be changed."""
  for path in ROOT.glob("[!.]*"):
    if path.name not in ("docs", "site"):
      (tmp_path / path.name).symlink_to(path)
  shutil.copytree(ROOT / "docs", tmp_path / "docs")
  return tmp_path


@pytest.mark.slow
def test_site_has_pages_and_reference(sources):
  done = build(sources)
  assert done.returncode == 0, done.stdout + done.stderr
  site = sources / "site"
  text = (site / "overview.html").read_text()
  assert 'href="tracking.html"' in text and 'src="images/people_track.jpg"' in text
  tracker = (site / "reference" / "ppn_tf.tracking.tracker.html").read_text()
  assert 'id="ppn_tf.tracking.tracker.Tracker.from_preset"' in tracker
  assert "Parameters:" in tracker  # sections of docstrings are parsed
  public = (site / "reference" / "ppn_tf.html").read_text()
  assert 'href="ppn_tf.tracking.tracker.html#ppn_tf.tracking.tracker.Tracker"' in public


@pytest.mark.slow
def test_broken_links_stop_the_build(sources):
  with (sources / "docs" / "data.md").open("a") as page:
    page.write("\n[a](missing.md) [b](tracking.md#nowhere)\n")
  done = build(sources)
  printed = done.stdout + done.stderr
  assert done.returncode != 0 and "missing.md" in printed and "nowhere" in printed
