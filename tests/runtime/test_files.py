"""Tests of ppn_tf.runtime.files: outputs are complete or absent, and unrelated files are kept."""

import os
import pathlib

import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent


def write_folder(folder: pathlib.Path, names: str) -> None:
  folder.mkdir(parents=True, exist_ok=True)
  for name in names.split():
    (folder / name).write_text(name)


def entries(folder: pathlib.Path) -> list:
  return sorted(entry.name for entry in folder.iterdir())


def test_file_appears_complete_in_a_new_folder(tmp_path):
  final = tmp_path / "new" / "scores.json"
  with complete_or_absent(final) as partial:
    assert partial.suffix == ".json"
    partial.write_text("{}")
    assert not final.exists()
  assert final.read_text() == "{}"
  assert entries(final.parent) == ["scores.json"]


def test_file_replaces_an_older_file(tmp_path):
  final = tmp_path / "a.txt"
  final.write_text("old")
  with complete_or_absent(str(final)) as partial:
    partial.write_text("new")
  assert final.read_text() == "new"
  assert entries(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_failure_leaves_nothing(tmp_path, failure):
  with pytest.raises(failure):
    with complete_or_absent(tmp_path / "a.txt") as partial:
      partial.write_text("half")
      raise failure
  assert entries(tmp_path) == []


def test_failure_keeps_the_older_folder(tmp_path):
  final = tmp_path / "records"
  write_folder(final, "old")
  with pytest.raises(ValueError):
    with complete_or_absent(final) as partial:
      write_folder(partial, "old new")
      raise ValueError
  assert entries(final) == ["old"]
  assert entries(tmp_path) == ["records"]


def test_folder_is_replaced_whole(tmp_path):
  final = tmp_path / "records"
  write_folder(final, "features.json shard-0-of-2 shard-1-of-2")
  with complete_or_absent(final) as partial:
    write_folder(partial, "features.json shard-0-of-1")
  assert entries(final) == ["features.json", "shard-0-of-1"]
  assert entries(tmp_path) == ["records"]


def test_empty_folder_is_replaced(tmp_path):
  (tmp_path / "records").mkdir()
  with complete_or_absent(tmp_path / "records") as partial:
    write_folder(partial, "features.json")
  assert entries(tmp_path / "records") == ["features.json"]


def test_folder_with_other_contents_is_kept(tmp_path):
  write_folder(tmp_path / "photos", "holiday.jpg")
  with pytest.raises(InputError, match="holds holiday.jpg"):
    with complete_or_absent(tmp_path / "photos") as partial:
      write_folder(partial, "features.json")
  assert entries(tmp_path / "photos") == ["holiday.jpg"]


def test_writing_nothing_is_an_error_that_keeps_the_older_output(tmp_path):
  write_folder(tmp_path / "records", "features.json")
  with pytest.raises(FileNotFoundError, match="without writing"):
    with complete_or_absent(tmp_path / "records"):
      pass
  assert entries(tmp_path / "records") == ["features.json"]


def test_file_does_not_replace_a_folder_nor_a_folder_a_file(tmp_path):
  write_folder(tmp_path / "folder", "inside")
  (tmp_path / "file").write_text("text")
  with pytest.raises(InputError, match="is a folder"):
    with complete_or_absent(tmp_path / "folder") as partial:
      partial.write_text("text")
  with pytest.raises(InputError, match="is a file"):
    with complete_or_absent(tmp_path / "file") as partial:
      write_folder(partial, "inside")
  assert entries(tmp_path) == ["file", "folder"]
  assert (tmp_path / "file").read_text() == "text"


def test_failed_move_restores_the_older_folder(tmp_path, monkeypatch):
  write_folder(tmp_path / "records", "features.json old")
  with pytest.raises(OSError, match="full"):
    with complete_or_absent(tmp_path / "records") as partial:
      write_folder(partial, "features.json")

      def refuse(self, target):
        raise OSError("disk full")

      monkeypatch.setattr(pathlib.Path, "replace", refuse)
  assert entries(tmp_path / "records") == ["features.json", "old"]


@pytest.mark.parametrize("name", ["", ".", "inner/.."])
def test_working_folder_is_refused(tmp_path, monkeypatch, name):
  write_folder(tmp_path / "inner", "kept")
  monkeypatch.chdir(tmp_path)
  with pytest.raises(InputError, match="working folder"):
    with complete_or_absent(name):
      pytest.fail("the block must not run")
  monkeypatch.chdir(tmp_path / "inner")
  with pytest.raises(InputError, match="working folder"):
    with complete_or_absent(tmp_path):
      pytest.fail("the block must not run")


def test_link_stays_and_its_target_is_replaced(tmp_path):
  target = tmp_path / "store" / "a.txt"
  write_folder(target.parent, "a.txt")
  link = tmp_path / "a.txt"
  link.symlink_to(target)
  with complete_or_absent(link) as partial:
    partial.write_text("new")
  assert link.is_symlink()
  assert target.read_text() == "new"


def test_device_is_written_directly():
  with complete_or_absent(os.devnull) as partial:
    partial.write_text("gone")
  assert pathlib.Path(os.devnull).is_char_device()


def test_unusable_parent_is_an_input_error(tmp_path):
  (tmp_path / "file").write_text("text")
  with pytest.raises(InputError, match="cannot write there"):
    with complete_or_absent(tmp_path / "file" / "a.txt"):
      pytest.fail("the block must not run")
  with pytest.raises(InputError, match="home"):
    with complete_or_absent("~no_such_user_here/a.txt"):
      pytest.fail("the block must not run")
