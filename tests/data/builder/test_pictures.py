"""Tests of pictures that EXIF rotates, and of pictures with too many pixels, in all readers."""

import io
import pathlib
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from data.builder import pictures
from data.builder.account import ClipError
from data.clips import dataset
from data.clips.source import ClipsSource
from data.penn_action.source import PennSource
from data.pseudo_label import sources
from data.sub_jhmdb.source import JhmdbSource
from ppn_tf.clips import records
from ppn_tf.tracking.video import containers
from tests.data.clips.own_clips import HEIGHT, WIDTH, annotations, save
from tests.data.penn_action import penn_files
from tests.data.sub_jhmdb import jhmdb_files

# A camera that stored the upright picture U in orientation N stored these pixels (EXIF 2.32,
# 4.6.4 A: the visual top and left side of U by row 0 and column 0 of the file).
STORED = {
  1: lambda upright: upright,
  2: lambda upright: upright[:, ::-1],
  3: lambda upright: upright[::-1, ::-1],
  4: lambda upright: upright[::-1],
  5: lambda upright: upright.transpose(1, 0, 2),
  6: lambda upright: upright.transpose(1, 0, 2)[::-1],
  7: lambda upright: upright.transpose(1, 0, 2)[::-1, ::-1],
  8: lambda upright: upright.transpose(1, 0, 2)[:, ::-1],
}
RED, GREEN, BLUE = (250, 20, 20), (20, 250, 20), (20, 20, 250)


def upright_picture(height=HEIGHT, width=WIDTH) -> np.ndarray:
  """Returns gray with a red top left, a green top right and a blue bottom left corner."""
  image = np.full((height, width, 3), 120, np.uint8)
  image[:16, :16], image[:16, -16:], image[-16:, :16] = RED, GREEN, BLUE
  return image


def write(path: pathlib.Path, orientation: int, image=None, **options) -> pathlib.Path:
  image = upright_picture() if image is None else image
  exif = Image.Exif()
  exif[0x0112] = orientation
  stored = np.ascontiguousarray(STORED.get(orientation, STORED[1])(image))
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(stored).save(path, exif=exif, **options)
  return path


def decode(encoded: bytes) -> np.ndarray:
  return records.decode_frames(np.array([encoded], object)).numpy()[0]


def assert_upright(encoded: bytes, size, image=None) -> None:
  """Expects TensorFlow, which ignores EXIF, to decode the upright picture."""
  image = upright_picture() if image is None else image
  assert size == image.shape[:2]
  decoded = decode(encoded)
  assert decoded.shape == image.shape
  assert np.abs(decoded.astype(float) - image).mean() < 6
  # A second reading changes nothing: no orientation is left.
  again = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
  assert np.abs(again.astype(float) - decoded).mean() < 1


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations(tmp_path, orientation, suffix):
  path = write(tmp_path / f"a{suffix}", orientation)
  # The file itself is right: OpenCV, another implementation, shows the upright picture.
  seen = cv2.imread(str(path))[..., ::-1]
  assert np.abs(seen.astype(float) - upright_picture()).mean() < 6
  encoded, size = pictures.read_picture(path)
  assert_upright(encoded, size)
  assert (encoded == path.read_bytes()) == (orientation == 1)
  if suffix == ".png":
    decoded = decode(encoded)
    np.testing.assert_array_equal(decoded, upright_picture())
  np.testing.assert_allclose(pictures.read_pixels(path), seen)


@pytest.mark.parametrize("orientation", [0, 9, 1000])
def test_invalid_orientations_are_upright(tmp_path, orientation):
  path = write(tmp_path / "a.jpg", orientation)
  assert pictures.read_picture(path) == (path.read_bytes(), (HEIGHT, WIDTH))


def test_damaged_exif_is_ignored(tmp_path, recwarn):
  for number, exif in enumerate(
    (b"Exif\0\0", b"Exif\0\0MM\0*\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff")
  ):
    path = tmp_path / f"{number}.jpg"
    Image.fromarray(upright_picture()).save(path, exif=exif)
    recwarn.clear()
    assert pictures.read_picture(path) == (path.read_bytes(), (HEIGHT, WIDTH))
    assert [str(warning.message) for warning in recwarn.list] == []


def test_exif_after_the_pixels_of_a_png(tmp_path):
  path = write(tmp_path / "a.png", 6)
  data = path.read_bytes()
  start = data.index(b"eXIf") - 4
  end = start + 12 + struct.unpack(">I", data[start : start + 4])[0]
  last = data.index(b"IEND") - 4
  path.write_bytes(data[:start] + data[end:last] + data[start:end] + data[last:])
  assert_upright(*pictures.read_picture(path))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA"])
def test_other_modes(tmp_path, mode):
  exif = Image.Exif()
  exif[0x0112] = 6
  stored = Image.fromarray(np.ascontiguousarray(STORED[6](upright_picture()))).convert(mode)
  stored.save(tmp_path / "a.png", exif=exif)
  encoded, size = pictures.read_picture(tmp_path / "a.png")
  gray = np.asarray(stored.convert("RGB"))[::-1].transpose(1, 0, 2)
  assert_upright(encoded, size, gray)


def test_a_picture_of_several_as_phones_write_it(tmp_path):
  path = tmp_path / "a.jpg"
  first, second = (Image.fromarray(upright_picture()) for _ in range(2))
  first.save(path, "MPO", save_all=True, append_images=[second])
  encoded, size = pictures.read_picture(path)
  assert encoded == path.read_bytes()
  decoded = decode(encoded)
  assert decoded.shape == (*size, 3) == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_own_clips(tmp_path, orientation):
  """Labels and their sizes are those of the upright picture."""
  for number in range(3):
    write(tmp_path / "mine" / "walk" / f"{number}.jpg", orientation)
  content = annotations(walk=3)
  for image in content["images"]:
    image.update(height=HEIGHT, width=WIDTH)
  save(tmp_path / "mine", content)
  reader = ClipsSource(tmp_path / "mine", test_fraction=0)
  builder = records.open_records(dataset.prepare(reader, str(tmp_path / "out"), "mine"))
  (clip,) = [
    records.parse(builder, example) for example in records.serialized_examples(builder, "train")
  ]
  assert clip["image_size"].numpy().tolist() == [HEIGHT, WIDTH]
  for frame in clip["frames"].numpy():
    assert_upright(frame, (HEIGHT, WIDTH))
  assert clip["keypoints"].numpy()[0, 0].tolist() == [20, 5]
  turned = "turned_frames, 1 clips, 3 in total" in reader.account.summarize()
  assert turned == (orientation != 1)


def test_frames_with_different_orientations_make_a_clip(tmp_path):
  for number, orientation in enumerate((1, 3, 6)):
    write(tmp_path / "walk" / f"{number}.jpg", orientation)
  save(tmp_path, annotations(walk=3))
  labels, frames = ClipsSource(tmp_path).read_clip("walk")
  assert labels.image_size == (HEIGHT, WIDTH)
  for frame in frames:
    assert_upright(frame, (HEIGHT, WIDTH))


def test_labels_of_the_stored_sideways_picture_are_refused(tmp_path):
  write(tmp_path / "walk" / "0.jpg", 6)
  content = annotations(walk=1)
  content["images"][0].update(height=WIDTH, width=HEIGHT)
  save(tmp_path, content)
  with pytest.raises(ClipError, match="frames are 48x64 .height x width., but .* for 64x48"):
    ClipsSource(tmp_path).read_clip("walk")


def test_penn_action_and_sub_jhmdb(tmp_path):
  image = upright_picture(penn_files.HEIGHT, penn_files.WIDTH)
  folder = penn_files.write_clip(tmp_path / "penn", "0001")
  for path in folder.iterdir():
    write(path, 8, image)
  labels, frames = PennSource(tmp_path / "penn").read_clip("0001")
  assert_upright(frames[0], labels.image_size, image)
  image = upright_picture(jhmdb_files.HEIGHT, jhmdb_files.WIDTH)
  for path in jhmdb_files.write_clip(tmp_path / "jhmdb", "catch", "a1").iterdir():
    write(path, 5, image)
  jhmdb_files.write_list(tmp_path / "jhmdb", "catch", 1, ["a1.avi 1"])
  labels, frames = JhmdbSource(tmp_path / "jhmdb", 1).read_clip("catch/a1")
  assert_upright(frames[0], labels.image_size, image)


def write_bomb(path: pathlib.Path, side: int) -> None:
  """Writes a PNG of one color; its rows are packed to a thousandth."""

  def chunk(kind: bytes, content: bytes) -> bytes:
    end = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + end

  packer = zlib.compressobj(9)
  rows = b"".join(packer.compress(b"\0" + b"\x7f" * (3 * side)) for _ in range(side))
  header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_bytes(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", header)
    + chunk(b"IDAT", rows + packer.flush())
    + chunk(b"IEND", b"")
  )


def write_header(path: pathlib.Path, width: int, height: int) -> None:
  """Writes a PNG that says its size, and has no pixels."""
  buffer = io.BytesIO()
  Image.new("RGB", (8, 8)).save(buffer, "PNG")
  data = bytearray(buffer.getvalue())
  data[16:24] = struct.pack(">II", width, height)
  data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_bytes(bytes(data))


@pytest.mark.parametrize("size", [(16000, 16000), (9460, 9460), (100_000, 1000)])
@pytest.mark.parametrize("read", [pictures.read_picture, pictures.read_pixels])
def test_too_many_pixels(tmp_path, size, read, recwarn):
  write_header(tmp_path / "a.png", *size)
  with pytest.raises(ClipError, match="a.png: .*more than 89,478,485.*Scale it down") as caught:
    read(tmp_path / "a.png")
  assert caught.value.kind == "too many pixels" and "\n" not in str(caught.value)
  assert not recwarn.list


def test_a_bomb_is_not_decoded_by_any_reader(tmp_path, monkeypatch):
  """A PNG of 100 x 100 pixels stands for a larger one: the limit is lowered."""
  monkeypatch.setattr(containers, "MAX_PIXELS", 99 * 100)
  write_bomb(tmp_path / "mine" / "walk" / "1.png", 100)
  save(tmp_path / "mine", annotations(walk=1))
  for path in penn_files.write_clip(tmp_path / "penn", "0001").iterdir():
    Image.new("RGB", (100, 100)).save(path)
  for path in jhmdb_files.write_clip(tmp_path / "jhmdb", "catch", "a1").iterdir():
    write_bomb(path, 100)
  jhmdb_files.write_list(tmp_path / "jhmdb", "catch", 1, ["a1.avi 1"])
  photograph = sources.Source(tmp_path / "mine" / "walk" / "1.png", "photograph")
  for read in (
    lambda: ClipsSource(tmp_path / "mine").read_clip("walk"),
    lambda: PennSource(tmp_path / "penn").read_clip("0001"),
    lambda: JhmdbSource(tmp_path / "jhmdb", 1).read_clip("catch/a1"),
    lambda: list(sources.make_clips(photograph, None, sources.Cutting())),
  ):
    with pytest.raises(ClipError, match=r"100x100 pixels .width x height., more than 9,900"):
      read()


def test_a_video_with_too_many_pixels(tmp_path, monkeypatch):
  from tests.data.clips.own_clips import write_movie

  write_movie(tmp_path / "film.mp4", 3)
  save(tmp_path, annotations(**{"film.mp4": 3}))
  assert ClipsSource(tmp_path).read_clip("film.mp4")
  monkeypatch.setattr(containers, "MAX_PIXELS", HEIGHT * WIDTH - 1)
  with pytest.raises(ClipError, match="film.mp4: 64x48 pixels"):
    ClipsSource(tmp_path).read_clip("film.mp4")
  video = sources.Source(tmp_path / "film.mp4", "film")
  with pytest.raises(ClipError, match="film.mp4: 64x48 pixels"):
    list(sources.make_clips(video, None, sources.Cutting()))
