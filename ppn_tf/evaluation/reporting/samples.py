"""Frames of a data set for the page's pictures: labelled stretches, and frames by number."""

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

LENGTH = 12  # frames in a stretch: enough for the recurrence to show, quick on one core
MOMENT = 5


def read_samples(
  builder: tfds.core.DatasetBuilder, split: str, num_clips: int
) -> List[Tuple[Stretch, Moment]]:
  """Reads stretches of clips that lie evenly spread over a split.

  Each stretch ends with its clip's most interesting frames, so that a
  recurrence has come into its stride by then.

  Args:
    builder: the data set.
    split: "test", say.
    num_clips: how many clips, fewer if the split has fewer.
  Returns:
    The stretches, each with the moment to look at; `moment.first` counts from
    the stretch's first frame.
  Raises:
    InputError: the split is not there or empty.
  """
  skeleton = records.skeleton_of(builder)
  wanted = spread(records.num_clips(builder, split), num_clips)
  if not wanted:
    raise InputError(
      f"{builder.data_dir}: the split {split!r} is empty. Name another with --eval_split."
    )
  samples = []
  serialized = records.serialized_examples(builder, split).take(wanted[-1] + 1)
  for index, example in enumerate(serialized):
    if index in wanted:
      clip = {name: value.numpy() for name, value in records.parse(builder, example).items()}
      if len(clip["frames"]):
        samples.append(_stretch(clip, skeleton))
  return samples


def read_frames(
  builder: tfds.core.DatasetBuilder, split: str, wanted: Mapping[str, Sequence[int]]
) -> Dict[str, np.ndarray]:
  """Some frames of some clips, [N, H, W, 3] uint8 by clip.

  Args:
    builder: the data set.
    split: "test", say.
    wanted: by clip the indices of its frames, ascending.
  """
  found: Dict[str, np.ndarray] = {}
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
    if name in wanted:
      found[name] = records.decode_frames(tf.gather(clip["frames"], list(wanted[name]))).numpy()
    if len(found) == len(wanted):
      break
  return found


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
