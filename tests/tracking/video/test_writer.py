"""Tests of ppn_tf.tracking.video.writer, with files read back by other readers."""

import fractions

import av
import numpy as np
import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.reader import open_video
from ppn_tf.tracking.video.writer import write_video
from tests.tracking.video.test_reader import encode, grey, picture


@pytest.mark.parametrize("ticks", [[0, 20, 40, 60], [0, 20, 30, 90, 100, 240]])
def test_written_video_keeps_times(tmp_path, ticks):
  source = open_video(encode(tmp_path / "a.mp4", ticks))
  with write_video(tmp_path / "b.mp4", source.fps, source.time_base) as writer:
    for frame in source:
      writer.write(frame.image, frame.time)
  written = open_video(tmp_path / "b.mp4")
  assert [frame.time for frame in written] == [frame.time for frame in source]
  # The last frame is shown for one mean period, rounded where it is uneven; ticks are 1/600 s.
  seconds, bound = ticks[-1] / 600 + 1 / source.fps, 1e-3 if len(ticks) == 6 else 1e-9
  assert len(ticks) / written.fps == pytest.approx(seconds, rel=bound)
  for frame, copy in zip(source, written):
    assert np.abs(frame.image.astype(int) - copy.image).mean() < 4
  with av.open(str(tmp_path / "b.mp4")) as container:
    stream = container.streams.video[0]
    assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")


def test_odd_size_is_padded(tmp_path):
  with write_video(tmp_path / "b.mp4", 30) as writer:
    for index in range(3):
      writer.write(picture(index, (47, 63)), index / 30)
  assert next(iter(open_video(tmp_path / "b.mp4"))).image.shape == (48, 64, 3)


def test_equal_times_are_written_in_order(tmp_path):
  with write_video(tmp_path / "b.mp4", 30) as writer:
    for index, time in enumerate([0.0, 0.1, 0.1, 0.2]):
      writer.write(picture(index), time)
  frames = list(open_video(tmp_path / "b.mp4"))
  assert [round(grey(frame.image)) for frame in frames] == [0, 1, 2, 3]


@pytest.mark.parametrize("frames_before", [0, 3])
def test_unfinished_video_never_appears(tmp_path, frames_before):
  with pytest.raises(RuntimeError):
    with write_video(tmp_path / "b.mp4", 30) as writer:
      for index in range(frames_before):
        writer.write(picture(index), index / 30)
      raise RuntimeError
  assert list(tmp_path.iterdir()) == []


def test_unknown_format(tmp_path):
  with pytest.raises(InputError, match=r"b\.docx: .*\.mp4"):
    with write_video(tmp_path / "b.docx", 30):
      pass
  assert list(tmp_path.iterdir()) == []


RATE = 8000
BEEP_EVERY = 0.5


def write_with_sound(path, seconds=6, codec="aac"):
  """Writes a video of 30 frames per second with a click every half second."""
  samples = np.zeros(seconds * RATE, np.float32)
  samples[:: round(BEEP_EVERY * RATE)] = 0.9
  with av.open(str(path), "w") as container:
    stream = container.add_stream("libx264", rate=30)
    stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
    stream.options = {"g": "15"}
    sound = container.add_stream(codec, rate=RATE)
    sound.layout = "mono"
    for index in range(30 * seconds):
      frame = av.VideoFrame.from_ndarray(picture(index % 30), format="rgb24")
      container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
    size = sound.codec_context.frame_size or 1024
    kind = sound.codec_context.format.name
    for begin in range(0, len(samples) - size, size):
      part = samples[begin : begin + size]
      if kind == "s16":
        part = (part * 32767).astype(np.int16)
      frame = av.AudioFrame.from_ndarray(part[None], format=kind, layout="mono")
      frame.sample_rate, frame.pts = RATE, begin
      frame.time_base = fractions.Fraction(1, RATE)
      container.mux(sound.encode(frame))
    container.mux(sound.encode(None))
  return path


def clicks(path):
  """Returns the times of the clicks in a file."""
  heard = []
  with av.open(str(path)) as container:
    for frame in container.decode(audio=0):
      samples = np.abs(frame.to_ndarray().astype(np.float32).ravel())
      samples /= 32767 if frame.format.name.startswith("s16") else 1.0
      heard += [float(frame.time) + int(at) / RATE for at in np.flatnonzero(samples > 0.3)]
  if not heard:
    return []
  return [heard[0]] + [t for previous, t in zip(heard, heard[1:]) if t - previous > 0.1]


def copy_part(source, target, start, end, every=1):
  video = open_video(source)
  frames = [frame for frame in video.frames(start) if frame.time < end][::every]
  with write_video(target, 30 / every, video.time_base) as writer:
    kept = writer.keep_sound(source, video.origin + frames[0].time)
    for frame in frames:
      writer.write(frame.image, frame.time - frames[0].time)
  return kept


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize(("start", "end"), [(0.0, 6.0), (0.25, 2.0), (3.25, 5.0)])
def test_sound_stays_in_sync(tmp_path, start, end, every):
  source = write_with_sound(tmp_path / "a.mp4")
  original = clicks(source)
  assert len(original) >= 10
  assert copy_part(source, tmp_path / "b.mp4", start, end, every)
  expected = [t - start for t in original if start + 0.2 < t < end - 0.2]
  heard = [t for t in clicks(tmp_path / "b.mp4") if 0.2 < t < end - start - 0.2]
  assert heard == pytest.approx(expected, abs=0.02)
  with av.open(str(tmp_path / "b.mp4")) as container:
    video, sound = container.streams.video[0], container.streams.audio[0]
    lengths = [float(stream.duration * stream.time_base) for stream in (video, sound)]
  assert lengths[1] <= lengths[0] + 0.3
  assert lengths[1] >= min(end, original[-1]) - start - 0.6
  images = [grey(frame.image) for frame in open_video(tmp_path / "b.mp4")]
  assert len(images) == -(-round(30 * (end - start)) // every)


def test_video_without_sound(tmp_path):
  source = encode(tmp_path / "a.mp4", range(0, 200, 20))
  assert not copy_part(source, tmp_path / "b.mp4", 0.0, 9.0)
  assert len(list(open_video(tmp_path / "b.mp4"))) == 10


def test_sound_unsupported_by_the_format(tmp_path):
  source = write_with_sound(
    tmp_path / "a.mkv", codec="wavpack" if "wavpack" in av.codecs_available else "flac"
  )
  assert open_video(source).has_sound
  assert not copy_part(source, tmp_path / "b.mov", 0.0, 9.0)
  assert len(list(open_video(tmp_path / "b.mov"))) == 180
