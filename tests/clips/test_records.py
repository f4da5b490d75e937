"""Tests of reading TFDS records without the code of their builder."""

import json
import pathlib
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
import pytest

from ppn_tf.clips import records
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError
from tests.record_features import features

import tensorflow as tf
import tensorflow_datasets as tfds

NUM_CLIPS = 12


def example(number: int) -> Dict[str, Any]:
  """Returns a clip of `number + 1` frames, with random values that depend on the number."""
  rng = np.random.default_rng(number)
  frames = [
    tf.io.encode_jpeg(rng.integers(0, 255, (8, 10, 3)).astype(np.uint8)).numpy()
    for _ in range(number + 1)
  ]
  return {
    "clip": f"{number:04d}",
    "action": "bowl",
    "frames": frames,
    "keypoints": rng.normal(size=(number + 1, 13, 2)).astype(np.float32),
    "visibility": rng.random((number + 1, 13)) < 0.5,
    "boxes": rng.normal(size=(number + 1, 4)).astype(np.float32),
    "image_size": np.array([8, 10], np.int32),
  }


class ToyClips(tfds.core.GeneratorBasedBuilder):
  """Data set of the layout with only a test split."""

  VERSION = tfds.core.Version("1.0.0")

  def _info(self) -> tfds.core.DatasetInfo:
    return tfds.core.DatasetInfo(
      builder=self,
      features=features(),
      metadata=tfds.core.MetadataDict(skeleton="penn_action"),
    )

  def _split_generators(self, dl_manager: Any) -> Dict[str, Any]:
    return {"test": self._generate_examples()}

  def _generate_examples(self) -> Iterator[Tuple[str, Dict[str, Any]]]:
    for number in range(NUM_CLIPS):
      yield f"{number:04d}", example(number)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory) -> pathlib.Path:
  root = tmp_path_factory.mktemp("records")
  config = tfds.download.DownloadConfig(try_download_gcs=False, num_shards=3)
  ToyClips(data_dir=str(root)).download_and_prepare(download_config=config)
  return root


def list_clips(dataset: tf.data.Dataset, builder: Any) -> List[str]:
  return [
    clip.decode()
    for clip in dataset.map(lambda s: records.parse(builder, s)["clip"]).as_numpy_iterator()
  ]


@pytest.mark.parametrize("below", ["", "toy_clips", "toy_clips/1.0.0"])
def test_opens_the_folder_or_a_parent_folder(data_dir, below):
  builder = records.open_records(data_dir / below)
  assert records.num_clips(builder, "test") == NUM_CLIPS
  assert records.read_skeleton(builder) is PENN_ACTION


def test_parse_returns_the_written_values(data_dir):
  builder = records.open_records(data_dir)
  dataset = records.serialized_examples(builder, "test")
  parsed = list(dataset.map(lambda s: records.parse(builder, s)).as_numpy_iterator())
  assert len(parsed) == NUM_CLIPS
  for clip in parsed:
    expected = example(int(clip["clip"]))
    assert clip["action"] == b"bowl"
    assert clip["frames"].tolist() == expected["frames"]
    for name in ("keypoints", "visibility", "boxes", "image_size"):
      assert clip[name].dtype == expected[name].dtype
      np.testing.assert_array_equal(clip[name], expected[name])


def test_parse_agrees_with_tfds(data_dir):
  builder = records.open_records(data_dir)
  parsed = records.serialized_examples(builder, "test").map(lambda s: records.parse(builder, s))
  reference = builder.as_dataset(
    split="test", shuffle_files=False, decoders={"frames": tfds.decode.SkipDecoding()}
  )
  tf.nest.map_structure(
    tf.TensorSpec.is_compatible_with, reference.element_spec, parsed.element_spec
  )
  by_clip = {clip["clip"]: clip for clip in reference.as_numpy_iterator()}
  for clip in parsed.as_numpy_iterator():
    for name, value in clip.items():
      np.testing.assert_array_equal(value, by_clip[clip["clip"]][name], err_msg=name)


def test_order_is_that_on_disk(data_dir):
  builder = records.open_records(data_dir)
  assert len(builder.info.splits["test"].filepaths) == 3
  clips = list_clips(records.serialized_examples(builder, "test"), builder)
  assert clips == list_clips(records.serialized_examples(builder, "test"), builder)


def test_missing_split_is_refused_with_the_existing_ones(data_dir):
  builder = records.open_records(data_dir)
  with pytest.raises(InputError, match="no split 'train'.*Splits there: test"):
    records.num_clips(builder, "train")
  with pytest.raises(InputError, match="no split 'train'"):
    records.serialized_examples(builder, "train")


def link_copy(data_dir: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
  """Links the files of a data set into a folder that a test can change."""
  folder.mkdir(parents=True)
  for file in (data_dir / "toy_clips" / "1.0.0").iterdir():
    (folder / file.name).symlink_to(file)
  return folder


def test_folders_without_a_data_set_are_refused(tmp_path):
  with pytest.raises(InputError, match="nowhere: no such folder"):
    records.open_records(tmp_path / "nowhere")
  (tmp_path / "file").write_text("")
  with pytest.raises(InputError, match="file: not a folder"):
    records.open_records(tmp_path / "file")
  with pytest.raises(InputError, match="holds no dataset_info.json"):
    records.open_records(tmp_path)


def test_several_data_sets_are_listed(data_dir, tmp_path):
  for name in ("a", "b"):
    link_copy(data_dir, tmp_path / name / "1.0.0")
  with pytest.raises(InputError, match="holds 2 data sets.*a/1.0.0, .*b/1.0.0"):
    records.open_records(tmp_path)


def test_unfinished_builds_are_ignored(data_dir, tmp_path):
  complete = link_copy(data_dir, tmp_path / "toy_clips" / "1.0.0")
  link_copy(data_dir, tmp_path / "toy_clips" / ".1.0.0.x" / "1.0.0")
  link_copy(data_dir, tmp_path / "toy_clips" / "incomplete.X_1.0.0")
  assert records.open_records(tmp_path).data_dir == str(complete)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "x"}'])
def test_broken_description_is_reported_in_one_line(data_dir, tmp_path, content):
  folder = link_copy(data_dir, tmp_path / "set")
  (folder / "dataset_info.json").unlink()
  (folder / "dataset_info.json").write_text(content)
  with pytest.raises(InputError) as caught:
    records.open_records(folder)
  assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_features_are_refused(data_dir, tmp_path):
  folder = link_copy(data_dir, tmp_path / "set")
  features = json.loads((folder / "features.json").read_text())
  del features["featuresDict"]["features"]["boxes"]
  (folder / "features.json").unlink()
  (folder / "features.json").write_text(json.dumps(features))
  with pytest.raises(InputError, match="lacks the features boxes"):
    records.open_records(folder)


def test_unknown_skeleton_and_missing_file_are_refused(data_dir, tmp_path):
  folder = link_copy(data_dir, tmp_path / "set")
  (folder / "metadata.json").unlink()
  with pytest.raises(InputError, match="names the skeleton None. Expected one of: .*penn_action"):
    records.read_skeleton(records.open_records(folder))
  next(folder.glob("*tfrecord*")).unlink()
  with pytest.raises(InputError, match="missing from the data set"):
    records.serialized_examples(records.open_records(folder), "test")
