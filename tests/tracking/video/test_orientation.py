"""Tests of the orientation of pictures, in every kind of file that states one."""

import fractions
import io

import av
import numpy as np
import pytest
from PIL import Image

from ppn_tf.tracking.video.orientation import exif_orientation, matrix_orientation
from ppn_tf.tracking.video.reader import open_video
from tests.tracking.video.test_reader import MATRICES, picture

# Colors of the corners of `picture` as shown, by hand: R red, B blue, G gray, in the order
# top-left, top-right, bottom-left, bottom-right. EXIF 2.32, 4.6.4: the stored first row is at the
# top, top, bottom, bottom, left, right, right, left, and the stored first column at the left,
# right, right, left, top, top, bottom, bottom.
CORNERS = dict(enumerate(("RBGG", "BRGG", "GGBR", "GGRB", "RGBG", "GRGB", "GBGR", "BGRG"), 1))


def encoded(orientation, kind):
  """Returns a picture as an image file with an EXIF orientation."""
  exif = Image.Exif()
  exif[0x0112] = orientation
  buffer = io.BytesIO()
  options = {"quality": 95} if kind == "jpeg" else {"lossless": True} if kind == "webp" else {}
  Image.fromarray(picture(10)).save(buffer, kind, exif=exif.tobytes(), **options)
  return buffer.getvalue()


def mux(path, codec, pictures):
  """Writes image files as the frames of a video."""
  with av.open(str(path), "w") as container:
    stream = container.add_stream(codec, rate=25)
    stream.width, stream.height = 64, 48
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "rgb24"
    for index, data in enumerate(pictures):
      packet = av.Packet(data)
      packet.stream, packet.time_base = stream, fractions.Fraction(1, 25)
      packet.pts = packet.dts = index
      packet.is_keyframe = True
      container.mux(packet)
  return path


def corners(image):
  colors = ""
  for corner in (image[6, 6], image[6, -6], image[-6, 6], image[-6, -6]):
    red, _, blue = corner.astype(int)
    colors += "R" if red > blue + 80 else "B" if blue > red + 80 else "G"
  return colors


def check(frame, orientation):
  assert corners(frame.image) == CORNERS[orientation]
  assert frame.image.shape == ((64, 48, 3) if orientation > 4 else (48, 64, 3))
  assert frame.image.flags.c_contiguous


@pytest.mark.parametrize("orientation", list(CORNERS))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_photo_and_folder(tmp_path, kind, orientation):
  path = tmp_path / "frames" / f"0.{kind}"
  path.parent.mkdir()
  path.write_bytes(encoded(orientation, kind))
  video = open_video(path)
  (frame,) = video
  check(frame, orientation)
  assert (frame.time, frame.number, video.damaged) == (0.0, 0, 0)
  if kind != "webp":
    check(next(iter(open_video(path.parent))), orientation)


@pytest.mark.parametrize("orientation", list(CORNERS))
@pytest.mark.parametrize(
  ("codec", "kind", "suffix"),
  [
    ("mjpeg", "jpeg", "avi"),
    ("mjpeg", "jpeg", "mov"),
    ("png", "png", "mov"),
    ("png", "png", "avi"),
  ],
)
def test_frames_of_a_video(tmp_path, codec, kind, suffix, orientation):
  path = mux(tmp_path / f"a.{suffix}", codec, [encoded(orientation, kind)] * 4)
  video = open_video(path)
  frames = list(video)
  assert (len(frames), video.damaged) == (4, 0)
  for frame in frames:
    check(frame, orientation)


def test_orientation_of_each_frame_counts(tmp_path):
  path = mux(tmp_path / "a.avi", "mjpeg", [encoded(value, "jpeg") for value in (1, 2, 4, 3, 1)])
  assert [corners(frame.image) for frame in open_video(path)] == [
    CORNERS[value] for value in (1, 2, 4, 3, 1)
  ]


def test_exif_after_the_pixels_of_a_png(tmp_path):
  data = encoded(6, "png")
  at = data.index(b"eXIf") - 4
  end = at + 12 + int.from_bytes(data[at : at + 4], "big")
  tail = data.index(b"IEND") - 4
  (tmp_path / "a.png").write_bytes(data[:at] + data[end:tail] + data[at:end] + data[tail:])
  check(next(iter(open_video(tmp_path / "a.png"))), 6)


@pytest.mark.parametrize(
  "exif", [None, b"", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff", b"\xff" * 99]
)
def test_invalid_exif_means_upright(exif):
  image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
  np.testing.assert_array_equal(exif_orientation(exif).apply(image), image)


@pytest.mark.parametrize("name", list(MATRICES))
def test_matrix(name):
  (a, b, c, d), expected, size = MATRICES[name]
  matrix = np.array([a, b, 0, c, d, 0, 0, 0, 1], np.int32) << 16
  image = matrix_orientation(matrix.tobytes()).apply(picture(10))
  assert corners(image) == expected
  assert image.shape == (*size, 3)
