"""Tests of data sets that are damaged, or that name foreign code."""

import json
import shutil
import sys

import pytest

from ppn_tf.clips import damaged_records, records
from ppn_tf.clips.labels import read_labels
from ppn_tf.runtime.errors import InputError

import tensorflow as tf


@pytest.fixture(name="folder")
def fixture_folder(tiny_dataset, tmp_path):
  """Copies a data set."""
  return shutil.copytree(tiny_dataset, tmp_path / "copy")


def rewrite(folder, split, change):
  """Changes the first record of a split; returns the path of its file."""
  (path,) = folder.glob(f"*-{split}.tfrecord*")
  first, *rest = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
  example = tf.train.Example.FromString(first)
  change(example.features.feature)
  with tf.io.TFRecordWriter(str(path)) as writer:
    for record in (example.SerializeToString(), *rest):
      writer.write(record)
  return path


def drop_keypoints(features):
  del features["keypoints"].float_list.value[:]


def add_half_a_joint(features):
  features["keypoints"].float_list.value.append(1.0)


def spoil_frame(features):
  features["frames"].bytes_list.value[0] = b"\xff\xd8 no picture"


def state_other_size(features):
  features["image_size"].int64_list.value[:] = [7, 9]


@pytest.mark.parametrize(
  ("change", "reason"),
  [
    (drop_keypoints, "frames, 0 keypoints"),
    (add_half_a_joint, "keypoints"),
    (spoil_frame, "JPEG"),
    (state_other_size, "frames of 120x160, labels for 7x9"),
  ],
)
def test_damaged_record_is_named(folder, change, reason):
  path = rewrite(folder, "test", change)
  damage = damaged_records.find_damage(records.open_records(folder))
  assert damage.startswith(f"{path}: record 1 is damaged (") and damage.endswith("--overwrite.")
  assert len(damage.splitlines()) == 1
  assert reason in damage


def test_labels_of_a_damaged_record_are_refused(folder):
  path = rewrite(folder, "test", add_half_a_joint)
  with pytest.raises(InputError, match=f"{path.name}.*: record 1 is damaged"):
    read_labels(records.open_records(folder), "test")


def test_cut_file_is_named(folder):
  (path,) = folder.glob("*-train.tfrecord*")
  path.write_bytes(path.read_bytes()[:-100])
  with pytest.raises(InputError, match=f"{path.name}.*: record 3 is damaged"):
    read_labels(records.open_records(folder), "train")


def test_other_errors_stay(tiny_dataset):
  builder = records.open_records(tiny_dataset)
  assert damaged_records.find_damage(builder) is None
  with pytest.raises(tf.errors.ResourceExhaustedError), damaged_records.naming_damage(builder):
    raise tf.errors.ResourceExhaustedError(None, None, "out of memory")


def test_classes_of_other_modules_are_not_imported(folder, tmp_path, monkeypatch):
  (tmp_path / "foreign_code.py").write_text("raise SystemExit('imported')")
  monkeypatch.syspath_prepend(tmp_path)
  path = folder / "features.json"
  content = json.loads(path.read_text())
  content["pythonClassName"] = "foreign_code.Features"
  path.write_text(json.dumps(content))
  with pytest.raises(InputError, match="foreign_code.Features.*could run any code"):
    records.open_records(folder)
  assert "foreign_code" not in sys.modules


@pytest.mark.parametrize("name", ["features.json", "metadata.json", "dataset_info.json"])
def test_damaged_descriptions_are_refused(folder, name):
  (folder / name).write_bytes(b'{"\xff"')
  with pytest.raises(InputError, match="copy"):
    records.open_records(folder)
