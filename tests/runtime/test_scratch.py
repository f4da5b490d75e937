"""Tests of ppn_tf.runtime.scratch: folders of killed processes are removed."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from ppn_tf.runtime import scratch
from ppn_tf.runtime.files import complete_or_absent

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = """
import sys, time
from ppn_tf.runtime.files import complete_or_absent
with complete_or_absent(sys.argv[1]) as partial:
  partial.write_text("half")
  print("open", flush=True)
  time.sleep(60)
"""


@pytest.fixture(name="process")
def fixture_process(tmp_path, monkeypatch):
  """Starts a process that writes an output."""
  monkeypatch.setattr(scratch, "_MIN_AGE", 0.0)
  command = [sys.executable, "-c", PROGRAM, str(tmp_path / "a.mp4")]
  with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
    assert process.stdout.readline() == b"open\n"
    yield process
    process.kill()


def find_scratch(folder):
  return [path for path in folder.iterdir() if path.name.startswith(".a.mp4.")]


def test_next_start_removes_what_a_killed_process_left(process, tmp_path):
  process.send_signal(signal.SIGKILL)
  process.wait()
  assert len(find_scratch(tmp_path)) == 1
  with complete_or_absent(tmp_path / "a.mp4") as partial:
    partial.write_text("whole")
  assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_folder_of_a_living_process_stays(process, tmp_path):
  with complete_or_absent(tmp_path / "a.mp4") as partial:
    partial.write_text("whole")
  (left,) = find_scratch(tmp_path)
  assert (left / "a.mp4").read_text() == "half"


def test_other_entries_stay(tmp_path, monkeypatch):
  monkeypatch.setattr(scratch, "_MIN_AGE", 0.0)
  (tmp_path / "target").mkdir()
  (tmp_path / ".a.mp4.linked00").symlink_to(tmp_path / "target")
  (tmp_path / ".a.mp4.afile000").write_text("")
  for name in (".a.mp4.notes", ".a.mp4.abcdefgh.txt", ".b.mp4.abcdefgh"):
    (tmp_path / name).mkdir()
  before = sorted(tmp_path.iterdir())
  with scratch.scratch_folder("a.mp4", tmp_path):
    pass
  assert sorted(tmp_path.iterdir()) == before


def test_new_folders_stay(tmp_path):
  """Another process may be about to lock a folder that it has just made."""
  (tmp_path / ".a.mp4.abcdefgh").mkdir()
  with scratch.scratch_folder("a.mp4", tmp_path):
    pass
  assert (tmp_path / ".a.mp4.abcdefgh").is_dir()
  past = time.time() - 60
  os.utime(tmp_path / ".a.mp4.abcdefgh", (past, past))
  with scratch.scratch_folder("a.mp4", tmp_path):
    pass
  assert not (tmp_path / ".a.mp4.abcdefgh").exists()


def test_long_names(tmp_path):
  with complete_or_absent(tmp_path / f"{'n' * 250}.mp4") as partial:
    partial.write_text("whole")
  assert len(list(tmp_path.iterdir())) == 1
