"""Tests of the command `python -m ppn_tf.track` on its sources, and on how it can end."""

import json
import re
import signal

import pytest

from ppn_tf import track as track_command
from tests.command_calls import refusal
from tests.test_track import (  # noqa: F401
  fixture_folder,
  fixture_stream,
  read_frames,
  start,
  track,
)
from tests.tracking.video.test_orientation import encoded


def test_reader_that_leaves_keeps_tracked_frames(folder, stream, tmp_path):
  model = f"--model={folder / 'spot.tflite'}"
  with start(tmp_path, stream, model, "--output_jsonl=-", "--output=a.mp4") as child:
    assert json.loads(child.stdout.readline())["frame"] == 0
    child.stdout.close()
    errors = child.stderr.read().decode()
    assert child.wait(timeout=90) == 128 + signal.SIGPIPE, errors
  assert "frames" not in errors and "Traceback" not in errors and "BrokenPipe" not in errors
  frames = json.loads((tmp_path / "long_pose.json").read_text())["frames"]
  assert 0 < len(frames) < 1200
  assert len(read_frames(tmp_path / "a.mp4")) == len(frames)


def test_hangup_keeps_tracked_frames(folder, stream, tmp_path):
  model = f"--model={folder / 'spot.tflite'}"
  with start(tmp_path, stream, model, "--output_jsonl=-", "--output=") as child:
    child.stdout.readline()
    child.send_signal(signal.SIGHUP)
    lines = child.stdout.read().splitlines()
    assert child.wait(timeout=90) == 128 + signal.SIGHUP
  frames = json.loads((tmp_path / "long_pose.json").read_text())["frames"]
  assert 0 < len(frames) == 1 + len(lines) < 1200


def test_photo_is_a_video_of_one_frame(folder, tmp_path):
  (tmp_path / "photo.jpg").write_bytes(encoded(6, "jpeg"))
  done = track(tmp_path, "photo.jpg", f"--model={folder / 'spot.tflite'}")
  assert done.returncode == 0, done.stderr
  table = json.loads((tmp_path / "photo_pose.json").read_text())
  assert (table["width"], table["height"], len(table["frames"])) == (48, 64, 1)
  assert len(read_frames(tmp_path / "photo_pose.mp4")) == 1


def test_second_video_of_a_name_is_refused(folder, tmp_path):
  other = tmp_path / "other"
  other.mkdir()
  (other / "clip.mp4").write_bytes((folder / "clip.mp4").read_bytes())
  options = (f"--model={folder / 'spot.tflite'}", "--end=0.1")
  assert track(tmp_path, folder / "clip.mp4", *options).returncode == 0
  done = track(tmp_path, other / "clip.mp4", *options)
  assert done.returncode == 1
  assert done.stderr.startswith("error: clip_pose.mp4: is there, with the poses in ")
  assert done.stderr.endswith("Give another output, or --overwrite=true.\n")
  assert track(tmp_path, other / "clip.mp4", "--overwrite=true", *options).returncode == 0


def animated_webp():
  return b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x02" + bytes(20)


@pytest.mark.parametrize(
  ("source", "message"),
  [
    ("rtsp://user:secret@host/1", r"rtsp://\.\.\.: an address.*ffmpeg -i ADDRESS -f matroska"),
    ("https://host/a.mp4", r"https://\.\.\.: an address"),
    ("a.webp", "a.webp: animated WebP, which is not read. Convert it"),
  ],
)
def test_sources_that_are_not_read(tmp_path, monkeypatch, source, message):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "a.webp").write_bytes(animated_webp())
  text = refusal(track_command, source)
  assert re.search(message, text)
  assert "secret" not in text
