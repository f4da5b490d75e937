"""Index of a split's clips, so that any of them is read without the ones before it.

Epochs are orders of the whole split, whatever the number and the order of the record files.
"""

import dataclasses
import functools
import os
import struct
from typing import Dict, List, Tuple

import numpy as np

from ppn_tf.clips import records
from ppn_tf.clips.damaged_records import naming_damage
from ppn_tf.runtime.errors import InputError

import tensorflow as tf
import tensorflow_datasets as tfds

# A TFRecord file repeats: 8 bytes of length, 4 of its checksum, the record, 4 of its checksum.
_HEADER, _FOOTER = 12, 4


@dataclasses.dataclass(frozen=True, eq=False)
class RecordIndex:
  """N clips of a split, in the order of the files.

  Attributes:
    builder: records of the data set.
    files: paths of the record files.
    names: N names of clips.
    lengths: [N] int64, numbers of frames.
    labelled: [N] int64, numbers of frames with a visible joint.
    places: [N, 2] int64: number of the file, and bytes before the record's header.
    sizes: [N] int64, bytes of the records.
  """

  builder: tfds.core.DatasetBuilder
  files: Tuple[str, ...]
  names: Tuple[str, ...]
  lengths: np.ndarray
  labelled: np.ndarray
  places: np.ndarray
  sizes: np.ndarray

  def usable(self, num_frames: int) -> np.ndarray:
    """Returns the numbers of clips that have `num_frames` frames, and labels."""
    return np.flatnonzero((self.lengths >= num_frames) & (self.labelled > 0))

  def read(self, number: tf.Tensor) -> Dict[str, tf.Tensor]:
    """Reads and parses a clip by its number, inside `Dataset.map`; see `records.parse`."""
    file, offset = tf.unstack(tf.gather(tf.constant(self.places), number))
    # tf.data.TFRecordDataset lacks the argument byte_offsets of its operation.
    from_offset = tf.raw_ops.TFRecordDatasetV2(
      filenames=tf.gather(tf.constant(self.files), file),
      compression_type="",
      buffer_size=tf.constant(0, tf.int64),
      byte_offsets=offset,
    )
    record = tf.data.experimental.from_variant(from_offset, tf.TensorSpec([], tf.string)).take(1)
    return records.parse(self.builder, record.get_single_element())


@functools.lru_cache(maxsize=4)
@tf.autograph.experimental.do_not_convert
def read_index(builder: tfds.core.DatasetBuilder, split: str) -> RecordIndex:
  """Builds the index of a split; reads and checks the split once.

  Raises:
    InputError: no such split, or its files are missing or damaged.
  """
  files = records.split_files(builder, split)
  places: List[Tuple[int, int, int]] = []
  for number, file in enumerate(files):
    places += [(number, *place) for place in _find_records(file)]
  clips = records.serialized_examples(builder, split).map(
    lambda example: _summarize(records.parse(builder, example))
  )
  with naming_damage(builder):
    rows = list(clips.as_numpy_iterator())
  return RecordIndex(
    builder,
    tuple(files),
    tuple(name.decode() for name, _, _ in rows),
    np.array([length for _, length, _ in rows], np.int64),
    np.array([labelled for _, _, labelled in rows], np.int64),
    np.array(places, np.int64).reshape(-1, 3)[:, :2],
    np.array(places, np.int64).reshape(-1, 3)[:, 2],
  )


def shuffled(numbers: np.ndarray, seed: tf.Tensor) -> tf.data.Dataset:
  """Builds a dataset of numbers in an order that a scalar int64 decides."""
  order = tf.random.experimental.stateless_shuffle(
    tf.constant(numbers, tf.int64), tf.stack([seed, tf.constant(0, tf.int64)])
  )
  return tf.data.Dataset.from_tensor_slices(order)


def _summarize(clip: Dict[str, tf.Tensor]) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
  labelled = tf.reduce_any(clip["visibility"], axis=-1)
  return clip["clip"], tf.shape(clip["frames"])[0], tf.math.count_nonzero(labelled)


def _find_records(file: str) -> List[Tuple[int, int]]:
  """Returns the bytes before each record's header, and the bytes of the record."""
  places = []
  with tf.io.gfile.GFile(os.fspath(file), "rb") as stream:
    total, position = stream.size(), 0
    while position < total:
      header = stream.read(_HEADER)
      length = struct.unpack("<Q", header[:8])[0] if len(header) == _HEADER else total
      places.append((position, length))
      position += _HEADER + length + _FOOTER
      if position > total:
        raise InputError(f"{file}: ends inside a record. Make the data set anew.")
      stream.seek(position)
  return places
