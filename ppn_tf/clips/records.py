"""Read-only access to TFDS records of the commands in data/."""

import json
import os
import pathlib
import re
from typing import Any, Dict, List, Sequence, Union

from ppn_tf.keypoints import skeletons
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError, first_line

import tensorflow as tf
import tensorflow_datasets as tfds

FEATURES = ("clip", "action", "frames", "keypoints", "visibility", "boxes", "image_size")
DEFINITION = "skeleton_definition"
_FEATURE_CLASSES = "tensorflow_datasets.core.features."


def open_records(path: Union[str, os.PathLike]) -> tfds.core.DatasetBuilder:
  """Opens a prepared data set; requires neither its builder's code nor a connection.

  Args:
    path: folder with dataset_info.json, or one above it with exactly one data set below, such as
      `--data_dir` of the commands in data/.
  Returns:
    A read-only builder; its `info` has splits and metadata.
  Raises:
    InputError: the folder does not exist, or holds no data set, several, one that is not
      readable, or one of other features.
  """
  folder = pathlib.Path(path).expanduser()
  if not folder.is_dir():
    received = "not a folder" if folder.exists() else "no such folder"
    raise InputError(
      f"{folder}: {received}. Expected the folder that a command such as "
      f"`{command('data penn_action')}` made."
    )
  folders = _find_data_sets(folder)
  if not folders:
    raise InputError(
      f"{folder}: holds no dataset_info.json, so it is no prepared data set. "
      f"Make one with a command such as `{command('data penn_action')}`."
    )
  if len(folders) > 1:
    names = ", ".join(map(str, folders[:8])) + (", ..." if len(folders) > 8 else "")
    raise InputError(f"{folder}: holds {len(folders)} data sets. Name one of them: {names}")
  return _open(folders[0])


def read_skeleton(builder: tfds.core.DatasetBuilder) -> skeletons.Skeleton:
  """Reads the joints of a data set from its metadata: a known name or a definition.

  Raises:
    InputError: the metadata has no skeleton, or an unknown one.
  """
  metadata = dict(builder.info.metadata or {})
  name = metadata.get("skeleton")
  if DEFINITION in metadata:
    try:
      return skeletons.from_dict(metadata[DEFINITION])
    except ValueError as error:
      raise InputError(f"{builder.data_dir}: metadata.json: {error}. Make it anew.") from error
  if not isinstance(name, str) or name not in skeletons.SKELETONS:
    known = ", ".join(sorted(skeletons.SKELETONS))
    raise InputError(
      f"{builder.data_dir}: metadata.json names the skeleton {name!r}. Expected one of: {known}"
    )
  return skeletons.SKELETONS[name]


def open_split(
  path: Union[str, os.PathLike], split: str, skeleton: skeletons.Skeleton
) -> tfds.core.DatasetBuilder:
  """Opens a data set that must have a split and a network's joints.

  Args:
    path: see `open_records`.
    split: name of the split.
    skeleton: joints of the network.
  Raises:
    InputError: there is no such data set or split, or its joints differ.
  """
  builder = open_records(path)
  num_clips(builder, split)
  own = read_skeleton(builder)
  if own != skeleton:
    name = own.name if own.name in skeletons.SKELETONS else path
    raise InputError(f"{path}: its joints are those of {own.name}. Give --skeleton={name}.")
  return builder


def skeleton_metadata(skeleton: skeletons.Skeleton) -> Dict[str, Any]:
  """Returns metadata about joints: a name, and the definition of unknown skeletons."""
  if skeletons.SKELETONS.get(skeleton.name) == skeleton:
    return {"skeleton": skeleton.name}
  return {"skeleton": skeleton.name, DEFINITION: skeletons.to_dict(skeleton)}


def num_clips(builder: tfds.core.DatasetBuilder, split: str) -> int:
  """Returns the number of clips in a split; InputError if there is no such split."""
  return builder.info.splits[_check_split(builder, split)].num_examples


def split_files(builder: tfds.core.DatasetBuilder, split: str) -> List[str]:
  """Returns the paths of a split's record files, in order.

  Raises:
    InputError: no such split, or its files are missing.
  """
  try:
    paths = builder.info.splits[_check_split(builder, split)].filepaths
  except (KeyError, IndexError, TypeError, ValueError) as error:
    raise InputError(
      f"{builder.data_dir}: dataset_info.json names the files of {split} wrongly "
      f"({first_line(error)}). Make the data set anew."
    ) from error
  files = [os.fspath(file) for file in paths]
  missing = [file for file in files if not os.path.exists(file)]
  if missing:
    raise InputError(f"{missing[0]}: missing from the data set. Make the data set anew.")
  return files


def serialized_examples(builder: tfds.core.DatasetBuilder, split: str) -> tf.data.Dataset:
  """Builds a dataset of a split's serialized clips, in order; cheap, since frames stay encoded.

  Args:
    builder: records of one data set.
    split: name of the split.
  Returns:
    Dataset of scalar strings.
  Raises:
    InputError: no such split, or its files are missing.
  """
  return tf.data.TFRecordDataset(split_files(builder, split))


@tf.autograph.experimental.do_not_convert
def parse(builder: tfds.core.DatasetBuilder, serialized: tf.Tensor) -> Dict[str, tf.Tensor]:
  """Parses one clip from its record, inside `Dataset.map`.

  Returns:
    clip and action: scalar strings. frames: [N] strings, encoded JPEG or PNG.
    keypoints: [N, K, 2] float32 (x, y) pixels. visibility: [N, K] bool.
    boxes: [N, 4] float32 pixels. image_size: [2] int32 (height, width).
  """
  joints = builder.info.features["keypoints"].shape[-2]

  def rows(shape: Sequence[int], dtype: tf.DType) -> tf.io.FixedLenSequenceFeature:
    return tf.io.FixedLenSequenceFeature(shape, dtype, allow_missing=True)

  # The parser of TFDS decodes item by item in a map_fn; this is one operation.
  example = tf.io.parse_single_example(
    serialized,
    {
      "clip": tf.io.FixedLenFeature([], tf.string),
      "action": tf.io.FixedLenFeature([], tf.string),
      "frames": rows([], tf.string),
      "keypoints": rows([joints, 2], tf.float32),
      "visibility": rows([joints], tf.int64),
      "boxes": rows([4], tf.float32),
      "image_size": tf.io.FixedLenFeature([2], tf.int64),
    },
  )
  example["visibility"] = tf.cast(example["visibility"], tf.bool)
  example["image_size"] = tf.cast(example["image_size"], tf.int32)
  return example


def _find_data_sets(folder: pathlib.Path) -> List[pathlib.Path]:
  """Returns folders with a dataset_info.json at `folder` or up to three levels below."""
  level: List[pathlib.Path] = [folder]
  data_sets: List[pathlib.Path] = []
  for _ in range(4):  # name/config/version is three levels
    data_sets += [path for path in level if (path / "dataset_info.json").is_file()]
    level = [child for path in level if path not in data_sets for child in _list_folders(path)]
  return data_sets


def _list_folders(folder: pathlib.Path) -> List[pathlib.Path]:
  """Lists subfolders, except those of an unfinished build."""
  try:
    return sorted(
      child
      for child in folder.iterdir()
      if child.is_dir() and not child.name.startswith((".", "incomplete."))
    )
  except PermissionError:
    return []


def _open(folder: pathlib.Path) -> tfds.core.DatasetBuilder:
  _check_classes(folder)
  try:
    builder = tfds.builder_from_directory(os.fspath(folder))
    names = set(builder.info.features)
    dict(builder.info.metadata or {})  # read on first use
  except Exception as error:  # TFDS raises any exception, with messages of many lines
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    raise InputError(
      f"{folder}: the data set cannot be opened ({reason}). Make it anew."
    ) from error
  missing = [name for name in FEATURES if name not in names]
  if missing:
    raise InputError(
      f"{folder}: lacks the features {', '.join(missing)}. Expected the folder "
      f"that a command such as `{command('data penn_action')}` made."
    )
  labels = ("keypoints", "visibility", "boxes")
  shapes = [getattr(builder.info.features[name], "shape", None) for name in labels]
  joints = tuple(shapes[0] or ())[1:2]
  if shapes != [(None, *joints, 2), (None, *joints), (None, 4)] or joints == (None,):
    raise InputError(f"{folder}: features of other shapes ({shapes}). Make the data set anew.")
  return builder


def _check_classes(folder: pathlib.Path) -> None:
  """Checks the classes of features, because TFDS imports whatever module they name.

  Raises:
    InputError: a class is not one of TFDS.
  """
  try:
    text = (folder / "features.json").read_text(encoding="utf-8")
    classes = re.findall(r'"pythonClassName"\s*:\s*"([^"]*)"', json.dumps(json.loads(text)))
  except (OSError, ValueError, RecursionError) as error:
    raise InputError(
      f"{folder / 'features.json'}: cannot be read ({first_line(error)}). Make the data set anew."
    ) from error
  foreign = [name for name in classes if not name.startswith(_FEATURE_CLASSES)]
  if foreign:
    raise InputError(
      f"{folder / 'features.json'}: names the class {foreign[0]!r}, whose module could run any "
      f"code. Expected classes of {_FEATURE_CLASSES.rstrip('.')}; make the data set anew."
    )


def _check_split(builder: tfds.core.DatasetBuilder, split: str) -> str:
  if split not in builder.info.splits:
    existing = ", ".join(sorted(builder.info.splits)) or "none"
    raise InputError(f"{builder.data_dir}: no split {split!r}. Splits there: {existing}")
  return split


def decode_frames(frames: tf.Tensor) -> tf.Tensor:
  """Decodes [N] JPEG or PNG strings of one size to [N, H, W, 3] uint8."""
  # decode_jpeg reads PNG too.
  return tf.map_fn(
    lambda encoded: tf.io.decode_jpeg(encoded, channels=3), frames, fn_output_signature=tf.uint8
  )
