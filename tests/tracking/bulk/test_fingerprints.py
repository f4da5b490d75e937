"""Tests of the hashes of videos and models."""

import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.bulk.fingerprints import hash_model, hash_video

# FIPS 180-2, appendix B.1: SHA-256 of the message "abc".
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_file_has_its_sha256_under_every_name(tmp_path):
  for name in ("a.mp4", "b.mov"):
    (tmp_path / name).write_bytes(b"abc")
    assert hash_video(tmp_path / name) == hash_model(tmp_path / name) == ABC


def write_images(folder, **contents):
  folder.mkdir()
  for name, content in contents.items():
    (folder / f"{name}.png").write_bytes(content)
  return hash_video(folder)


def test_folder_of_images_has_a_hash_of_names_and_contents(tmp_path):
  first = write_images(tmp_path / "first", a=b"1", b=b"2")
  assert write_images(tmp_path / "moved", b=b"2", a=b"1") == first
  assert write_images(tmp_path / "swapped", a=b"2", b=b"1") != first
  assert write_images(tmp_path / "renamed", a=b"1", c=b"2") != first
  assert write_images(tmp_path / "longer", a=b"1", b=b"2", c=b"") != first


def test_reports_of_a_run_do_not_change_the_hash_of_its_network(tmp_path):
  (tmp_path / "flags.json").write_text("{}")
  before = hash_model(tmp_path)
  (tmp_path / "metrics.jsonl").write_text("{}\n")
  (tmp_path / "tensorboard").mkdir()
  (tmp_path / "tensorboard" / "events").write_text("")
  assert hash_model(tmp_path) == before
  (tmp_path / "checkpoints").mkdir()
  (tmp_path / "checkpoints" / "1").write_text("")
  assert hash_model(tmp_path) != before


def test_missing_files_are_input_errors(tmp_path):
  with pytest.raises(InputError, match="gone.mp4: no such file"):
    hash_video(tmp_path / "gone.mp4")
  with pytest.raises(InputError, match="gone.tflite: no such model"):
    hash_model(tmp_path / "gone.tflite")
