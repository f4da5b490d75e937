"""Tests of ppn_tf.tracking.video.pictures: shapes and tones that a player shows."""

from fractions import Fraction

import av
import numpy as np
import pytest

from ppn_tf.tracking.video import tone_mapping
from ppn_tf.tracking.video.reader import open_video
from tests.tracking.video.test_reader import encode, picture


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize(
  ("aspect", "width"), [(Fraction(2), 128), (Fraction(1, 2), 32), (Fraction(1), 64)]
)
def test_pixels_become_square(tmp_path, suffix, aspect, width):
  video = open_video(encode(tmp_path / f"a.{suffix}", [0, 20, 40], aspect=aspect))
  for frame in video:
    assert frame.image.shape == (48, width, 3)
    red, blue = frame.image[8, width // 4].astype(int), frame.image[8, -width // 4].astype(int)
    assert red[0] > red[2] + 80 and blue[2] > blue[0] + 80


def joined(path, sizes, aspects=()):
  """Joins videos of several sizes, 5 frames each."""
  parts = []
  for index, size in enumerate(sizes):
    aspect = aspects[index] if aspects else None
    part = path.parent / f"{index}.ts"
    parts.append(encode(part, range(5), size, time_base=(1, 30), bf="0", aspect=aspect))
  path.write_bytes(b"".join(part.read_bytes() for part in parts))
  return path


@pytest.mark.parametrize("second", [(96, 128), (24, 32), (64, 48), (48, 96)])
def test_size_that_changes(tmp_path, second):
  video = open_video(joined(tmp_path / "a.ts", [(48, 64), second]))
  frames = list(video)
  assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
  assert len(frames) == 10
  zoom = min(48 / second[0], 64 / second[1])
  height, width = round(zoom * second[0]), round(zoom * second[1])
  top, left = (48 - height) // 2, (64 - width) // 2
  image = frames[-1].image.astype(int)
  inside = image[top : top + height, left : left + width]
  np.testing.assert_allclose(inside[height // 8, width // 8], (200, 30, 30), atol=16)
  np.testing.assert_allclose(inside[height // 8, -width // 8], (30, 30, 200), atol=16)
  image[top : top + height, left : left + width] = 0
  assert image.max() == 0


def test_shape_of_pixels_that_changes(tmp_path):
  path = joined(tmp_path / "a.ts", [(48, 64), (48, 64)], [Fraction(1), Fraction(2)])
  frames = list(open_video(path))
  assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
  assert frames[2].image[2].max() > 100
  assert frames[-1].image[:11].max() < 30  # 128 x 48 fitted into 64 x 48
  assert frames[-1].image[14:34].max() > 100


# ITU-R BT.2408-7, table 1: luminance, and its signals in PQ and HLG.
TONES = [(26.0, 0.38, 0.38), (203.0, 0.58, 0.75)]


@pytest.mark.parametrize(("light", "pq", "hlg"), TONES)
def test_light_of_signals(light, pq, hlg):
  np.testing.assert_allclose(tone_mapping.pq_to_light(np.array(pq)), light, rtol=0.02)
  np.testing.assert_allclose(tone_mapping.light_to_pq(np.array(light)), pq, atol=0.002)
  grays = tone_mapping.hlg_to_light(np.full(3, hlg))
  np.testing.assert_allclose(grays, light, rtol=0.02)


def test_compression():
  dark = np.linspace(0.0, 85.0, 10)
  np.testing.assert_allclose(tone_mapping.compress(dark), dark, rtol=1e-6, atol=1e-6)
  bright = tone_mapping.compress(np.linspace(90.0, 1000.0, 50))
  assert (np.diff(bright) > 0).all()
  np.testing.assert_allclose(bright[-1], 203.0, rtol=1e-6)
  np.testing.assert_allclose(tone_mapping.compress(np.array(10000.0)), 203.0, rtol=1e-6)


def hdr(path, color, transfer):
  """Writes frames of one color, R'G'B' in 0..1, with 10 bits in BT.2020."""
  red, green, blue = color
  luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue  # BT.2100, table 6
  chroma = (blue - luma) / 1.8814, (red - luma) / 1.4746
  planes = [64 + 876 * luma, *(512 + 896 * value for value in chroma)]  # table 9
  with av.open(str(path), "w") as container:
    stream = container.add_stream("ffv1", rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p10le"
    codec = stream.codec_context
    codec.color_trc, codec.color_primaries, codec.colorspace, codec.color_range = transfer, 9, 9, 1
    for index in range(2):
      frame = av.VideoFrame(64, 48, "yuv420p10le")
      for plane, value in zip(frame.planes, planes):
        plane.update(np.full(plane.buffer_size // 2, round(value), "<u2").tobytes())
      frame.pts = index
      container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
  return path


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_hdr_is_shown_as_on_an_sdr_display(tmp_path, transfer):
  code, place = (16, 1) if transfer == "pq" else (18, 2)

  def shown(color):
    frame = next(iter(open_video(hdr(tmp_path / "a.mkv", color, code))))
    return frame.image[20, 20].astype(int)

  # BT.1886: 26 of 203 cd/m^2 is (26 / 203)^(1 / 2.4) = 0.425 of white.
  np.testing.assert_allclose(shown([TONES[0][place]] * 3), 108, atol=5)
  assert 215 <= shown([TONES[1][place]] * 3).min() <= 250
  assert shown([1.0] * 3).min() >= 240
  np.testing.assert_allclose(shown([0.0] * 3), 0, atol=1)


def test_hdr_colors(tmp_path):
  # BT.2407, 2.2: the red of BT.709 in BT.2020, here with 60 cd/m^2 in its red channel.
  light = 60 * np.array([0.6274, 0.0691, 0.0164])
  path = hdr(tmp_path / "a.mkv", tone_mapping.light_to_pq(light), 16)
  red, green, blue = next(iter(open_video(path))).image[20, 20].astype(int)
  assert abs(red - 255 * (60 / 203) ** (1 / 2.4)) < 10
  assert max(green, blue) < 24


def test_sdr_keeps_its_tones(tmp_path):
  image = picture(3)
  np.testing.assert_array_equal(tone_mapping.to_sdr(image, 1), image)
  assert tone_mapping.to_sdr(image, 2) is image
