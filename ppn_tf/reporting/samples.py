"""A few labelled stretches of a data set, chosen for their pictures."""

import os
from typing import Any, Dict, List, Tuple, Union

import numpy as np

from ppn_tf.clips import records
from ppn_tf.errors import InputError
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.reporting.moments import Moment, choose_moment, spread
from ppn_tf.reporting.predictions import Stretch

import tensorflow as tf

LENGTH = 12  # frames in a stretch: enough for the recurrence to show, quick on one core
MOMENT = 5


def read_samples(
  dataset: Union[str, os.PathLike], split: str, num_clips: int
) -> Tuple[Skeleton, List[Tuple[Stretch, Moment]]]:
  """Reads stretches of clips that lie evenly spread over a split.

  Each stretch ends with its clip's most interesting frames, so that a
  recurrence has come into its stride by then.

  Args:
    dataset: what `records.open_records` takes.
    split: "test", say.
    num_clips: how many clips, fewer if the split has fewer.
  Returns:
    The data set's skeleton, and the stretches, each with the moment to look
    at; `moment.first` counts from the stretch's first frame.
  Raises:
    InputError: the data set or its split is not there or empty.
  """
  builder = records.open_records(dataset)
  skeleton = records.skeleton_of(builder)
  wanted = spread(records.num_clips(builder, split), num_clips)
  if not wanted:
    raise InputError(f"{dataset}: the split {split!r} is empty. Name another with --eval_split.")
  samples = []
  serialized = records.serialized_examples(builder, split).take(wanted[-1] + 1)
  for index, example in enumerate(serialized):
    if index in wanted:
      clip = {name: value.numpy() for name, value in records.parse(builder, example).items()}
      if len(clip["frames"]):
        samples.append(_stretch(clip, skeleton))
  return skeleton, samples


def _stretch(clip: Dict[str, Any], skeleton: Skeleton) -> Tuple[Stretch, Moment]:
  moment = choose_moment(clip["keypoints"], clip["visibility"], clip["boxes"], skeleton, MOMENT)
  total = len(clip["frames"])
  first = max(0, min(moment.first + moment.length, total) - LENGTH)
  chosen = slice(first, min(first + LENGTH, total))
  frames = [tf.io.decode_jpeg(frame, channels=3).numpy() for frame in clip["frames"][chosen]]
  stretch = Stretch(
    clip=clip["clip"].decode("utf-8"),
    first=first,
    frames=np.stack(frames),
    keypoints=clip["keypoints"][chosen],
    visibility=clip["visibility"][chosen],
    boxes=clip["boxes"][chosen],
  )
  within = Moment(moment.joint, moment.first - first, moment.length, moment.interest, moment.reason)
  return stretch, within
