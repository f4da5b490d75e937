"""Tests of ppn_tf.runtime.cache: intact private files, made once."""

import multiprocessing
import os
import pathlib
import time

import pytest

from ppn_tf.runtime import cache

CONTENT = b"0123456789"


class Maker:
  """Counts how often the content is made."""

  def __init__(self):
    self.count = 0

  def __call__(self):
    self.count += 1
    return CONTENT


@pytest.fixture(name="folder")
def fixture_folder(tmp_path, monkeypatch):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
  return tmp_path / "cache" / "ppn_tf"


@pytest.fixture(name="maker")
def fixture_maker():
  return Maker()


def truncate(path):
  path.write_bytes(CONTENT[:4])


def swap(path):
  path.write_bytes(b"another network")


def open_to_all(path):
  path.chmod(0o666)


def link(path):
  path.rename(path.with_name("elsewhere"))
  path.symlink_to(path.with_name("elsewhere"))


def remove_digest(path):
  path.with_name("file.sha256").unlink()


def test_file_is_made_once(folder, maker):
  paths = [cache.get_or_make("file", maker) for _ in range(3)]
  assert paths == [folder / "file"] * 3 and maker.count == 1
  assert paths[0].read_bytes() == CONTENT
  assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [truncate, swap, open_to_all, link, remove_digest])
def test_damaged_file_is_made_again(folder, maker, damage):
  path = cache.get_or_make("file", maker)
  damage(path)
  assert cache.get_or_make("file", maker) == path
  assert maker.count == 2 and path.read_bytes() == CONTENT and not path.is_symlink()
  cache.get_or_make("file", maker)
  assert maker.count == 2


def test_umask_of_a_group_makes_private_files(folder, maker):
  mask = os.umask(0o002)
  try:
    cache.get_or_make("file", maker)
    folder.chmod(0o775)
    cache.get_or_make("file", maker)
  finally:
    os.umask(mask)
  assert maker.count == 1 and folder.stat().st_mode & 0o777 == 0o700


def test_linked_folder_is_refused(folder, maker, tmp_path):
  (tmp_path / "other").mkdir()
  folder.parent.mkdir()
  folder.symlink_to(tmp_path / "other")
  with pytest.raises(OSError, match="is a link"):
    cache.get_or_make("file", maker)
  assert not maker.count


@pytest.mark.skipif(not hasattr(os, "chown") or os.getuid() != 0, reason="requires root")
def test_folder_of_another_user_is_refused(folder, maker):
  folder.mkdir(parents=True)
  os.chown(folder, 12345, 12345)
  with pytest.raises(OSError, match="another user can write it"):
    cache.get_or_make("file", maker)


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_no_home_is_no_cache(maker, monkeypatch, value):
  for name in ("XDG_CACHE_HOME", "HOME", "USERPROFILE"):
    monkeypatch.setenv(name, value)
  assert cache.get_folder() is None
  with pytest.raises(OSError, match="no home"):
    cache.get_or_make("file", maker)


def make_slowly(log):
  """Makes the file in a process, and notes that it did."""

  def make():
    with open(log, "a") as file:
      file.write("made\n")
    time.sleep(0.3)
    return CONTENT

  cache.get_or_make("file", make)


def test_processes_make_a_file_once(folder, tmp_path):
  log = tmp_path / "log"
  fork = multiprocessing.get_context("fork")
  processes = [fork.Process(target=make_slowly, args=(log,)) for _ in range(4)]
  for process in processes:
    process.start()
  for process in processes:
    process.join(20)
  assert [process.exitcode for process in processes] == [0] * 4
  assert pathlib.Path(log).read_text() == "made\n"
  assert (folder / "file").read_bytes() == CONTENT
