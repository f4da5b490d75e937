"""Joints of one system by their names as another's."""

import numpy as np

from ppn_tf.errors import InputError
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.predictions import ClipPredictions

COCO_JOINTS = (
  "nose",
  *(
    f"{side}_{joint}"
    for joint in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
  ),
)


def to_skeleton(predictions: ClipPredictions, skeleton: Skeleton) -> ClipPredictions:
  """The skeleton's joints, each by its name.

  Raises:
    InputError: one of them is not among the predicted joints.
  """
  names = list(predictions.joint_names)
  lacking = [name for name in skeleton.joint_names if name not in names]
  if lacking:
    raise InputError(
      f"clip {predictions.clip}: no {lacking[0]} among the joints {', '.join(names)}. "
      f"Expected {skeleton.name}'s."
    )
  order = np.array([names.index(name) for name in skeleton.joint_names])
  return ClipPredictions(
    clip=predictions.clip,
    joint_names=skeleton.joint_names,
    keypoints=predictions.keypoints[:, order],
    scores=predictions.scores[:, order],
  )
