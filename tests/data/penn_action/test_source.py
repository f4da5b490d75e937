"""Tests of Penn Action's folder through source and records, with skipped clips."""

import tempfile

import pytest
from PIL import Image

from data.builder.account import ClipError
from data.penn_action import dataset
from data.penn_action.source import PennSource
from ppn_tf.clips import records
from ppn_tf.runtime.errors import InputError
from tests.data.penn_action.penn_files import (
  HEIGHT,
  WIDTH,
  label_fields,
  truncate,
  write_clip,
  write_labels,
)


def test_defective_clips_are_skipped_and_named(tmp_path):
  source, out = tmp_path / "penn", tmp_path / "out"
  write_clip(source, "0001", label_fields(3, train=1))
  write_clip(source, "0002", label_fields(4, train=-1))
  truncate(write_clip(source, "0003"))
  write_clip(source, "0004", num_frames=2)
  write_labels(source, "0005", label_fields())
  (source / "frames" / "0006").mkdir()
  (source / "labels" / "0007.mat").write_text("torn")
  Image.new("RGB", (9, 9)).save(write_clip(source, "0008") / "000003.jpg")
  write_clip(source, "0009", label_fields(6, bbox=label_fields(6)["bbox"][:5]))
  folder = write_clip(source, "0010")
  (folder / "000002.jpg").rename(folder / "000009.jpg")
  (source / "labels" / "._0001.mat").write_text("a Mac's shadow of the file")
  (source / "frames" / "0001" / "._000001.jpg").write_text("and another")

  reader = PennSource(source)
  folder = dataset.prepare(reader, str(out))
  assert folder == out / "penn_action" / "1.0.0"
  assert {clip: error.kind for clip, error in reader.account.skipped.items()} == {
    "0003": "unreadable frame",
    "0004": "frames and labels disagree",
    "0005": "no frames",
    "0007": "unreadable labels",
    "0008": "frames of several sizes",
    "0010": "frames and labels disagree",
  }
  assert "0003/000001.jpg" in str(reader.account.skipped["0003"])
  assert "2 frames (.jpg), but the labels have 3" in str(reader.account.skipped["0004"])
  assert dict(reader.account.num_clips) == {"train": 2, "test": 1}
  assert dict(reader.account.num_frames) == {"train": 9, "test": 4}
  summary = reader.account.summarize()
  assert "train: 2 clips, 9 frames" in summary
  assert "short_bbox, 1 clips, 1 in total:\n    0009 (5 boxes for 6 frames)" in summary
  assert "frames without labels, 1:\n    0006" in summary

  builder = records.open_records(out)
  assert records.read_skeleton(builder).name == "penn_action"
  assert builder.info.metadata["skipped"] == ["0003", "0004", "0005", "0007", "0008", "0010"]
  (clip,) = [
    records.parse(builder, example) for example in records.serialized_examples(builder, "test")
  ]
  frames = sorted((source / "frames" / "0002").iterdir())
  assert clip["frames"].numpy().tolist() == [frame.read_bytes() for frame in frames]
  assert clip["image_size"].numpy().tolist() == [HEIGHT, WIDTH]


@pytest.mark.parametrize("late", [False, True])
def test_strict_stops_and_keeps_the_existing_data_set(tmp_path, late):
  source, out = tmp_path / "penn", tmp_path / "out"
  for clip in ("0001", "0002"):
    write_clip(source, clip)
  folder = dataset.prepare(PennSource(source, strict=True), str(out))
  existing = {path.name: path.read_bytes() for path in folder.iterdir()}
  if late:  # found while the records are being written
    truncate(source / "frames" / "0002" / "000001.jpg")
  else:
    (source / "frames" / "0002" / "000003.jpg").unlink()
  with pytest.raises(ClipError, match="0002"):
    dataset.prepare(PennSource(source, strict=True), str(out))
  assert {path.name: path.read_bytes() for path in folder.iterdir()} == existing
  assert list(out.rglob("*")) == [out / "penn_action", folder, *folder.iterdir()]


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch):
  write_clip(tmp_path / "penn", "0001", label_fields(3, train=1))
  temporary = tmp_path / "temporary"
  temporary.mkdir()
  monkeypatch.setattr(tempfile, "tempdir", str(temporary))
  folder = dataset.prepare(PennSource(tmp_path / "penn"), str(tmp_path / "out"))
  assert (folder / "dataset_info.json").exists()
  assert list(temporary.iterdir()) == []


def test_split_without_usable_clips_is_omitted(tmp_path):
  source = tmp_path / "penn"
  truncate(write_clip(source, "0001", label_fields(train=1)))
  write_clip(source, "0002", label_fields(train=-1))
  dataset.prepare(PennSource(source), str(tmp_path / "out"))
  assert list(records.open_records(tmp_path / "out").info.splits) == ["test"]


def test_source_without_usable_clips_is_refused(tmp_path):
  truncate(write_clip(tmp_path / "penn", "0001"))
  with pytest.raises(InputError, match="no clip is usable; the first: .*000001.jpg.*Expected"):
    dataset.prepare(PennSource(tmp_path / "penn"), str(tmp_path / "out"))
  assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "labels only", "no labels"])
def test_source_of_another_layout_is_refused(tmp_path, kind):
  source = tmp_path / "penn"
  if kind == "file":
    source.write_text("")
  elif kind == "empty":
    source.mkdir()
  elif kind == "labels only":
    write_labels(source, "0001", label_fields())
  elif kind == "no labels":
    write_clip(source, "0001")
    (source / "labels" / "0001.mat").unlink()
  with pytest.raises(
    InputError, match="Expected (Penn Action's labels, 0001.mat|frames/0001/000001.jpg)"
  ):
    PennSource(source)
