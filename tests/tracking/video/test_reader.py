"""Tests of ppn_tf.tracking.video.reader on intact and damaged files."""

import fractions
import struct

import av
import cv2
import numpy as np
import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.reader import open_video

SIZE = (48, 64)


def picture(index, size=SIZE):
  """Returns a gray image that encodes an index; red at the top left, blue at the top right."""
  height, width = size
  image = np.full((height, width, 3), (60 + 5 * index) % 256, np.uint8)
  image[: height // 2, : width // 2] = (200, 30, 30)
  image[: height // 2, width // 2 :] = (30, 30, 200)
  return image


def encode(path, ticks, size=SIZE, codec="libx264", noise=False, time_base=(1, 600), **options):
  """Writes a picture for each tick with PyAV; times are ticks * time_base."""
  base = fractions.Fraction(*time_base)
  generator = np.random.default_rng(0)
  with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
    stream = container.add_stream(codec, rate=30)
    stream.height, stream.width = size
    stream.pix_fmt = "yuv444p" if size[0] % 2 or size[1] % 2 else "yuv420p"
    stream.options = {"g": "10", **options}
    stream.codec_context.time_base = base
    for index, tick in enumerate(ticks):
      image = picture(index, size)
      if noise:
        image = generator.integers(0, 255, image.shape, dtype=np.uint8)
      frame = av.VideoFrame.from_ndarray(image, format="rgb24")
      frame.pts, frame.time_base = tick, base
      container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
  return path


def grey(image):
  """Returns the index encoded by `picture`."""
  return (float(image[-8:, 8:-8].mean()) - 60) / 5


def test_frames_and_times(tmp_path):
  video = open_video(encode(tmp_path / "a.mp4", range(0, 240, 20)))
  frames = list(video)
  assert video.fps == pytest.approx(30)
  assert (video.num_frames, video.damaged) == (12, 0)
  assert all(frame.image.shape == (48, 64, 3) for frame in frames)
  assert all(frame.image.dtype == np.uint8 for frame in frames)
  np.testing.assert_allclose([frame.time for frame in frames], np.arange(12) / 30, atol=1e-9)
  np.testing.assert_allclose([grey(frame.image) for frame in frames], np.arange(12), atol=0.6)
  np.testing.assert_allclose(frames[0].image[8, 8], (200, 30, 30), atol=12)


def test_video_can_be_read_twice(tmp_path):
  video = open_video(encode(tmp_path / "a.mp4", range(0, 100, 20)))
  assert [frame.time for frame in video] == [frame.time for frame in video]


def test_variable_frame_rate(tmp_path):
  ticks = [0, 20, 30, 90, 100, 240]
  video = open_video(encode(tmp_path / "a.mp4", ticks))
  np.testing.assert_allclose([f.time for f in video], np.array(ticks) / 600, atol=1e-9)


def test_times_begin_at_zero(tmp_path):
  video = open_video(encode(tmp_path / "a.mkv", range(600, 700, 20)))
  np.testing.assert_allclose([f.time for f in video], np.arange(5) / 30, atol=1e-3)


@pytest.mark.parametrize("size", [(47, 63), (48, 63), (33, 64)])
def test_odd_sizes(tmp_path, size):
  frames = list(open_video(encode(tmp_path / "a.mp4", [0, 20, 40], size)))
  assert [frame.image.shape for frame in frames] == [(*size, 3)] * 3


def test_colon_in_the_name(tmp_path, monkeypatch):
  encode(tmp_path / "file:a b.mp4", [0, 20])
  monkeypatch.chdir(tmp_path)
  assert len(list(open_video("file:a b.mp4"))) == 2


# Display matrices (a, b, c, d): a stored pixel (p, q) is shown at (ap + cq, bp + dq).
# Corner colors by hand: R red, B blue, G gray, in the order
# top-left, top-right, bottom-left, bottom-right; stored, they are R B G G.
MATRICES = {
  "upright": ((1, 0, 0, 1), "RBGG", (48, 64)),
  "clockwise": ((0, 1, -1, 0), "GRGB", (64, 48)),
  "counterclockwise": ((0, -1, 1, 0), "BGRG", (64, 48)),
  "upside_down": ((-1, 0, 0, -1), "GGBR", (48, 64)),
  "mirrored": ((-1, 0, 0, 1), "BRGG", (48, 64)),
  "flipped": ((1, 0, 0, -1), "GGRB", (48, 64)),
  "transposed": ((0, 1, 1, 0), "RGBG", (64, 48)),
  "mirrored_clockwise": ((0, -1, -1, 0), "GBGR", (64, 48)),
}


@pytest.mark.parametrize("name", list(MATRICES))
def test_display_matrix(tmp_path, name):
  (a, b, c, d), corners, size = MATRICES[name]
  path = encode(tmp_path / "a.mp4", [0, 20])
  data = bytearray(path.read_bytes())
  at = data.index(b"tkhd") + 44  # the matrix in a version 0 track header, 16.16 fixed point
  x, y = (64 if a < 0 else 48 if c < 0 else 0), (48 if d < 0 else 64 if b < 0 else 0)
  unit = 1 << 16
  data[at : at + 36] = struct.pack(
    ">9i", a * unit, b * unit, 0, c * unit, d * unit, 0, x * unit, y * unit, 1 << 30
  )
  path.write_bytes(data)
  image = next(iter(open_video(path))).image
  assert image.shape == (*size, 3)
  assert image.flags.c_contiguous
  colors = ""
  for corner in (image[6, 6], image[6, -6], image[-6, 6], image[-6, -6]):
    red, _, blue = corner.astype(int)
    colors += "R" if red > blue + 80 else "B" if blue > red + 80 else "G"
  assert colors == corners


def test_missing_file(tmp_path):
  with pytest.raises(InputError, match="gone.mp4: no such file"):
    open_video(tmp_path / "gone.mp4")


@pytest.mark.parametrize("content", [b"", b"this is not a video\n" * 100, b"\0" * 5000])
def test_not_a_video(tmp_path, content):
  path = tmp_path / "a.mp4"
  path.write_bytes(content)
  with pytest.raises(InputError, match=r"a\.mp4: not a video.*Give") as caught:
    open_video(path)
  assert "\n" not in str(caught.value)


def test_text_file_is_not_a_video(tmp_path):
  path = tmp_path / "notes.txt"
  path.write_text("FFmpeg would show this as a terminal's screen\n" * 50)
  with pytest.raises(InputError, match="notes.txt"):
    open_video(path)


def test_metadata_that_is_not_utf_8(tmp_path):
  path = encode(tmp_path / "a.mp4", range(0, 240, 20))
  content = path.read_bytes()
  assert content.count(b"Lavf") == 1  # the tag of the encoder
  path.write_bytes(content.replace(b"Lavf", b"\xff\xfe\xe9\xe8"))
  assert len(list(open_video(path))) == 12


def test_audio_without_video(tmp_path):
  path = tmp_path / "song.m4a"
  with av.open(str(path), "w") as container:
    stream = container.add_stream("aac", rate=44100)
    silence = np.zeros((1, 1024), np.float32)
    frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
    frame.sample_rate = 44100
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
  with pytest.raises(InputError, match="no video stream"):
    open_video(path)


def test_truncated_index(tmp_path):
  data = encode(tmp_path / "a.mp4", range(0, 600, 20)).read_bytes()
  path = tmp_path / "cut.mp4"
  path.write_bytes(data[: data.index(b"moov") + 100])
  with pytest.raises(InputError, match="cut.mp4"):
    list(open_video(path))


@pytest.fixture(name="noisy", scope="module")
def fixture_noisy(tmp_path_factory):
  """Writes 30 frames of incompressible noise, so that damage hits some of them."""
  path = tmp_path_factory.mktemp("noisy") / "a.mp4"
  return encode(path, range(0, 600, 20), noise=True)


def test_truncated_end(noisy, tmp_path):
  data = noisy.read_bytes()
  path = tmp_path / "cut.mp4"
  path.write_bytes(data[: len(data) * 6 // 10])
  video = open_video(path)
  frames = list(video)
  assert 5 <= len(frames) <= 25
  assert video.damaged == 30 - len(frames)
  whole = [frame.image for frame in open_video(noisy)]
  for frame in frames:  # no frame is half decoded
    assert np.array_equal(frame.image, whole[round(frame.time * 30)])
  with pytest.raises(InputError, match="cut.mp4: damaged after"):
    list(open_video(path, strict=True))


@pytest.mark.parametrize("filler", [b"\xff", b"\0"])
def test_damage_in_the_middle(noisy, tmp_path, filler):
  data = bytearray(noisy.read_bytes())
  for at in (len(data) // 3, len(data) // 2):
    data[at : at + 3000] = filler * 3000
  path = tmp_path / "damaged.mp4"
  path.write_bytes(data)
  video = open_video(path)
  times = [frame.time for frame in video]
  assert 20 <= len(times) < 30
  assert video.damaged == 30 - len(times)
  assert times[-1] == pytest.approx(29 / 30)
  with pytest.raises(InputError, match="damaged.mp4: damaged after"):
    list(open_video(path, strict=True))


def test_folder_of_images(tmp_path):
  for index in range(12):
    cv2.imwrite(str(tmp_path / f"{index}.png"), cv2.cvtColor(picture(index), cv2.COLOR_RGB2BGR))
  (tmp_path / "notes.txt").write_text("no frame")
  (tmp_path / "._0.png").write_text("no frame either")
  video = open_video(tmp_path, fps=25)
  frames = list(video)
  assert (video.num_frames, video.fps, video.damaged) == (12, 25, 0)
  for index, frame in enumerate(frames):  # 2.png before 10.png
    assert np.array_equal(frame.image, picture(index))
    assert frame.time == pytest.approx(index / 25)


def test_damaged_image(tmp_path):
  for index in range(3):
    cv2.imwrite(str(tmp_path / f"{index}.jpg"), picture(index))
  (tmp_path / "1.jpg").write_bytes(b"junk")
  video = open_video(tmp_path)
  assert [frame.time for frame in video] == pytest.approx([0, 2 / 30])
  assert video.damaged == 1
  with pytest.raises(InputError, match="1.jpg: damaged"):
    list(open_video(tmp_path, strict=True))


def test_images_of_different_sizes(tmp_path):
  cv2.imwrite(str(tmp_path / "0.png"), picture(0))
  cv2.imwrite(str(tmp_path / "1.png"), picture(1, (20, 30)))
  with pytest.raises(InputError, match="1.png: 30x20 pixels"):
    list(open_video(tmp_path))


def test_folder_without_images(tmp_path):
  with pytest.raises(InputError, match="no .jpg or .png"):
    open_video(tmp_path)


def test_reading_from_a_start_time(tmp_path):
  video = open_video(encode(tmp_path / "a.mp4", range(0, 6000, 20)))  # 300 frames, 10 s
  for start in (0.5, 3.0, 7.77):
    frames = list(video.frames(start))
    first = int(np.ceil(start * 30 - 1e-6))
    np.testing.assert_allclose([f.time for f in frames], np.arange(first, 300) / 30, atol=1e-6)
    assert video.damaged == 0
    whole = [f.image for _, f in zip(range(first + 2), video)]
    np.testing.assert_array_equal(frames[0].image, whole[first])
  assert list(video.frames(11.0)) == []


def test_start_time_with_an_offset_of_timestamps(tmp_path):
  video = open_video(encode(tmp_path / "a.mkv", range(3000, 6000, 20)))
  times = [f.time for f in video.frames(3.0)]
  np.testing.assert_allclose(times, np.arange(90, 150) / 30, atol=2e-3)
  assert video.origin == pytest.approx(5.0, abs=2e-3)


def test_images_from_a_start_time(tmp_path):
  for index in range(5):
    cv2.imwrite(str(tmp_path / f"{index}.png"), picture(index))
  frames = list(open_video(tmp_path, fps=10).frames(0.2))
  assert [(frame.time, frame.name) for frame in frames] == [
    (pytest.approx(index / 10), f"{index}.png") for index in (2, 3, 4)
  ]
