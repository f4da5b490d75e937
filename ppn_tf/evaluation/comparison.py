"""Scores of several systems on the same clips, frames and joints."""

import sys
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ppn_tf.clips.labels import ClipLabels
from ppn_tf.evaluation import scores
from ppn_tf.evaluation.systems import System, list_some
from ppn_tf.keypoints import joint_maps
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError


def compare_systems(
  systems: Mapping[str, System],
  labels: Mapping[str, ClipLabels],
  clips: Sequence[str],
  skeleton: Skeleton,
  *,
  alpha: float = 0.2,
  common_joints: bool = False,
) -> Dict[str, Dict[str, Any]]:
  """Scores all systems.

  Args:
    systems: systems by name.
    labels: labels of all clips.
    clips: names of the clips to score.
    skeleton: joints of the labels.
    alpha: threshold of PCK, in reference lengths.
    common_joints: score joints that all systems have, instead of all joints.
  Returns:
    Tables of `scores.score` by system, with `torso`, `conditions`, `clips_left_out` and
    `frames_left_out`.
  Raises:
    InputError: predictions that do not fit the labels, or lack a joint.
  """
  left_out = [clip for clip in labels if clip not in clips]
  counts = {
    "clips_left_out": len(left_out),
    "frames_left_out": sum(len(labels[clip].keypoints) for clip in left_out),
  }
  labels = {clip: labels[clip] for clip in clips}
  if common_joints:
    labels, skeleton = restrict_to_common_joints(labels, skeleton, systems)
  tables = {}
  for name, system in systems.items():
    try:
      tables[name] = {**_score_system(name, system, labels, skeleton, alpha), **counts}
    except InputError as error:
      raise InputError(f"{name}: {error}") from error
  return tables


def restrict_to_common_joints(
  labels: Mapping[str, ClipLabels], skeleton: Skeleton, systems: Mapping[str, System]
) -> Tuple[Dict[str, ClipLabels], Skeleton]:
  """Returns labels and skeleton of the joints that all systems have.

  Raises:
    InputError: an end of the torso is not among these.
  """
  names = list_common_joints(skeleton, systems)
  joints = [k for k, name in enumerate(skeleton.joint_names) if name in names]
  try:
    skeleton = skeleton.restricted(names)
  except ValueError as error:
    raise InputError(f"--joints=common: {error}. Leave out a system that lacks it.") from error
  return {clip: of_clip.of_joints(joints) for clip, of_clip in labels.items()}, skeleton


def list_common_joints(skeleton: Skeleton, systems: Mapping[str, System]) -> List[str]:
  """Lists the joints that all systems have, or that follow from what they have."""
  names = list(skeleton.joint_names)
  for system in systems.values():
    for predictions in system.predictions.values():
      obtainable = joint_maps.obtainable(predictions.joint_names, skeleton)
      names = [name for name in names if name in obtainable]
  return names


def _score_system(
  name: str,
  system: System,
  labels: Mapping[str, ClipLabels],
  skeleton: Skeleton,
  alpha: float,
) -> Dict[str, Any]:
  """Scores one system, and warns on stderr about joints that it has not predicted."""
  pairs = [
    (of_clip, joint_maps.to_skeleton(system.predictions[clip], skeleton))
    for clip, of_clip in labels.items()
  ]
  table = scores.score(pairs, skeleton, alpha, system.num_frames)
  counts = {
    of_clip.clip: scores.count_missing(of_clip, predictions) for of_clip, predictions in pairs
  }
  lacking = [f"{clip} ({count})" for clip, count in counts.items() if count]
  if lacking:
    print(
      f"warning: {name}: {table['not_predicted']} visible joints have no finite place and count as "
      f"wrong, in {len(lacking)} clips: {list_some(lacking)}",
      file=sys.stderr,
    )
  torso = [skeleton.joint_names[end] for end in skeleton.torso]
  return {**table, "torso": torso, "conditions": system.about}
