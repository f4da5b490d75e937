"""Tests of ppn_tf.tracking.video.containers: files that name others, and pictures too large."""

import fractions
import socket
import struct
import zlib

import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.containers import MAX_PIXELS
from ppn_tf.tracking.video.reader import open_video
from ppn_tf.tracking.video.sources import open_source
from tests.tracking.video.test_reader import encode
from tests.tracking.video.test_sources import Pipe

M3U8 = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1.0,\n{}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile '{}'\n"
DASH = (
  '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
  'mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period>'
  '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
  "<BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>"
)
SDP = (
  "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
)


@pytest.fixture(name="server")
def fixture_server():
  with socket.create_server(("127.0.0.1", 0)) as server:
    server.settimeout(0.2)
    yield server


def is_contacted(server):
  try:
    server.accept()[0].close()
  except TimeoutError:
    return False
  except OSError:  # socket.timeout of Python 3.9
    return False
  return True


@pytest.mark.parametrize("name", ["a.m3u8", "a.mp4", "a.txt", "a.mpd", "a.ffconcat", "a.sdp"])
@pytest.mark.parametrize("text", [M3U8, CONCAT, DASH, SDP])
@pytest.mark.parametrize("target", ["file", "address"])
def test_file_cannot_name_others(tmp_path, server, name, text, target):
  port = server.getsockname()[1]
  other = encode(tmp_path / "other.ts", range(0, 100, 20))
  address = f"http://127.0.0.1:{port}/other.ts"
  path = tmp_path / name
  path.write_text(text.format(other.as_uri() if target == "file" else address, port=port))
  with pytest.raises(InputError, match=rf"{name}: .*Give") as caught:
    list(open_video(path))
  assert "\n" not in str(caught.value)
  with pytest.raises(InputError, match="stdin: .*Give"):
    list(open_source("-", standard_input=Pipe(path.read_bytes())))
  assert not is_contacted(server)


def test_name_is_no_pattern(tmp_path):
  for index in range(3):
    encode(tmp_path / f"{index}.png", [0], codec="png", pix_fmt="rgb24")
  with pytest.raises(InputError, match=r"%d\.png: no such file"):
    open_video(tmp_path / "%d.png")
  path = tmp_path / "a%d.mp4"
  assert len(list(open_video(encode(path, [0, 20])))) == 2


def png(width, height, rows=1):
  """Returns a PNG whose header states a size, with only its first rows."""

  def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

  header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
  pixels = zlib.compress(bytes(rows * (1 + 3 * width)))
  chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
  return b"\x89PNG\r\n\x1a\n" + chunks


def test_picture_of_too_many_pixels(tmp_path):
  (tmp_path / "frames").mkdir()
  for path in (tmp_path / "a.png", tmp_path / "frames" / "0.png"):
    path.write_bytes(png(16000, 16000))
    source = path if path.parent == tmp_path else path.parent
    with pytest.raises(InputError, match=r"png: 16000x16000 pixels .*more than.*Scale") as caught:
      list(open_video(source))
    assert "\n" not in str(caught.value)
  (tmp_path / "a.mp4").write_bytes(png(16000, 16000))
  with pytest.raises(InputError, match=r"a\.mp4: "):
    list(open_video(tmp_path / "a.mp4"))


def test_largest_picture_is_read(tmp_path):
  side = int(MAX_PIXELS**0.5)
  (tmp_path / "a.png").write_bytes(png(8, side // 8, side // 8))
  (frame,) = open_video(tmp_path / "a.png")
  assert frame.image.shape == (side // 8, 8, 3)


def test_header_of_a_video_with_too_many_pixels(tmp_path):
  path = encode(tmp_path / "a.avi", [0, 20], codec="mjpeg", pix_fmt="yuvj420p")
  data = bytearray(path.read_bytes())
  size = struct.pack(">HH", 48, 64)
  marker = b"\xff\xc0\x00\x11\x08"  # the frame header of a baseline JPEG
  assert data.count(marker + size) == 2
  path.write_bytes(data.replace(marker + size, marker + struct.pack(">HH", 60000, 60000)))
  with pytest.raises(InputError, match=r"a\.avi: ") as caught:
    list(open_video(path))
  assert "\n" not in str(caught.value)


def test_pixels_stretched_to_too_many(tmp_path):
  path = encode(tmp_path / "a.mkv", [0], (2000, 2400), aspect=fractions.Fraction(20))
  with pytest.raises(InputError, match="a.mkv: 48000x2000 pixels .*more than"):
    list(open_video(path))
