"""Records of many tiny clips for the tests, in a chosen number of files."""

import pathlib
from typing import Any, Dict, Iterator, Sequence, Tuple

import numpy as np

from tests.record_features import features

import tensorflow as tf
import tensorflow_datasets as tfds

SIZE = (8, 10)
JOINTS = 13


class ManyClips(tfds.core.GeneratorBasedBuilder):
  """Clips of given lengths whose labels lie every `every` frames; clip n is named by n."""

  VERSION = tfds.core.Version("1.0.0")

  def __init__(self, lengths: Sequence[int], every: int = 1, **arguments: Any):
    self._lengths, self._every = lengths, every
    super().__init__(**arguments)

  def _info(self) -> tfds.core.DatasetInfo:
    return tfds.core.DatasetInfo(
      builder=self,
      features=features(),
      metadata=tfds.core.MetadataDict(skeleton="penn_action"),
    )

  def _split_generators(self, dl_manager: Any) -> Dict[str, Any]:
    return {"train": self._generate_examples()}

  def _generate_examples(self) -> Iterator[Tuple[str, Dict[str, Any]]]:
    frame = tf.io.encode_jpeg(np.zeros((*SIZE, 3), np.uint8)).numpy()
    for number, length in enumerate(self._lengths):
      numbers = np.arange(length)
      # Joint k of frame n is at (1 + n / 100, 1 + k / 10), in the middle of the frame.
      keypoints = np.ones((length, JOINTS, 2), np.float32)
      keypoints[..., 0] += numbers[:, None] / 100
      keypoints[..., 1] += np.arange(JOINTS) / 10
      yield (
        f"{number:04d}",
        {
          "clip": f"{number:04d}",
          "action": "",
          "frames": [frame] * length,
          "keypoints": keypoints,
          "visibility": np.tile(numbers[:, None] % self._every == 0, [1, JOINTS]),
          "boxes": np.tile(np.float32([0, 0, 9, 7]), [length, 1]),
          "image_size": np.array(SIZE, np.int32),
        },
      )


def write(folder: pathlib.Path, lengths: Sequence[int], num_files: int, every: int = 1) -> None:
  """Writes the records below a folder."""
  config = tfds.download.DownloadConfig(try_download_gcs=False, num_shards=num_files)
  builder = ManyClips(lengths, every, data_dir=str(folder))
  builder.download_and_prepare(download_config=config)
