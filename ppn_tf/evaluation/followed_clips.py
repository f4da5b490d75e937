"""Predicts joints in clips with crops that follow the previous pose instead of labels."""

from typing import Collection, Iterator

import numpy as np

from ppn_tf.clips import records
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.tracking.tracker import Tracker

import tensorflow as tf
import tensorflow_datasets as tfds

_CHUNK = 32  # frames decoded at once


def follow(
  tracker: Tracker,
  builder: tfds.core.DatasetBuilder,
  split: str,
  *,
  num_frames: int = 0,
  leave_out: Collection[str] = (),
  from_labeled_box: bool = False,
) -> Iterator[ClipPredictions]:
  """Tracks one person through every clip without using labels.

  The tracker searches the whole first frame; from then on its own pose gives the crop.

  Args:
    tracker: tracker of the network to evaluate.
    builder: data set of the clips.
    split: name of the split.
    num_frames: T; HeadNet restarts every T frames, in the box after the previous
      frame. 0 starts once a clip.
    leave_out: names of clips to skip.
    from_labeled_box: whether each clip starts with the labeled box of its first frame, instead of
      a search.
  """
  dataset = records.serialized_examples(builder, split)
  for clip in dataset.map(lambda example: records.parse(builder, example)):
    name = clip["clip"].numpy().decode()
    if name in leave_out:
      continue
    tracker.reset(clip["boxes"][0].numpy() if from_labeled_box else None)
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
