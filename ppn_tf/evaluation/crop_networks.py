"""Runs single-person pose networks of any origin over the crops of clips."""

import abc
from typing import Callable, Collection, Dict, Iterator, Optional, Tuple

import numpy as np

from ppn_tf.clips import pipeline, records
from ppn_tf.keypoints import crops
from ppn_tf.keypoints.predictions import ClipPredictions

import tensorflow as tf
import tensorflow_datasets as tfds

Crop = Tuple[np.ndarray, np.ndarray]
# Frames decoded and cropped at once, so that memory does not grow with the clip.
CHUNK = 8


class CropNetwork(abc.ABC):
  """Finds the joints of one person in crops.

  Attributes:
    joint_names: J joints that the network finds.
    image_size: (height, width) of its crops in pixels.
    recurrent: whether predictions depend on previous crops.
    margin: side of its crops in lengths of the box's longer side.
    start_size: (height, width) of the crops that a recurrent network starts with; None: the same.
    start_scale: side of these crops over that of the others.
    refresh_every: frames after which `refresh` takes another crop for the start; 0: never.
  """

  joint_names: Tuple[str, ...]
  image_size: Tuple[int, int]
  recurrent = False
  margin = 1.25
  start_size: Optional[Tuple[int, int]] = None
  start_scale = 1.0
  refresh_every = 0

  @abc.abstractmethod
  def __call__(self, crop: np.ndarray, affine: np.ndarray, first: bool = True) -> np.ndarray:
    """Finds the joints in one crop.

    Args:
      crop: [H, W, 3] float32, RGB 0..255.
      affine: [2, 3], from frame to crop pixels.
      first: whether to reset a recurrent network, as for the first crop of a clip.
    Returns:
      [J, 3] float: x, y in crop pixels, score.
    """

  def start(self, crop: np.ndarray, affine: np.ndarray, next_affine: np.ndarray) -> None:
    """Resets a recurrent network with a crop of its own; the next call continues from there.

    Args:
      crop: [*start_size, 3] float32, RGB 0..255.
      affine: [2, 3], from frame to crop pixels.
      next_affine: the affine of the next call, which is of the same frame.
    """
    raise NotImplementedError(f"{type(self).__name__} starts with the crops of its calls")

  def refresh(self, crop: np.ndarray, affine: np.ndarray, next_affine: np.ndarray) -> None:
    """Refreshes the previous heatmaps for the next call; takes the same as `start`."""
    raise NotImplementedError(f"{type(self).__name__} has no heatmaps to refresh")

  def predict(
    self,
    builder: tfds.core.DatasetBuilder,
    split: str,
    box: str = "given",
    margin: Optional[float] = None,
    num_frames: int = 0,
    leave_out: Collection[str] = (),
  ) -> Iterator[ClipPredictions]:
    """Predicts the joints of every clip of a split, in the order of the records.

    Args:
      builder: data set of the clips.
      split: name of the split.
      box: one of pipeline.BOXES, the box that the crop follows.
      margin: side of the crop in lengths of the box's longer side; by default the network's own.
      num_frames: T; a recurrent network is reset every T frames. 0 resets it once a clip.
      leave_out: names of clips to skip.
    Raises:
      InputError: If there is no such split, or its files are missing.
    """
    examples = records.serialized_examples(builder, split)
    for clip in examples.map(lambda example: records.parse(builder, example)):
      if clip["clip"].numpy().decode() not in leave_out:
        yield self._predict_clip(clip, box, margin or self.margin, num_frames)

  def _predict_clip(
    self, clip: Dict[str, tf.Tensor], box: str, margin: float, num_frames: int
  ) -> ClipPredictions:
    center, side = crops.box_to_crop(pipeline.person_boxes(clip, box), margin)
    affines = crops.crop_affine(center, side, self.image_size)
    matrices = affines.numpy()
    joints = np.zeros((len(affines), len(self.joint_names), 3), np.float32)
    for first in range(0, len(joints), CHUNK):
      part = slice(first, first + CHUNK)
      images = records.decode_frames(clip["frames"][part])
      cropped = crops.crop_frames(images, affines[part], self.image_size).numpy()
      for frame, crop in enumerate(cropped, first):
        age = frame % (num_frames or len(joints))
        look = self._look_at(age)
        if look is not None:
          start_crop = self._start_crop(images[frame - first], center[frame], side[frame])
          look(*start_crop, matrices[frame])
        joints[frame] = self(crop, matrices[frame], age == 0 and look is None)
    keypoints = crops.transform_points(crops.invert_affine(affines), joints[..., :2]).numpy()
    return ClipPredictions(
      clip["clip"].numpy().decode(), self.joint_names, keypoints, joints[..., 2]
    )

  def _look_at(self, age: int) -> Optional[Callable[[np.ndarray, np.ndarray, np.ndarray], None]]:
    """Returns what takes a crop for the start, `age` frames after the reset; usually nothing."""
    if not self.recurrent:
      return None
    if age:
      return self.refresh if self.refresh_every and age % self.refresh_every == 0 else None
    sizes = self.start_size or self.image_size, self.image_size
    return self.start if sizes[0] != sizes[1] or self.start_scale != 1.0 else None

  def _start_crop(self, image: tf.Tensor, center: tf.Tensor, side: tf.Tensor) -> Crop:
    """Crops one frame for the start of a recurrent network; returns the affine too."""
    size = self.start_size or self.image_size
    affine = crops.crop_affine(center[None], self.start_scale * side[None], size)
    return crops.crop_frames(image[None], affine, size)[0].numpy(), affine[0].numpy()
