"""Errors that name the damaged file of a data set."""

import contextlib
import os
from typing import Iterator, Optional

from ppn_tf.clips import records
from ppn_tf.runtime.errors import InputError

import tensorflow as tf
import tensorflow_datasets as tfds


@contextlib.contextmanager
def naming_damage(builder: tfds.core.DatasetBuilder) -> Iterator[None]:
  """Replaces TensorFlow's error about a damaged record of a data set by one that names its file.

  Errors with another cause stay as they are.

  Raises:
    InputError: a record within the block was damaged.
  """
  try:
    yield
  except tf.errors.OpError as error:
    damage = find_damage(builder)
    if damage is None:
      raise
    raise InputError(damage) from error


def find_damage(builder: tfds.core.DatasetBuilder) -> Optional[str]:
  """Reads all records of a data set; returns a line about the first damaged one, or None."""
  for split in builder.info.splits.values():
    for path in map(os.fspath, split.filepaths):
      count = 0
      try:
        for serialized in tf.data.TFRecordDataset(path):
          clip = records.parse(builder, serialized)
          records.decode_frames(clip["frames"])
          count += 1
      except tf.errors.OpError as error:
        reason = next(iter(error.message.splitlines()), type(error).__name__)
        reason = reason.partition("[Op:")[0].strip()
        return (
          f"{path}: record {count + 1} is damaged ({reason:.120}). "
          "Make the data set again with --overwrite."
        )
  return None
