"""Reads frames of a data set for the page: labeled stretches, and frames by index."""

from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from ppn_tf.clips import records
from ppn_tf.evaluation.reporting.moments import Moment, choose_moment, spread
from ppn_tf.evaluation.reporting.predictions import Stretch
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError

import tensorflow as tf
import tensorflow_datasets as tfds

LENGTH = 12  # frames in a stretch: enough to show the recurrence, and fast on one core
MOMENT = 5


def read_samples(
  builder: tfds.core.DatasetBuilder, split: str, num_clips: int
) -> List[Tuple[Stretch, Moment]]:
  """Reads stretches of clips that are evenly spread over a split.

  Each stretch ends with the most interesting frames of its clip, after several
  frames of recurrence.

  Args:
    builder: the data set.
    split: name of the split, such as "test".
    num_clips: number of clips; at most those of the split.
  Returns:
    The stretches, each with the moment to show; `moment.first` counts from the
    first frame of the stretch.
  Raises:
    InputError: If the split does not exist or is empty.
  """
  skeleton = records.read_skeleton(builder)
  indices = spread(records.num_clips(builder, split), num_clips)
  if not indices:
    raise InputError(
      f"{builder.data_dir}: the split {split!r} is empty. Name another with --eval_split."
    )
  samples = []
  serialized = records.serialized_examples(builder, split).take(indices[-1] + 1)
  for index, example in enumerate(serialized):
    if index in indices:
      clip = {name: value.numpy() for name, value in records.parse(builder, example).items()}
      if len(clip["frames"]):
        samples.append(_stretch(clip, skeleton))
  return samples


def read_frames(
  builder: tfds.core.DatasetBuilder, split: str, indices: Mapping[str, Sequence[int]]
) -> Dict[str, np.ndarray]:
  """Reads some frames of some clips.

  Args:
    builder: the data set.
    split: name of the split, such as "test".
    indices: ascending indices of frames by clip.
  Returns:
    [N, H, W, 3] uint8 by clip.
  """
  frames: Dict[str, np.ndarray] = {}
  clips = tqdm(
    records.serialized_examples(builder, split),
    total=records.num_clips(builder, split),
    desc="frames",
    unit="clip",
    disable=None,
  )
  for example in clips:
    clip = records.parse(builder, example)
    name = clip["clip"].numpy().decode("utf-8")
    if name in indices:
      frames[name] = records.decode_frames(tf.gather(clip["frames"], list(indices[name]))).numpy()
    if len(frames) == len(indices):
      break
  return frames


def _stretch(clip: Dict[str, Any], skeleton: Skeleton) -> Tuple[Stretch, Moment]:
  moment = choose_moment(clip["keypoints"], clip["visibility"], clip["boxes"], skeleton, MOMENT)
  total = len(clip["frames"])
  first = max(0, min(moment.first + moment.length, total) - LENGTH)
  chosen = slice(first, min(first + LENGTH, total))
  stretch = Stretch(
    clip=clip["clip"].decode("utf-8"),
    first=first,
    frames=records.decode_frames(clip["frames"][chosen]).numpy(),
    keypoints=clip["keypoints"][chosen],
    visibility=clip["visibility"][chosen],
    boxes=clip["boxes"][chosen],
  )
  within = Moment(moment.joint, moment.first - first, moment.length, moment.interest, moment.reason)
  return stretch, within
