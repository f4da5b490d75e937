"""Tests of the command `python -m ppn_tf.tracking.bulk`: workers, ends, messages."""

import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

import ppn_tf
from ppn_tf.tracking.bulk import __main__ as track_many_command
from tests.command_calls import obey_signals, refusal
from tests.test_track import fixture_folder  # noqa: F401
from tests.tracking.bulk.spot_clips import write_clip

ROOT = pathlib.Path(ppn_tf.__file__).parents[1]
NUM_VIDEOS = 6
REAL_VIDEO = ROOT.parent / "shared" / "data" / "videos" / "permissive" / "hybrik_taiji.mp4"


@pytest.fixture(name="model", scope="module")
def fixture_model(folder):
  return folder / "spot.tflite"


@pytest.fixture(name="videos", scope="module")
def fixture_videos(tmp_path_factory):
  root = tmp_path_factory.mktemp("many")
  for number in range(NUM_VIDEOS):
    write_clip(root / f"{number}.mp4", row=45 + 5 * number, num_frames=8)
  return root


def start(*arguments, prepare=obey_signals):
  return subprocess.Popen(
    [sys.executable, "-m", "ppn_tf.tracking.bulk", *map(str, arguments)],
    env={**os.environ, "PYTHONPATH": str(ROOT)},
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
    preexec_fn=prepare,
    start_new_session=True,
  )


def finish(child):
  """Returns exit code, standard output, and error lines of the command itself."""
  stdout, stderr = child.communicate(timeout=120)
  assert "Traceback" not in stderr
  return child.returncode, stdout, [line for line in stderr.splitlines() if "error" in line]


def contents(output):
  return {
    str(path.relative_to(output)): path.read_bytes()
    for path in sorted(output.rglob("*"))
    if path.is_file() and path.name != ".lock"
  }


@pytest.fixture(name="unbroken", scope="module")
def fixture_unbroken(videos, model, tmp_path_factory):
  """Tracks all videos in two workers; returns the outputs."""
  output = tmp_path_factory.mktemp("unbroken")
  child = start(f"{videos}/*.mp4", f"--model={model}", f"--output={output}", "--workers=2")
  code, stdout, errors = finish(child)
  assert (code, errors) == (0, [])
  assert re.match(f"{NUM_VIDEOS} videos: {NUM_VIDEOS} tracked; 48 frames, [0-9.]+ frames/s", stdout)
  return contents(output)


def test_outputs_do_not_depend_on_the_number_of_workers(videos, model, unbroken, tmp_path):
  child = start(videos, f"--model={model}", f"--output={tmp_path}", "--workers=1")
  assert finish(child)[0] == 0
  assert contents(tmp_path) == unbroken
  assert {"joints.parquet", "manifest.json", "failed.jsonl"} < set(unbroken)
  assert len(unbroken) == 3 + 2 * NUM_VIDEOS


def wait_for_joints(child, output):
  """Waits until the joints of a video are there."""
  watchdog = threading.Timer(90.0, child.kill)
  watchdog.start()
  while child.poll() is None and not list(output.glob("joints/*/*/*.json")):
    time.sleep(0.005)
  watchdog.cancel()


@contextlib.contextmanager
def blocked(video):
  """Replaces a video by a pipe, at which a run that reads it waits."""
  aside = video.with_suffix(".aside")
  video.rename(aside)
  os.mkfifo(video)
  try:
    yield
  finally:
    aside.replace(video)


def find_processes(text):
  """Returns the numbers of processes whose environment holds a text."""
  found = []
  for entry in pathlib.Path("/proc").glob("[0-9]*"):
    try:
      if text.encode() in (entry / "environ").read_bytes():
        found.append(int(entry.name))
    except OSError:
      continue
  return found


@pytest.mark.parametrize("how", ["killed group", "killed alone", "interrupted"])
def test_ended_run_goes_on_where_it_was(videos, model, unbroken, tmp_path, monkeypatch, how):
  monkeypatch.setenv("PPN_TF_TEST_RUN", str(tmp_path))
  output = tmp_path / "out"
  arguments = (f"{videos}/*.mp4", f"--model={model}", f"--output={output}", "--workers=2")
  with blocked(videos / "3.mp4"):
    child = start(*arguments)
    wait_for_joints(child, output)
    if how == "killed group":
      os.killpg(child.pid, signal.SIGKILL)
    elif how == "killed alone":
      child.kill()
    else:
      os.killpg(child.pid, signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
  assert child.returncode == (130 if how == "interrupted" else -signal.SIGKILL)
  if how == "interrupted":
    assert stderr.splitlines()[-1] == "interrupted"
  before = contents(output)
  assert "manifest.json" not in before and 0 < len(before) < len(unbroken)
  deadline = time.monotonic() + 30
  while find_processes(f"PPN_TF_TEST_RUN={tmp_path}") and time.monotonic() < deadline:
    time.sleep(0.05)  # workers end when they notice
  assert not find_processes(f"PPN_TF_TEST_RUN={tmp_path}")
  code, stdout, _ = finish(start(*arguments))
  assert code == 0 and " done earlier; " in stdout
  after = {name: data for name, data in contents(output).items() if "/." not in name}
  assert after == unbroken


def limit_files(size):
  """Returns a preparation, by which writes beyond `size` bytes of a file fail like a full disk."""

  def prepare():
    obey_signals()
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

  return prepare


def test_full_disk_keeps_earlier_tables(videos, model, tmp_path):
  arguments = (f"--model={model}", f"--output={tmp_path}", "--workers=1")
  assert finish(start(videos / "0.mp4", *arguments))[0] == 0
  before = contents(tmp_path)
  code, stdout, errors = finish(start(videos, *arguments, prepare=limit_files(1000)))
  assert (code, stdout, len(errors)) == (1, "", 1)
  assert errors[0].endswith("File too large. Free some space and start again.")
  assert contents(tmp_path) == before


def test_full_disk_at_the_table_keeps_the_joints(videos, model, unbroken, tmp_path):
  first = {name: data for name, data in unbroken.items() if name.endswith(".jsonl")}
  assert max(map(len, first.values())) < 9000 < len(unbroken["joints.parquet"])
  arguments = (f"{videos}/*.mp4", f"--model={model}", f"--output={tmp_path}", "--workers=2")
  code, stdout, errors = finish(start(*arguments, prepare=limit_files(9000)))
  assert (code, stdout) == (1, "")
  assert len(errors) == 1 and re.fullmatch(
    "error: .*File too large. Free some space and start again.", errors[0]
  )
  # All joints are there, and no part of the table.
  kept = contents(tmp_path)
  assert kept == {name: unbroken[name] for name in kept}
  assert len(kept) == 2 * NUM_VIDEOS + 1
  code, stdout, _ = finish(start(*arguments))
  assert code == 0 and f"0 tracked, {NUM_VIDEOS} done earlier" in stdout
  assert contents(tmp_path) == unbroken


def test_broken_video_sets_the_exit_code(videos, model, tmp_path):
  broken = tmp_path / "broken.mp4"
  broken.write_bytes(b"no video")
  arguments = (broken, videos / "0.mp4", f"--model={model}", f"--output={tmp_path / 'out'}")
  code, stdout, errors = finish(start(*arguments, "--workers=1"))
  assert code == 1 and "2 videos: 1 tracked, 1 failed" in stdout
  assert errors == [
    f"error: 1 of 2 videos failed; {tmp_path / 'out' / 'failed.jsonl'} has the reasons. Mend them, "
    "or try again with --retry_failed."
  ]
  manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
  assert [entry["video"] for entry in manifest["videos"]] == [str(videos / "0.mp4")]


MISTAKES = [
  (["--output=out"], "give videos: .*'videos/\\*.mp4' --output=DIR"),
  (["0.mp4"], "--output is missing"),
  (["x*.mp4", "--output=out"], r"x\*.mp4: matches no file"),
  (["0.mp4", "--output=0.mp4"], "output=0.mp4: cannot write there"),
  (["0.mp4", "--output=out", "--model=gone.tflite"], "gone.tflite: no such model"),
  (["0.mp4", "--output=out", "--model=a", "--workdir=b"], "give either --model or --workdir"),
  (["0.mp4", "--output=out", "--ray_address=auto"], "is for Ray alone"),
  (["0.mp4", "--output=out", "--start=2", "--end=1"], "start=2, end=1: not a part"),
  (["0.mp4", "--output=out", "--box=9,9,5,5"], "not a box"),
  (["0.mp4", "--output=out", "--workers=0"], "a whole number from 1 to 100,000"),
]


@pytest.mark.parametrize(("arguments", "expected"), MISTAKES)
def test_error_is_reported_in_one_line(videos, monkeypatch, arguments, expected):
  monkeypatch.chdir(videos)
  assert re.search(expected, refusal(track_many_command, *arguments))
  assert {path.name for path in videos.iterdir()} - {"out"} == {
    f"{number}.mp4" for number in range(NUM_VIDEOS)
  }


@pytest.mark.slow
@pytest.mark.skipif(
  not REAL_VIDEO.exists(), reason=f"{REAL_VIDEO.name} of the shared data is missing"
)
def test_real_video_in_segments(tmp_path):
  output = tmp_path / "out"
  arguments = (REAL_VIDEO, f"--output={output}", "--end=3", "--segment_seconds=1", "--workers=2")
  code, stdout, _ = finish(start(*arguments))
  assert code == 0 and "1 video: 1 tracked; 72 frames" in stdout
  entry = json.loads((output / "manifest.json").read_text())["videos"][0]
  assert (entry["segments"], entry["people"]) == (3, 1)
  lines = (output / entry["joints"]).read_text().splitlines()
  ppn_tf.track_video(REAL_VIDEO, end=1.0, num_threads=1, output_jsonl=tmp_path / "one.jsonl")
  expected = (tmp_path / "one.jsonl").read_text().splitlines()
  assert len(expected) == 24 and lines[:24] == expected
  # The tracker starts anew at a split, near where the person was.
  before, after = (json.loads(lines[index])["people"][0]["keypoints"] for index in (23, 24))
  assert max(abs(before["nose"][k] - after["nose"][k]) for k in (0, 1)) < 10
