"""Tests of ppn_tf.tracking.video.decoder: start times, joined files, numbers, memory."""

import gc
import pathlib
import subprocess
import sys

import av
import numpy as np
import pytest

from ppn_tf.tracking.video.containers import DECODER_THREADS
from ppn_tf.tracking.video.reader import open_video
from tests.tracking.video.test_reader import encode, grey

TICKS = range(0, 3600, 20)  # 180 frames, 6 s


def shown(indices):
  """Returns what `grey` reads in pictures with these indices."""
  return ((60 + 5 * indices) % 256 - 60) / 5


def read(video, start=0.0):
  return [(round(frame.time, 9), frame.number, frame.image) for frame in video.frames(start)]


def check_start(video, start):
  whole = [row for row in read(video) if row[0] >= start - 1e-6]
  part = read(video, start)
  assert [row[:2] for row in part] == [row[:2] for row in whole]
  for (*_, image), (*_, expected) in zip(part, whole):
    np.testing.assert_array_equal(image, expected)
  assert video.damaged == 0


@pytest.mark.parametrize("suffix", ["ts", "mts", "mpg", "vob", "mkv", "mp4", "mov", "avi", "flv"])
def test_start_in_every_format(tmp_path, suffix):
  codec = "mpeg2video" if suffix in ("mpg", "vob") else "libx264"
  path = encode(tmp_path / f"a.{suffix}", range(180), codec=codec, bf="2", time_base=(1, 30))
  video = open_video(path)
  assert len(list(video)) == 180
  for start in (0.5, 2.0, 3.01, 5.9):
    check_start(video, start)


@pytest.mark.parametrize(
  "options",
  [
    {"x264-params": "open-gop=1:keyint=30:bframes=3:b-adapt=0"},
    {"x264-params": "keyint=300:bframes=3"},
    {"x264-params": "intra-refresh=1:keyint=30:bframes=0"},
    {"bf": "0", "g": "1"},
  ],
)
@pytest.mark.parametrize("suffix", ["ts", "mp4"])
def test_start_with_every_structure_of_frames(tmp_path, suffix, options):
  video = open_video(encode(tmp_path / f"a.{suffix}", TICKS, noise=True, **options))
  for start in (1.0, 2.51, 4.99):
    check_start(video, start)


def test_frames_before_the_start_are_not_decoded(tmp_path, monkeypatch):
  from ppn_tf.tracking.video import decoder as module

  video = open_video(encode(tmp_path / "a.ts", TICKS, bf="2"))
  decoded = []
  tell = module.FrameClock.tell
  monkeypatch.setattr(
    module.FrameClock, "tell", lambda clock, frame: decoded.append(frame.pts) or tell(clock, frame)
  )
  assert len(read(video, 5.0)) == 30
  assert len(decoded) < 60


@pytest.mark.parametrize(("suffix", "codec"), [("ts", "libx264"), ("mpg", "mpeg2video")])
def test_joined_files(tmp_path, suffix, codec):
  whole = b"".join(
    encode(
      tmp_path / f"{count}.{suffix}", range(count), codec=codec, time_base=(1, 30), bf="2"
    ).read_bytes()
    for count in (60, 45, 30)
  )
  path = tmp_path / f"joined.{suffix}"
  path.write_bytes(whole)
  video = open_video(path)
  frames = list(video)
  assert (len(frames), video.damaged) == (135, 0)
  np.testing.assert_allclose([frame.time for frame in frames], np.arange(135) / 30, atol=2e-3)
  assert [frame.number for frame in frames] == list(range(135))
  indices = np.array([*range(60), *range(45), *range(30)])
  np.testing.assert_allclose([grey(frame.image) for frame in frames], shown(indices), atol=2.0)
  for start in (1.5, 2.5, 4.0):
    check_start(video, start)


def test_joint_to_a_much_later_time(tmp_path):
  parts = [
    encode(tmp_path / f"{begin}.ts", range(begin, begin + 30), time_base=(1, 30), bf="2")
    for begin in (0, 30000)
  ]
  path = tmp_path / "joined.ts"
  path.write_bytes(b"".join(part.read_bytes() for part in parts))
  times = [frame.time for frame in open_video(path)]
  np.testing.assert_allclose(times, np.arange(60) / 30, atol=2e-3)


@pytest.mark.parametrize("suffix", ["avi", "h264"])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_frames_without_times(tmp_path, suffix, codec):
  if suffix == "h264" and codec != "libx264":
    pytest.skip("a raw stream of H.264")
  path = encode(tmp_path / f"a.{suffix}", range(40), codec=codec, bf="2", time_base=(1, 25))
  video = open_video(path)
  frames = list(video)
  np.testing.assert_allclose([frame.time for frame in frames], np.arange(40) / video.fps, atol=1e-6)
  indices = [grey(frame.image) for frame in frames]
  np.testing.assert_allclose(indices, shown(np.arange(40)), atol=2.0)
  check_start(video, 0.8)


@pytest.mark.parametrize("start", [0.0, 2.0])
def test_numbers_count_damaged_frames(tmp_path, start):
  path = encode(tmp_path / "a.mp4", TICKS, noise=True, bf="2")
  with av.open(str(path)) as container:
    places = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
  data = bytearray(path.read_bytes())
  for index in (31, 95, 96, 140):
    position, size = places[index]
    data[position + 4 : position + size] = b"\xff" * (size - 4)
  path.write_bytes(data)
  video = open_video(path)
  frames = list(video.frames(start))
  assert 0 < video.damaged <= 60
  assert len(frames) < 180
  numbers = [frame.number for frame in frames]
  assert numbers == [round(30 * frame.time) for frame in frames]
  assert numbers[-1] == 179


def test_numbers_of_images_count_damaged_ones(tmp_path):
  for index in range(4):
    encode(tmp_path / f"{index}.png", [0], codec="png", pix_fmt="rgb24")
  (tmp_path / "1.png").write_bytes(b"junk")
  frames = list(open_video(tmp_path))
  assert [(frame.name, frame.number) for frame in frames] == [
    ("0.png", 0),
    ("2.png", 2),
    ("3.png", 3),
  ]


def test_decoded_frames_are_freed_at_once(tmp_path):
  video = open_video(encode(tmp_path / "a.mp4", range(0, 800, 20)))

  def alive():
    return sum(isinstance(item, av.VideoFrame) for item in gc.get_objects())

  gc.collect()
  gc.disable()
  try:
    counts = [alive() for number, _ in enumerate(video) if number % 10 == 9]
  finally:
    gc.enable()
  assert len(counts) == 4 and max(counts) < 12


@pytest.mark.skipif(not pathlib.Path("/proc/self/status").exists(), reason="Linux only")
def test_threads_are_bounded(tmp_path):
  path = encode(tmp_path / "a.mp4", TICKS)
  program = (
    "import re, sys; from ppn_tf.tracking.video.reader import open_video\n"
    "status = lambda: int(re.search(r'Threads:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    "first = status(); print(max(status() for _ in open_video(sys.argv[1])) - first)"
  )
  done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, check=True)
  assert int(done.stdout.split()[-1]) <= DECODER_THREADS + 1
