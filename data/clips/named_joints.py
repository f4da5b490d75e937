"""Skeletons of formats that have joint names, but no place for pairs and torso."""

import pathlib
from typing import Any, Dict, Iterable, List, Sequence, Tuple

import numpy as np

from ppn_tf.keypoints.joint_names import normalize_name
from ppn_tf.keypoints.skeletons import SKELETONS, Skeleton
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.json_text import parse_json

from .skeleton import parse_skeleton

# A file next to the labels with keys of a COCO category: "name", "flip_pairs", "torso", "skeleton".
SKELETON_FILE = "skeleton.json"


def build_skeleton(
  names: Sequence[str], limbs: Iterable[Sequence[int]], folder: pathlib.Path, path: pathlib.Path
) -> Skeleton:
  """Builds a skeleton from the joints of a file.

  Args:
    names: K names.
    limbs: pairs of joint numbers, from 0.
    folder: folder of the source; its SKELETON_FILE adds to the names, and may sort them.
    path: the file of the labels, for messages.
  Raises:
    InputError: pairs or the torso do not follow from the names, and SKELETON_FILE lacks them.
  """
  name = folder.name or "joints"
  category: Dict[str, Any] = {
    "name": f"{name}_joints" if name in SKELETONS else name,
    "keypoints": _sort_as_known(names),
    "skeleton": [],
  }
  if category["keypoints"] == list(names):
    category["skeleton"] = [[int(i) + 1, int(j) + 1] for i, j in limbs]
  extra = folder / SKELETON_FILE
  if extra.is_file():
    try:
      category.update(parse_json(extra.read_bytes()))
    except (OSError, TypeError, ValueError) as error:
      raise InputError(f"{extra}: cannot be read as a JSON object ({error}).") from error
  try:
    return parse_skeleton(category, str(path))
  except InputError as error:
    raise InputError(f"{error} {extra} may hold it.") from error


def order_joints(names: Sequence[str], skeleton: Skeleton) -> List[int]:
  """Returns the place in `names` of each joint of a skeleton that was built from them.

  Raises:
    InputError: a joint is not among the names.
  """
  places = {normalize_name(name): place for place, name in enumerate(names)}
  lacking = [joint for joint in skeleton.joint_names if joint not in places]
  if lacking:
    raise InputError(f"{SKELETON_FILE}: names {lacking[0]!r}, which has no labels. Remove it.")
  return [places[joint] for joint in skeleton.joint_names]


def split_missing(keypoints: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
  """Returns keypoints [K, 2], and [K] bool: True for joints that are not NaN."""
  return keypoints, np.isfinite(keypoints).all(axis=-1)


def _sort_as_known(names: Sequence[str]) -> List[str]:
  """Returns the names in the order of a known skeleton with the same joints, if there is one."""
  normalized = {normalize_name(name): name for name in names}
  for skeleton in SKELETONS.values():
    if set(normalized) == set(skeleton.joint_names) and len(names) == skeleton.num_joints:
      return [normalized[joint] for joint in skeleton.joint_names]
  return list(names)
