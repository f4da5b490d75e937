"""Labels of a data set by clip, without frames."""

import dataclasses
from typing import Dict, Sequence, Tuple

import numpy as np

from ppn_tf.clips import records
from ppn_tf.clips.damaged_records import naming_damage

import tensorflow as tf
import tensorflow_datasets as tfds


@dataclasses.dataclass(frozen=True)
class ClipLabels:
  """Labels of one clip of N frames.

  Attributes:
    clip: name of the clip.
    action: action of the person; may be empty.
    keypoints: [N, K, 2] float32, (x, y) in frame pixels.
    visibility: [N, K] bool.
    boxes: [N, 4] float32, (x1, y1, x2, y2) in frame pixels.
    image_size: (H, W) of the frames in pixels.
  """

  clip: str
  action: str
  keypoints: np.ndarray
  visibility: np.ndarray
  boxes: np.ndarray
  image_size: Tuple[int, int]

  def of_joints(self, joints: Sequence[int]) -> "ClipLabels":
    """Returns the labels of some joints, by number."""
    return dataclasses.replace(
      self,
      keypoints=self.keypoints[:, list(joints)],
      visibility=self.visibility[:, list(joints)],
    )


@tf.autograph.experimental.do_not_convert
def read_labels(builder: tfds.core.DatasetBuilder, split: str) -> Dict[str, ClipLabels]:
  """Reads labels of all clips of a split, by clip name in the order of the records.

  Raises:
    InputError: no such split, or its files are missing or damaged.
  """
  dataset = records.serialized_examples(builder, split)
  dataset = dataset.map(lambda example: _without_frames(builder, example))
  labels = {}
  with naming_damage(builder):
    clips = list(dataset.as_numpy_iterator())
  for clip in clips:
    name = clip["clip"].decode()
    height, width = (int(length) for length in clip["image_size"])
    labels[name] = ClipLabels(
      clip=name,
      action=clip["action"].decode(),
      keypoints=clip["keypoints"],
      visibility=clip["visibility"],
      boxes=clip["boxes"],
      image_size=(height, width),
    )
  return labels


def _without_frames(builder: tfds.core.DatasetBuilder, example: tf.Tensor) -> Dict[str, tf.Tensor]:
  clip = records.parse(builder, example)
  del clip["frames"]
  return clip
