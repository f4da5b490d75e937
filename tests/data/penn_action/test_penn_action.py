"""Tests of the command `python -m data.penn_action`."""

import pathlib
import tarfile

import numpy as np
import pytest

from data.builder import clip_records
from data.penn_action.label_survey import survey
from data.penn_action.source import PennSource
from ppn_tf.clips import records
from ppn_tf.runtime.errors import InputError
from tests.commands import Finished, run_command
from tests.data.penn_action.penn_files import label_fields, truncate, write_clip, write_labels

ROOT = pathlib.Path(__file__).parents[3]


def run(*flags: str) -> Finished:
  return run_command("data.penn_action", *flags)


def test_command_writes_then_keeps_then_refuses(tmp_path, capsys):
  source, out = tmp_path / "penn", tmp_path / "out"
  truncate(write_clip(source, "0001"))
  write_clip(source, "0002")
  made = run(f"--source={source}", f"--data_dir={out}")
  folder = out / "penn_action" / "1.0.0"
  assert made.returncode == 0, made.stderr
  assert made.stdout.startswith(
    "train: 1 clips, 3 frames\nfixed: none\nnoted, not changed: none\nskipped:\n"
  )
  assert made.stdout.endswith(f"data set: --dataset={folder}\n")
  assert records.num_clips(records.open_records(folder), "train") == 1

  clip_records.keep(folder, PennSource(source))
  assert "kept the existing data set" in capsys.readouterr().out
  with pytest.raises(InputError, match=r"lacks 1 skipped clips \(0001\)"):
    clip_records.keep(folder, PennSource(source, strict=True))
  write_clip(tmp_path / "other", "0001")
  with pytest.raises(InputError, match="made from .*penn, not .*other"):
    clip_records.keep(folder, PennSource(tmp_path / "other"))
  write_labels(source, "0002", label_fields(7))
  with pytest.raises(InputError, match="penn/labels has changed since"):
    clip_records.keep(folder, PennSource(source))


def test_command_reports_a_bad_source_in_one_line(tmp_path):
  done = run(f"--source={tmp_path / 'nowhere'}", f"--data_dir={tmp_path / 'out'}")
  assert done.returncode == 1
  assert done.stderr.splitlines()[-1].startswith(f"error: {tmp_path / 'nowhere'}: no such folder.")
  assert "Traceback" not in done.stderr and not (tmp_path / "out").exists()


def write_archive(folder: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
  with tarfile.open(path, "w:xz") as archive:
    archive.add(folder, "penn/labels")
  return path


def test_labels_only_counts_and_writes_nothing(tmp_path):
  source = tmp_path / "penn"
  write_labels(source, "0001", label_fields(3))
  write_labels(source, "0002", label_fields(4, train=-1, bbox=label_fields(4)["bbox"][:3]))
  write_labels(source, "0003", label_fields(3, x=np.ones((3, 15))))
  (source / "labels" / "._0001.mat").write_text("a Mac's shadow of the file")
  archive = write_archive(source / "labels", tmp_path / "labels.tar.xz")
  done = run("--labels_only", f"--source={archive}")
  assert done.returncode == 0, done.stderr
  assert done.stdout.splitlines()[:4] == [
    "train: 1 clips, 3 frames",
    "test: 1 clips, 4 frames",
    "fixed:",
    "  short_bbox, 1 clips, 1 in total:",
  ]
  assert "0003.mat: x is 3x15, expected 3x13" in done.stdout
  assert done.stdout.splitlines()[-1].startswith("not all, or not only, of Penn Action's 1258/1068")
  for folder in (source, source / "labels"):
    account = survey(folder)
    assert account.num_frames == {"train": 3, "test": 4} and list(account.skipped) == ["0003"]


def test_labels_only_refuses_sources_without_labels(tmp_path):
  with pytest.raises(InputError, match="nowhere: no such file or folder"):
    survey(tmp_path / "nowhere")
  with pytest.raises(InputError, match="has no .mat files"):
    survey(tmp_path)
  (tmp_path / "note.txt").write_text("no archive")
  with pytest.raises(InputError, match="note.txt: cannot be read completely as a tar archive"):
    survey(tmp_path / "note.txt")
  write_labels(tmp_path / "penn", "0001", label_fields())
  whole = write_archive(tmp_path / "penn" / "labels", tmp_path / "whole.tar.xz").read_bytes()
  (tmp_path / "torn.tar.xz").write_bytes(whole[: len(whole) // 2])
  with pytest.raises(InputError, match="torn.tar.xz: cannot be read completely"):
    survey(tmp_path / "torn.tar.xz")
  write_archive(ROOT / "configs", tmp_path / "other.tar.xz")
  with pytest.raises(InputError, match="no label file is usable; the first: there are none"):
    survey(tmp_path / "other.tar.xz")
