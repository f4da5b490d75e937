"""Tests of the videos that patterns, folders and lists name."""

import os
import pathlib

import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.bulk.inputs import find_videos


@pytest.fixture(name="folder")
def fixture_folder(tmp_path, monkeypatch):
  for name in ("b/10.mp4", "b/2.mp4", "b/notes.md", "b/deep/1.MOV", "images/1.png", "a.mkv"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
  monkeypatch.chdir(tmp_path)
  return tmp_path


def names(*arguments):
  return [path.as_posix() for path in find_videos(arguments)]


def test_patterns_and_folders_have_natural_order(folder):
  assert names("b/*.mp4") == ["b/2.mp4", "b/10.mp4"]
  assert names("b") == ["b/2.mp4", "b/10.mp4", "b/deep/1.MOV"]
  assert names("**/*.m[pk][4v]") == ["a.mkv", "b/2.mp4", "b/10.mp4"]


def test_folder_of_images_is_one_video(folder):
  assert names("images", "a.mkv") == ["images", "a.mkv"]
  assert names("i*") == ["images"]


def test_each_file_is_listed_once_under_its_first_name(folder):
  os.symlink("b/2.mp4", "link.mp4")
  assert names("b/10.mp4", "link.mp4", "b", str(folder / "b/2.mp4")) == [
    *("b/10.mp4", "link.mp4", "b/deep/1.MOV")
  ]


def test_list_names_files_patterns_and_folders(folder):
  pathlib.Path("list.txt").write_text("# videos\n\n a.mkv \nb/1*.mp4\nmissing.mp4\n")
  assert names("list.txt") == ["a.mkv", "b/10.mp4", "missing.mp4"]


def test_name_with_brackets_is_no_pattern(folder):
  pathlib.Path("take[1].mp4").write_bytes(b"")
  assert names("take[1].mp4") == ["take[1].mp4"]


@pytest.mark.parametrize(
  ("argument", "message"),
  [
    ("c/*.mp4", r"c/\*.mp4: matches no file"),
    ("empty", "empty: no images in this folder, and no videos"),
    ("gone.txt", "gone.txt: cannot be read .No such file"),
    ("none.txt", "none.txt: names no video"),
  ],
)
def test_argument_that_names_no_video(folder, argument, message):
  (folder / "empty").mkdir()
  (folder / "none.txt").write_text("# nothing\n")
  with pytest.raises(InputError, match=message):
    find_videos(["a.mkv", argument])
