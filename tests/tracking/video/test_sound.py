"""Tests of ppn_tf.tracking.video.sound: formats that refuse it, joined files."""

import fractions

import av
import numpy as np
import pytest

from ppn_tf.tracking.video.reader import open_video
from ppn_tf.tracking.video.writer import write_video
from tests.tracking.video.test_writer import clicks, copy_part, write_with_sound


@pytest.mark.parametrize(
  ("codec", "suffix", "kept"),
  [
    ("aac", "mov", True),
    ("aac", "mp4", True),
    ("libopus", "mkv", True),
    ("libopus", "mp4", True),
    ("libopus", "mov", False),
    ("flac", "mov", False),
    ("flac", "mkv", True),
    ("pcm_s16le", "mov", True),
  ],
)
def test_refused_sound_is_left_out(tmp_path, codec, suffix, kept):
  source = with_codec(tmp_path / "a.mkv", codec)
  assert open_video(source).has_sound
  assert copy_part(source, tmp_path / f"b.{suffix}", 0.0, 1.0) == kept
  assert len(list(open_video(tmp_path / f"b.{suffix}"))) == 30
  with av.open(str(tmp_path / f"b.{suffix}")) as container:
    assert bool(container.streams.audio) == kept


def with_codec(path, codec):
  """Writes a second of a video with sound of 48 kHz."""
  with av.open(str(path), "w") as container:
    stream = container.add_stream("libx264", rate=30)
    stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
    sound = container.add_stream(codec, rate=48000)
    sound.layout = "mono"
    for _ in range(30):
      frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
      container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
    size = sound.codec_context.frame_size or 960
    kind = sound.codec_context.format.name
    samples = np.zeros((1, size), np.int16 if "16" in kind else np.int32 if "32" in kind else "f4")
    for begin in range(0, 48000 - size, size):
      frame = av.AudioFrame.from_ndarray(samples, format=kind, layout="mono")
      frame.sample_rate, frame.pts, frame.time_base = 48000, begin, fractions.Fraction(1, 48000)
      container.mux(sound.encode(frame))
    container.mux(sound.encode(None))
  return path


@pytest.mark.parametrize("start", [0.0, 2.5, 4.2])
def test_sound_of_joined_files_stays_in_step(tmp_path, start):
  part = write_with_sound(tmp_path / "part.ts", seconds=3)
  source = tmp_path / "joined.ts"
  source.write_bytes(3 * part.read_bytes())
  one = [time - begin_of(part) for time in clicks(part)]
  expected = [3 * index + time for index in range(3) for time in one]
  assert copy_part(source, tmp_path / "b.mp4", start, 8.5)
  frames = list(open_video(tmp_path / "b.mp4"))
  assert len(frames) == round(30 * (8.5 - start))
  assert frames[-1].time == pytest.approx(8.5 - start - 1 / 30, abs=2e-3)
  heard = clicks(tmp_path / "b.mp4")
  inside = [time - start for time in expected if start + 0.3 < time < 8.2]
  matched = [min(abs(time - other) for other in heard) for time in inside]
  assert len(inside) > 5 and max(matched) < 0.04  # two frames of AAC are lost at a joint


def begin_of(path):
  """Returns the time of the first frame of a file, in seconds."""
  with av.open(str(path)) as container:
    return next(container.decode(video=0)).time


def test_sound_that_fails_later_ends_there(tmp_path, monkeypatch):
  def refuse(until):
    raise av.error.InvalidDataError(1094995529, "Invalid data found when processing input")

  source = write_with_sound(tmp_path / "a.mp4", seconds=2)
  video = open_video(source)
  with write_video(tmp_path / "b.mp4", 30, video.time_base) as writer:
    assert writer.keep_sound(source, 0.0)
    for index, frame in enumerate(video):
      if index == 20:
        monkeypatch.setattr(writer._sound, "packets", refuse)
      writer.write(frame.image, frame.time)
  assert writer.has_lost_sound
  assert len(list(open_video(tmp_path / "b.mp4"))) == 60
