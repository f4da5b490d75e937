"""Networks that are shown a clip's crops one after the other, whoever made them."""

import abc
from typing import Collection, Dict, Iterator, Tuple

import numpy as np

from ppn_tf.clips import pipeline, records
from ppn_tf.keypoints import crops
from ppn_tf.keypoints.predictions import ClipPredictions

import tensorflow as tf
import tensorflow_datasets as tfds

# Frames decoded and cropped at a time: what is in memory does not grow with a clip.
CHUNK = 8


class CropNetwork(abc.ABC):
  """A pose network that finds one person's joints in crops.

  Attributes:
    joint_names: the J joints that it finds.
    image_size: (height, width) of its crops in pixels.
    recurrent: whether its answer depends on the crops before.
  """

  joint_names: Tuple[str, ...]
  image_size: Tuple[int, int]
  recurrent = False

  @abc.abstractmethod
  def __call__(self, crop: np.ndarray, affine: np.ndarray, first: bool = True) -> np.ndarray:
    """The joints in one crop.

    Args:
      crop: [H, W, 3] float32, RGB 0..255.
      affine: [2, 3], from frame to crop pixels.
      first: whether it is the first of its clip; else a recurrent network remembers
        those before.
    Returns:
      [J, 3]: x, y in crop pixels, score.
    """

  def predict(
    self,
    builder: tfds.core.DatasetBuilder,
    split: str,
    box: str = "given",
    margin: float = 1.25,
    num_frames: int = 0,
    leave_out: Collection[str] = (),
  ) -> Iterator[ClipPredictions]:
    """The joints of every clip of a split, in the order of the records.

    Args:
      builder, split: the records.
      box: one of pipeline.BOXES: by which box the person is cropped.
      margin: the crop's side is this times the box's longer side.
      num_frames: T: a recurrent network begins anew every T frames; 0: once a clip.
      leave_out: names of clips that are not wanted.
    Raises:
      InputError: no such split, or its files are missing.
    """
    examples = records.serialized_examples(builder, split)
    for clip in examples.map(lambda example: records.parse(builder, example)):
      if clip["clip"].numpy().decode() not in leave_out:
        yield self._predict_clip(clip, box, margin, num_frames)

  def _predict_clip(
    self, clip: Dict[str, tf.Tensor], box: str, margin: float, num_frames: int
  ) -> ClipPredictions:
    center, side = crops.box_to_crop(pipeline.person_boxes(clip, box), margin)
    affines = crops.crop_affine(center, side, self.image_size)
    places = affines.numpy()
    found = np.zeros((len(affines), len(self.joint_names), 3), np.float32)
    for first in range(0, len(found), CHUNK):
      part = slice(first, first + CHUNK)
      images = records.decode_frames(clip["frames"][part])
      shown = crops.crop_frames(images, affines[part], self.image_size).numpy()
      for frame, crop in enumerate(shown, first):
        first_of_all = frame % (num_frames or len(found)) == 0
        found[frame] = self(crop, places[frame], first_of_all)
    keypoints = crops.transform_points(crops.invert_affine(affines), found[..., :2]).numpy()
    return ClipPredictions(
      clip["clip"].numpy().decode(), self.joint_names, keypoints, found[..., 2]
    )
