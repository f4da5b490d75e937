"""Tests of JHMDB's folders through source, command and records."""

import pathlib
import shutil

import numpy as np
import pytest
import scipy.io
from PIL import Image

from data.builder import clip_records
from data.builder.account import ClipError
from data.sub_jhmdb import dataset
from data.sub_jhmdb.source import JhmdbSource
from ppn_tf.clips import records
from ppn_tf.keypoints.skeletons import SUB_JHMDB
from ppn_tf.runtime.errors import InputError
from tests.commands import run_command
from tests.data.penn_action import penn_files
from tests.data.sub_jhmdb.jhmdb_files import BODY, HEIGHT, WIDTH, write_clip, write_list

import tensorflow_datasets as tfds

ROOT = pathlib.Path(__file__).parents[3]
REAL = ROOT.parent / "shared" / "data" / "jhmdb"
REAL_CLIP = "Goal_Keeping_Tips_catch_f_cm_np1_fr_med_2"


@pytest.fixture(name="source")
def fixture_source(tmp_path):
  """Writes two clips: a1 trains in split 1 and tests in splits 2 and 3, b1 the reverse."""
  source = tmp_path / "jhmdb"
  write_clip(source, "catch", "a1", 4)
  write_clip(source, "golf", "b1", 3)
  for split, (first, second) in enumerate(((1, 2), (2, 1), (2, 1)), start=1):
    write_list(source, "catch", split, [f"a1.avi {first}"])
    write_list(source, "golf", split, [f"b1.avi {second} ", "unused.avi 0", ""])
  return source


def clips_in(folder: pathlib.Path, split: str) -> list:
  builder = records.open_records(folder)
  return [
    {name: value.numpy() for name, value in records.parse(builder, example).items()}
    for example in records.serialized_examples(builder, split)
  ]


def test_records_have_the_content_of_the_files(source, tmp_path):
  reader = JhmdbSource(source, 1, strict=True)
  folder = dataset.prepare(reader, str(tmp_path / "out"))
  assert folder == tmp_path / "out" / "sub_jhmdb" / "split_1" / "1.0.0"
  assert records.read_skeleton(records.open_records(folder)) is SUB_JHMDB
  assert reader.account.num_frames == {"train": 4, "test": 3}
  (clip,) = clips_in(folder, "train")
  assert (clip["clip"], clip["action"]) == (b"catch/a1", b"catch")
  assert clip["image_size"].tolist() == [HEIGHT, WIDTH]
  np.testing.assert_allclose(clip["keypoints"][3], BODY - 1 + [1.5, 0])
  assert clip["visibility"].all() and clip["boxes"].tolist() == [[12, 3, 28, 27]] * 4
  files = sorted((source / "Rename_Images" / "catch" / "a1").iterdir())
  assert clip["frames"].tolist() == [file.read_bytes() for file in files]
  pixels = records.decode_frames(clip["frames"]).numpy()
  np.testing.assert_array_equal(pixels, [np.asarray(Image.open(file)) for file in files])


def test_splits_stay_separate(source, tmp_path):
  for split in (1, 2):
    dataset.prepare(JhmdbSource(source, split), str(tmp_path / "out"))
  names = {
    (split, part): [clip["clip"] for clip in clips_in(tmp_path / f"out/sub_jhmdb/{split}", part)]
    for split in ("split_1", "split_2")
    for part in ("train", "test")
  }
  assert names == {
    ("split_1", "train"): [b"catch/a1"],
    ("split_1", "test"): [b"golf/b1"],
    ("split_2", "train"): [b"golf/b1"],
    ("split_2", "test"): [b"catch/a1"],
  }
  with pytest.raises(InputError, match="holds 2 data sets. Name one"):
    records.open_records(tmp_path / "out")


def test_tfds_finds_the_folders_in_its_manual_dir(source, tmp_path):
  builder = dataset.SubJhmdb(config="split_3", data_dir=str(tmp_path / "out"))
  builder.download_and_prepare(
    download_config=tfds.download.DownloadConfig(manual_dir=source, try_download_gcs=False)
  )
  assert [clip["clip"] for clip in clips_in(tmp_path / "out", "train")] == [b"golf/b1"]


def test_defective_clips_are_skipped_and_named(source):
  lines = ["a1.avi 1"]
  for name in ("torn", "fewer", "no_joints", "no_frames", "other", "fine"):
    write_clip(source, "catch", name, mask=np.zeros((1, 1)) if name == "fine" else None)
    lines.append(f"{name}.avi 1")
  joints, frames = source / "joint_positions" / "catch", source / "Rename_Images" / "catch"
  for png in (frames / "torn").iterdir():
    png.write_bytes(png.read_bytes()[:-500])
  (frames / "fewer" / "00003.png").unlink()
  shutil.rmtree(joints / "no_joints")
  shutil.rmtree(frames / "no_frames")
  scipy.io.savemat(joints / "other" / "joint_positions.mat", {"x": np.ones(3)})
  write_list(source, "catch", 1, lines)
  reader = JhmdbSource(source, 1)
  read = [labels.clip for labels, _ in reader.read_clips("train", reader.splits()["train"])]
  assert read == ["catch/a1", "catch/fine"]
  assert {clip: problem.kind for clip, problem in reader.account.skipped.items()} == {
    "catch/torn": "unreadable frame",
    "catch/fewer": "frames and labels disagree",
    "catch/no_joints": "no labels",
    "catch/no_frames": "no frames",
    "catch/other": "foreign labels",
  }
  assert "box_from_joints, 1 clips, 3 in total" in reader.account.summarize()
  with pytest.raises(ClipError, match="fewer: 2 frames [(].png[)], but the labels have 3"):
    JhmdbSource(source, 1, strict=True).splits()


@pytest.mark.parametrize(
  ("line", "complaint"),
  [
    ("a1 1", "line 2 is 'a1 1', expected CLIP.avi and 1"),
    ("a1.avi 2", "line 2 puts a1 into both train and test"),
  ],
)
def test_lists_of_another_kind_are_refused(source, line, complaint):
  write_list(source, "catch", 1, ["a1.avi 1", line])
  with pytest.raises(InputError, match=complaint):
    JhmdbSource(source, 1)


def test_split_without_lists_is_refused(source):
  for path in (source / "sub_splits").glob("*_2.txt"):
    path.unlink()
  with pytest.raises(InputError, match="has no ..._test_split_2.txt"):
    JhmdbSource(source, 2)


def test_folders_of_other_data_sets_are_recognized(source, tmp_path):
  penn_files.write_clip(tmp_path / "penn", "0001")
  with pytest.raises(InputError, match="lacks Rename_Images, .*It looks like .*data.penn_action`"):
    JhmdbSource(tmp_path / "penn", 1)
  from data.penn_action.source import PennSource

  with pytest.raises(InputError, match="lacks labels, frames.*It looks like .*data.sub_jhmdb`"):
    PennSource(source)


def test_command_writes_then_keeps_three_splits(source, tmp_path, capsys):
  command = ["data.sub_jhmdb", f"--source={source}"]
  done = run_command(*command, f"--data_dir={tmp_path / 'out'}")
  assert done.returncode == 0, done.stderr
  folders = [tmp_path / f"out/sub_jhmdb/split_{split}/1.0.0" for split in (1, 2, 3)]
  assert [line for line in done.stdout.splitlines() if line.startswith("data set")] == [
    f"data set: --dataset={folder}" for folder in folders
  ]
  assert done.stdout.startswith("split 1:\ntrain: 1 clips, 4 frames\ntest: 1 clips, 3 frames\n")
  clip_records.keep(folders[0], JhmdbSource(source, 1))
  assert "kept the existing data set" in capsys.readouterr().out
  (source / "puppet_mask" / "golf" / "b1" / "puppet_mask.mat").unlink()
  with pytest.raises(InputError, match="jhmdb has changed since"):
    clip_records.keep(folders[0], JhmdbSource(source, 1))


def test_real_clip(tmp_path):
  if not (REAL / "joint_positions.mat").exists():
    pytest.skip("no shared/data/jhmdb next to the project")
  frames = tmp_path / "jhmdb" / "Rename_Images" / "catch" / REAL_CLIP
  shutil.copytree(REAL / REAL_CLIP, frames)
  joints = tmp_path / "jhmdb" / "joint_positions" / "catch" / REAL_CLIP
  joints.mkdir(parents=True)
  shutil.copy(REAL / "joint_positions.mat", joints)
  write_list(tmp_path / "jhmdb", "catch", 1, [f"{REAL_CLIP}.avi 2"])
  reader = JhmdbSource(tmp_path / "jhmdb", 1, strict=True)
  folder = dataset.prepare(reader, str(tmp_path / "out"))
  (clip,) = clips_in(folder, "test")
  assert clip["frames"].shape == (40,) and clip["image_size"].tolist() == [240, 320]
  assert clip["visibility"].all()
  # In the first frame of the file, neck and face are at 1-based (286.5, 106.5), (286.5, 90.5).
  assert clip["keypoints"][0, 0].tolist() == [285.5, 105.5]
  assert clip["keypoints"][0, 2].tolist() == [285.5, 89.5]
  assert [
    (clip, repair.kind, repair.count)
    for clip, repairs in reader.account.repairs.items()
    for repair in repairs
  ] == [(f"catch/{REAL_CLIP}", "box_from_joints", 40)]
