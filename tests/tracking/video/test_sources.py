"""Tests of ppn_tf.tracking.video.sources: streams, cameras and excerpts."""

import io
import subprocess
import sys

import av
import cv2
import numpy as np
import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video import sources
from ppn_tf.tracking.video.reader import ImageFolder, VideoFile
from ppn_tf.tracking.video.sources import Excerpt, LiveVideo, open_source, source_name
from tests.tracking.video.test_reader import encode, grey, picture


class Pipe(io.RawIOBase):
  """Stream of bytes that can be read only once, like a pipe."""

  def __init__(self, content):
    self._content = io.BytesIO(content)

  def readable(self):
    return True

  def seekable(self):
    return False

  def read(self, size=-1):
    return self._content.read(size)


def test_stream_is_read_as_it_arrives(tmp_path):
  path = encode(tmp_path / "a.mkv", range(0, 600, 20))
  video = open_source("-", standard_input=Pipe(path.read_bytes()))
  assert isinstance(video, LiveVideo)
  assert (str(video.path), video.num_frames) == ("stdin", None)
  assert Excerpt(video).is_live
  assert Excerpt(video).waits
  frames = list(video)
  np.testing.assert_allclose([frame.time for frame in frames], np.arange(30) / 30, atol=1e-3)
  np.testing.assert_allclose([grey(frame.image) for frame in frames], np.arange(30), atol=1.0)


def test_stream_through_a_real_pipe(tmp_path):
  path = encode(tmp_path / "a.mkv", range(0, 200, 20))
  program = (
    "import sys; from ppn_tf.tracking.video.sources import open_source\n"
    "print(len(list(open_source('-'))))"
  )
  with subprocess.Popen(
    [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
  ) as child:
    content = path.read_bytes()
    for begin in range(0, len(content), 1000):
      child.stdin.write(content[begin : begin + 1000])
    child.stdin.close()
    assert child.stdout.read().split() == [b"10"]


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_stream_without_video(content):
  with pytest.raises(InputError, match="stdin: not a video") as caught:
    open_source("-", standard_input=Pipe(content))
  assert "\n" not in str(caught.value)


def test_stream_skips_to_a_start_time(tmp_path):
  path = encode(tmp_path / "a.mkv", range(0, 2000, 20))
  video = open_source("-", standard_input=Pipe(path.read_bytes()))
  times = [frame.time for frame in Excerpt(video, start=2.5, end=3.0)]
  np.testing.assert_allclose(times, np.arange(75, 90) / 30, atol=2e-3)


@pytest.mark.parametrize(
  ("platform", "text", "device", "kind"),
  [
    ("linux", "0", "/dev/video0", "video4linux2"),
    ("linux", "/dev/video2", "/dev/video2", "video4linux2"),
    ("darwin", "1", "1:none", "avfoundation"),
  ],
)
def test_number_is_a_camera(monkeypatch, tmp_path, platform, text, device, kind):
  calls = []
  file = str(encode(tmp_path / "a.mp4", [0, 20, 40]))
  real_open = av.open

  def fake_open(source, **options):
    calls.append((source, options.pop("format")))
    return real_open(file, **options)

  monkeypatch.setattr(sources.sys, "platform", platform)
  monkeypatch.setattr(av, "open", fake_open)
  camera = open_source(text)
  assert calls == [(device, kind)]
  assert str(camera.path) == f"camera{text[-1]}"
  assert Excerpt(camera).is_live
  assert not Excerpt(camera).waits
  assert len(list(camera)) == 3


def test_missing_camera():
  with pytest.raises(InputError, match=r"87: no camera that can be read.*Give"):
    open_source("87")


def test_system_without_camera_support(monkeypatch):
  monkeypatch.setattr(sources.sys, "platform", "win32")
  with pytest.raises(InputError, match="0: cameras are supported on Linux and macOS.*Pipe"):
    open_source("0")


def test_files_and_folders(tmp_path, monkeypatch):
  (tmp_path / "7").mkdir()
  cv2.imwrite(str(tmp_path / "7" / "0.png"), picture(0))
  monkeypatch.chdir(tmp_path)
  assert isinstance(open_source("7"), ImageFolder)
  assert isinstance(open_source(encode(tmp_path / "a.mp4", [0, 20])), VideoFile)


@pytest.mark.parametrize(
  ("start", "end", "every", "expected"),
  [
    (0.0, None, 1, range(60)),
    (0.0, None, 7, range(0, 60, 7)),
    (0.5, 1.0, 1, range(15, 30)),
    (0.51, 1.01, 4, range(16, 31, 4)),
    (1.9, 100.0, 1, range(57, 60)),
  ],
)
def test_excerpt(tmp_path, start, end, every, expected):
  part = Excerpt(open_source(encode(tmp_path / "a.mp4", range(0, 1200, 20))), start, end, every)
  times = [frame.time for frame in part]
  np.testing.assert_allclose(times, np.array(expected) / 30, atol=1e-6)
  assert part.fps == pytest.approx(30 / every)
  assert abs(part.num_frames - len(times)) <= 1
  assert (part.is_live, part.waits) == (False, True)


@pytest.mark.parametrize(("start", "end"), [(-1.0, None), (2.0, 2.0), (3.0, 1.0)])
def test_invalid_excerpt(tmp_path, start, end):
  with pytest.raises(InputError, match=r"start=.*, end=.*: not a part of a video"):
    Excerpt(open_source(encode(tmp_path / "a.mp4", [0, 20])), start, end)


def test_start_beyond_the_end(tmp_path):
  video = open_source(encode(tmp_path / "a.mp4", range(0, 600, 20)))
  with pytest.raises(InputError, match="no frame from start=5 s on; the video is 1.00 s long"):
    list(Excerpt(video, 5.0))


def test_step_below_one(tmp_path):
  with pytest.raises(InputError, match="every=0: not a step in frames"):
    Excerpt(open_source(encode(tmp_path / "a.mp4", [0, 20])), every=0)


@pytest.mark.parametrize(
  ("source", "name"),
  [
    ("videos/clip.mp4", "clip"),
    ("frames/", "frames"),
    ("3", "camera3"),
    ("/dev/video1", "camera1"),
    ("-", "stdin"),
  ],
)
def test_names_of_sources(source, name):
  assert source_name(source) == name


def test_folder_named_like_a_camera(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "3").mkdir()
  assert source_name("3") == "3"
