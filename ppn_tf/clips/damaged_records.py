"""Errors that name the damaged file of a data set."""

import contextlib
import re
from typing import Dict, Iterator, Optional

from ppn_tf.clips import records
from ppn_tf.runtime.errors import InputError, first_line

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
  except (tf.errors.OpError, UnicodeDecodeError) as error:  # messages may quote damaged bytes
    damage = find_damage(builder)
    if damage is None:
      raise
    raise InputError(damage) from error


def find_damage(builder: tfds.core.DatasetBuilder) -> Optional[str]:
  """Reads all records of a data set; returns a line about the first damaged one, or None."""
  for split in builder.info.splits:
    for path in records.split_files(builder, split):
      count = 0
      try:
        for serialized in tf.data.TFRecordDataset(path):
          _check(records.parse(builder, serialized))
          count += 1
      except (tf.errors.OpError, ValueError) as error:
        # Without the names of TensorFlow's nodes and operations around the message.
        reason = re.sub(r"\{\{.*?\}\}|\[Op:.*", "", first_line(error)).strip()
        return (
          f"{path}: record {count + 1} is damaged ({reason:.120}). "
          "Make the data set again with --overwrite."
        )
  return None


def _check(clip: Dict[str, tf.Tensor]) -> None:
  """Checks that a clip's frames can be decoded, and that its labels fit them.

  Raises:
    ValueError: numbers or sizes of frames and labels differ.
    tf.errors.OpError: a frame cannot be decoded.
  """
  counts = {name: len(clip[name]) for name in ("frames", "keypoints", "visibility", "boxes")}
  if len(set(counts.values())) != 1:
    raise ValueError(", ".join(f"{count} {name}" for name, count in counts.items()))
  height, width = clip["image_size"].numpy()
  for encoded in clip["frames"]:
    frame = tf.io.decode_jpeg(encoded, channels=3)
    if frame.shape[:2] != (height, width):
      raise ValueError(f"frames of {frame.shape[0]}x{frame.shape[1]}, labels for {height}x{width}")
