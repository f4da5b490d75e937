"""Tests of clips with damaged frames, through all readers of data/."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from data.builder import clip_records
from data.builder.account import ClipError
from data.clips import dataset
from data.clips.source import ClipsSource
from data.penn_action.source import PennSource
from data.sub_jhmdb.source import JhmdbSource
from ppn_tf.clips import records
from ppn_tf.runtime.errors import InputError
from tests.data.clips.own_clips import add, annotations, save, write_frames, write_movie
from tests.data.penn_action import penn_files
from tests.data.sub_jhmdb import jhmdb_files

COUNT = 8


def tear(path: pathlib.Path) -> None:
  path.write_bytes(path.read_bytes()[:-100])


def empty(path: pathlib.Path) -> None:
  path.write_bytes(b"")


def overwrite(path: pathlib.Path) -> None:
  path.write_bytes(b"not a picture" * 50)


def own_clip(folder, numbers, damage=tear, suffix=".jpg"):
  """Writes the only clip of a set, of COUNT frames, and damages some; returns intact contents."""
  frames = write_frames(folder / "walk", COUNT, suffix)
  contents = [(frames / f"{n + 1}{suffix}").read_bytes() for n in range(COUNT)]
  for number in numbers:
    damage(frames / f"{number + 1}{suffix}")
  save(folder, annotations(walk=COUNT))
  return contents


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("damage", [tear, empty, overwrite])
@pytest.mark.parametrize("number", [0, 3, COUNT - 1])
def test_one_frame_of_the_only_clip(tmp_path, suffix, damage, number):
  contents = own_clip(tmp_path, [number], damage, suffix)
  reader = ClipsSource(tmp_path, test_fraction=0)
  ((labels, frames),) = reader.read_clips("train", reader.splits()["train"])
  if number == 3:
    assert frames == [*contents[:3], contents[2], *contents[4:]]
    assert labels.visibility.all(axis=1).tolist() == [n != 3 for n in range(COUNT)]
    assert not labels.visibility[3].any()
  else:
    assert frames == (contents[1:] if number == 0 else contents[:-1])
    assert labels.visibility.all()
    # The nose of frame n is at 20 + n, and the box starts at 10 + n.
    first = 1 if number == 0 else 0
    np.testing.assert_array_equal(labels.keypoints[:, 0, 0], 20 + first + np.arange(COUNT - 1))
    np.testing.assert_array_equal(labels.boxes[:, 0], 10 + first + np.arange(COUNT - 1))
  summary = reader.account.summarize()
  assert "damaged_frames, 1 clips, 1 in total" in summary
  assert f"1 of {COUNT} frames: {tmp_path / 'walk' / f'{number + 1}{suffix}'}: cannot be" in summary
  with pytest.raises(ClipError, match=rf"walk/{number + 1}{suffix}: cannot be decoded"):
    ClipsSource(tmp_path, test_fraction=0, strict=True).read_clip("walk")


def test_several_frames(tmp_path):
  """Damaged frames at an end are left out together; a run inside repeats the last intact one."""
  contents = own_clip(tmp_path, [0, 1, 3, 4, 7])
  labels, frames = ClipsSource(tmp_path, test_fraction=0).read_clip("walk")
  assert frames == [contents[2], contents[2], contents[2], contents[5], contents[6]]
  assert labels.visibility.all(axis=1).tolist() == [True, False, False, True, True]
  (repair,) = labels.repairs
  assert (repair.kind, repair.count) == ("damaged_frames", 5)


def test_a_clip_whose_labelled_frames_are_all_damaged(tmp_path):
  content = annotations()
  write_frames(tmp_path / "walk", 3)
  for frame in (0, 2):
    add(content, "walk", frame)
    tear(tmp_path / "walk" / f"{frame + 1}.jpg")
  save(tmp_path, content)
  with pytest.raises(ClipError, match="walk/1.jpg: cannot be decoded"):
    ClipsSource(tmp_path).read_clip("walk")


def test_records_name_the_clip_and_a_strict_run_refuses_them(tmp_path):
  source = tmp_path / "mine"
  contents = own_clip(source, [3])
  folder = dataset.prepare(ClipsSource(source, test_fraction=0), str(tmp_path / "out"), "mine")
  builder = records.open_records(folder)
  assert builder.info.metadata["damaged"] == ["walk"]
  (clip,) = [
    records.parse(builder, example) for example in records.serialized_examples(builder, "train")
  ]
  assert clip["frames"].numpy().tolist() == [*contents[:3], contents[2], *contents[4:]]
  clip_records.keep(folder, ClipsSource(source, test_fraction=0))
  with pytest.raises(InputError, match="lacks damaged frames of walk. Add --overwrite"):
    clip_records.keep(folder, ClipsSource(source, test_fraction=0, strict=True))


def test_penn_action(tmp_path):
  folder = penn_files.write_clip(tmp_path, "0001", penn_files.label_fields(5))
  contents = [path.read_bytes() for path in sorted(folder.iterdir())]
  for number in (3, 5):
    tear(folder / f"{number:06d}.jpg")
  labels, frames = PennSource(tmp_path).read_clip("0001")
  assert frames == [contents[0], contents[1], contents[1], contents[3]]
  assert labels.visibility.all(axis=1).tolist() == [True, True, False, True] and labels.train
  with pytest.raises(ClipError, match="000003.jpg"):
    PennSource(tmp_path, strict=True).read_clip("0001")


def test_sub_jhmdb(tmp_path):
  jhmdb_files.write_clip(tmp_path, "catch", "a1")
  jhmdb_files.write_list(tmp_path, "catch", 1, ["a1.avi 1"])
  frames = tmp_path / "Rename_Images" / "catch" / "a1"
  contents = [path.read_bytes() for path in sorted(frames.iterdir())]
  tear(frames / "00002.png")
  labels, read = JhmdbSource(tmp_path, 1).read_clip("catch/a1")
  assert read == [contents[0], contents[0], *contents[2:]]
  assert not labels.visibility[1].any() and labels.visibility[2].any()


def test_a_video_that_ends_too_early(tmp_path):
  """Frames up to the damage stay, unless it comes before the first label."""
  movie = write_movie(tmp_path / "film.mp4", 30)
  save(tmp_path, annotations(**{"film.mp4": 30}))
  whole, frames = ClipsSource(tmp_path).read_clip("film.mp4")
  assert whole.num_frames == 30
  movie.write_bytes(movie.read_bytes()[: -movie.stat().st_size // 4])
  labels, kept = ClipsSource(tmp_path).read_clip("film.mp4")
  assert 5 < labels.num_frames < 30 and kept == frames[: labels.num_frames]
  assert labels.visibility.all() and [repair.kind for repair in labels.repairs] == [
    "damaged_frames"
  ]
  with pytest.raises(ClipError, match="film.mp4: damaged after"):
    ClipsSource(tmp_path, strict=True).read_clip("film.mp4")
  content = annotations()
  add(content, "film.mp4", 29)
  save(tmp_path, content)
  with pytest.raises(ClipError, match="film.mp4: damaged after"):
    ClipsSource(tmp_path).read_clip("film.mp4")


def test_frames_of_another_size_are_not_damage(tmp_path):
  own_clip(tmp_path, [])
  Image.new("RGB", (9, 9)).save(tmp_path / "walk" / "3.jpg")
  with pytest.raises(ClipError, match="9x9, but the clip's first frame"):
    ClipsSource(tmp_path).read_clip("walk")
