"""A model's joints in the clips of a data set, each frame cropped about the pose before it."""

from typing import Collection, Iterator

import numpy as np

from ppn_tf.clips import records
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.tracking.tracker import Tracker

import tensorflow as tf
import tensorflow_datasets as tfds

_CHUNK = 32  # frames decoded at a time


def follow(
  tracker: Tracker,
  builder: tfds.core.DatasetBuilder,
  split: str,
  *,
  num_frames: int = 0,
  leave_out: Collection[str] = (),
) -> Iterator[ClipPredictions]:
  """Tracks one person through every clip without a look at the labels.

  The first frame is searched as a whole; from then on the tracker's own pose
  says where to look.

  Args:
    tracker: of the network to evaluate.
    builder, split: the records.
    num_frames: T; HeadNet begins anew after so many frames, in the box that the
      frame before left. 0 begins once a clip.
    leave_out: names of clips that are not wanted.
  """
  dataset = records.serialized_examples(builder, split)
  for clip in dataset.map(lambda example: records.parse(builder, example)):
    name = clip["clip"].numpy().decode()
    if name in leave_out:
      continue
    tracker.reset()
    poses = []
    for number, frame in enumerate(_decoded(clip["frames"])):
      if num_frames and number and number % num_frames == 0:
        tracker.restart()
      poses.append(tracker.update(frame))
    yield ClipPredictions(
      clip=name,
      joint_names=tracker.skeleton.joint_names,
      keypoints=np.stack([pose.keypoints for pose in poses]),
      scores=np.stack([pose.scores for pose in poses]),
    )


def _decoded(frames: tf.Tensor) -> Iterator[np.ndarray]:
  for first in range(0, len(frames), _CHUNK):
    yield from records.decode_frames(frames[first : first + _CHUNK]).numpy()
