"""Converts joints between systems: by name, else by the rules of a table."""

from typing import Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import COCO, Skeleton
from ppn_tf.runtime.errors import InputError

# "right" is the person's own right in all systems.
COCO_JOINTS: Tuple[str, ...] = COCO.joint_names
BLAZEPOSE_JOINTS: Tuple[str, ...] = tuple(
  (
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer "
    "left_ear right_ear mouth_left mouth_right left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_pinky right_pinky left_index right_index "
    "left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle right_ankle "
    "left_heel right_heel left_foot_index right_foot_index"
  ).split()
)
# BODY_25, whose joint 1 is called Neck and joint 8 MidHip.
OPENPOSE_JOINTS: Tuple[str, ...] = tuple(
  (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist pelvis "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear "
    "left_ear left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"
  ).split()
)
MPII_JOINTS: Tuple[str, ...] = tuple(
  (
    "right_ankle right_knee right_hip left_hip left_knee left_ankle pelvis thorax upper_neck "
    "head_top right_wrist right_elbow right_shoulder left_shoulder left_elbow left_wrist"
  ).split()
)

_SHOULDERS = ("left_shoulder", "right_shoulder")
_HIPS = ("left_hip", "right_hip")
_EARS = ("left_ear", "right_ear")
# A joint that a system lacks is the mean of other joints, by the first rule whose joints the
# system has.
RULES: Dict[str, Tuple[Tuple[str, ...], ...]] = {
  # Penn Action's head is the middle of the head, however the person is turned.
  "head": (_EARS, ("head_top", "upper_neck"), ("face",), ("nose",)),
  # Sub-JHMDB's face, neck and belly; its neck is where the shoulders meet.
  "face": (("nose",), ("head",), ("head_top", "upper_neck")),
  "neck": (("thorax",), _SHOULDERS),
  "belly": (("thorax", "pelvis"), (*_SHOULDERS, *_HIPS)),
  # MPII's; its upper neck is at the height of the chin, whose share of the nose is a third.
  "thorax": (("neck",), _SHOULDERS),
  "upper_neck": (("nose", *_SHOULDERS),),
  "pelvis": (_HIPS,),
  # BlazePose's tip of the foot is at its big toe.
  "right_big_toe": (("right_foot_index",),),
  "left_big_toe": (("left_foot_index",),),
}


def sources(joint: str, joint_names: Sequence[str]) -> Optional[Tuple[str, ...]]:
  """Returns the joints of `joint_names` whose mean is `joint`; None without a rule."""
  rules = ((joint,), *RULES.get(joint, ()))
  return next((rule for rule in rules if set(rule) <= set(joint_names)), None)


class JointMapper:
  """Converts joints by name, else by RULES.

  Attributes:
    joint_names: M names of the resulting joints.
    obtainable: [M] bool, whether a joint follows from the given ones.
  """

  def __init__(self, received: Sequence[str], joint_names: Sequence[str]):
    """Finds the joints whose mean is each of `joint_names`.

    Args:
      received: names of K joints.
      joint_names: names of M joints.
    """
    rules = [sources(joint, received) or () for joint in joint_names]
    members: List[List[int]] = [[received.index(name) for name in rule] for rule in rules]
    # Members are repeated equally often, so that means and minima stay the same.
    count = int(np.lcm.reduce([len(ids) or 1 for ids in members] or [1]))
    rows = [(ids or [0]) * (count // (len(ids) or 1)) for ids in members]
    self._members = np.array(rows, int).reshape(-1, count)
    self.joint_names = tuple(joint_names)
    self.obtainable = np.array([bool(ids) for ids in members], bool)

  def __call__(self, keypoints: np.ndarray, scores: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Converts the joints of poses.

    Args:
      keypoints: [..., K, 2].
      scores: [..., K].
    Returns:
      [..., M, 2] float64 keypoints, each the mean of its sources, NaN where one of them is or there
      are none; and [..., M] float64 scores, each the lowest score of its sources, 0 without any.
    """
    places = np.asarray(keypoints, np.float64)[..., self._members, :].mean(axis=-2)
    lowest = np.asarray(scores, np.float64)[..., self._members].min(axis=-1)
    places = np.where(self.obtainable[:, None], places, np.nan)
    return places, np.where(self.obtainable, lowest, 0.0)


def obtainable(joint_names: Sequence[str], skeleton: Skeleton) -> Set[str]:
  """Returns the joints of a skeleton that follow from `joint_names`."""
  return {joint for joint in skeleton.joint_names if sources(joint, joint_names)}


def to_skeleton(
  predictions: ClipPredictions, skeleton: Skeleton, allow_missing: bool = False
) -> ClipPredictions:
  """Converts predictions to the joints of a skeleton: by name, else by RULES.

  Args:
    predictions: [N, J, 2] keypoints of joints with any names.
    skeleton: K joints.
    allow_missing: whether a joint without a rule becomes NaN with score 0.
  Returns:
    [N, K, 2] keypoints, each the mean of its sources and NaN where one of them
    is, and [N, K] scores, each the lowest score of its sources.
  Raises:
    InputError: a joint has no rule.
  """
  received = predictions.joint_names
  for joint in () if allow_missing else skeleton.joint_names:
    if sources(joint, received) is None:
      raise InputError(
        f"{predictions.clip}: {skeleton.name}'s joint {joint!r} cannot be had from the predicted "
        f"joints {', '.join(received)}. Predict it, or score only the joints that both have."
      )
  return to_joints(predictions, skeleton.joint_names)


def to_joints(predictions: ClipPredictions, joint_names: Sequence[str]) -> ClipPredictions:
  """Converts predictions to K joints by name; a joint without a rule is NaN with score 0."""
  mapper = JointMapper(predictions.joint_names, joint_names)
  keypoints, scores = mapper(predictions.keypoints, predictions.scores)
  return ClipPredictions(
    predictions.clip,
    tuple(joint_names),
    keypoints.astype(np.float32),
    scores.astype(np.float32),
  )
