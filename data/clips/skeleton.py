"""Skeleton of a COCO-style category: a known one, or one made from joint names."""

from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ppn_tf.keypoints.joint_names import find_mirroring, normalize_name, read_sides
from ppn_tf.keypoints.skeletons import SKELETONS, Skeleton
from ppn_tf.runtime.errors import InputError


def parse_skeleton(category: Mapping[str, Any], where: str) -> Skeleton:
  """Returns the skeleton of a category.

  Args:
    category: either "skeleton", the name of a known skeleton; or "keypoints", the names of K
      joints, with optional "skeleton", limbs as pairs of joint numbers from 1, "flip_pairs" and
      "torso", pairs of names. By default, joints named left and right form pairs (see
      `joint_names`), and the torso reaches from the left shoulder to the right hip.
    where: name of the category in messages.
  Raises:
    InputError: a field is missing or contradicts another one.
  """
  limbs = category.get("skeleton") or []
  names = _names(category, where)
  if isinstance(limbs, str):
    if limbs not in SKELETONS:
      known = ", ".join(sorted(SKELETONS))
      raise InputError(f'{where}: "skeleton" is {limbs!r}. Known skeletons: {known}.')
    if names and names != SKELETONS[limbs].joint_names:
      raise InputError(f'{where}: "keypoints" are not those of {limbs}. Remove them.')
    return SKELETONS[limbs]
  if not names:
    raise InputError(f'{where}: lacks "keypoints", the names of the joints.')
  for known_skeleton in SKELETONS.values():
    if names == known_skeleton.joint_names:
      return known_skeleton
  name = str(category.get("name", ""))
  if not name or name in SKELETONS:
    raise InputError(f'{where}: "name" is {name!r}. Give the skeleton another name.')
  pairs = _flip_pairs(category, names, where)
  return Skeleton(
    name=name,
    joint_names=names,
    flip_pairs=pairs,
    limbs=_limbs(limbs, len(names), where),
    torso=_torso(category, names, where),
    groups=_groups(names, pairs),
  )


def _names(category: Mapping[str, Any], where: str) -> Tuple[str, ...]:
  given = category.get("keypoints", [])
  if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
    raise InputError(f'{where}: "keypoints" must be a list of names.')
  names = tuple(normalize_name(name) for name in given)
  if not all(names):
    raise InputError(f'{where}: "keypoints" has a name without letters. Name each joint.')
  if len(set(names)) != len(names):
    raise InputError(f'{where}: "keypoints" has a duplicate name.')
  return names


def _pair(given: Any, names: Sequence[str], key: str, where: str) -> Tuple[int, int]:
  """Returns the numbers of two named joints."""
  if not isinstance(given, list) or len(given) != 2:
    raise InputError(f'{where}: "{key}" requires the names of two joints. Received: {given}')
  normalized = [normalize_name(str(name)) for name in given]
  unknown = [name for name in normalized if name not in names]
  if unknown:
    raise InputError(f'{where}: "{key}" names {unknown[0]!r}, which is not in "keypoints".')
  return names.index(normalized[0]), names.index(normalized[1])


def _flip_pairs(
  category: Mapping[str, Any], names: Sequence[str], where: str
) -> Tuple[Tuple[int, int], ...]:
  given = category.get("flip_pairs")
  if given is not None:
    if not isinstance(given, list):
      raise InputError(f'{where}: "flip_pairs" must be a list of pairs of names.')
    pairs = [_pair(pair, names, "flip_pairs", where) for pair in given]
    joints = [joint for pair in pairs for joint in pair]
    if len(set(joints)) != len(joints):
      raise InputError(f'{where}: "flip_pairs" has a duplicate joint.')
    return tuple(pairs)
  mirroring = find_mirroring(tuple(names))
  for joint, partner in mirroring.lacking.items():
    raise InputError(
      f'{where}: "keypoints" has {names[joint]} without {partner}. Give "flip_pairs", pairs of '
      "names."
    )
  if not mirroring.pairs:
    raise InputError(
      f'{where}: "keypoints" has no names for left and right. Give "flip_pairs", pairs of names '
      "that a mirrored picture exchanges, or [] if there are none."
    )
  return mirroring.pairs


def _limbs(given: Any, num_joints: int, where: str) -> Tuple[Tuple[int, int], ...]:
  limbs = []
  for limb in given if isinstance(given, list) else [given]:
    is_pair = isinstance(limb, list) and len(limb) == 2
    if not is_pair or not all(isinstance(j, int) and 1 <= j <= num_joints for j in limb):
      raise InputError(
        f'{where}: "skeleton" must hold pairs of joint numbers, 1 to {num_joints}. Received: {limb}'
      )
    limbs.append((limb[0] - 1, limb[1] - 1))
  return tuple(limbs)


def _torso(category: Mapping[str, Any], names: Sequence[str], where: str) -> Tuple[int, int]:
  given = category.get("torso")
  if given is not None:
    return _pair(given, names, "torso", where)
  for shoulder, name in enumerate(names):
    for reading in (reading for tier in read_sides(name) for reading in tier):
      hip = reading.mirrored.replace("shoulder", "hip")
      if reading.is_left and reading.rest == "shoulder" and hip in names:
        return shoulder, names.index(hip)
  raise InputError(
    f'{where}: has no left_shoulder and right_hip. Give "torso", the names of two joints '
    "whose distance is the reference length of PCK."
  )


def _groups(
  names: Sequence[str], pairs: Sequence[Tuple[int, int]]
) -> Tuple[Tuple[str, Tuple[int, ...]], ...]:
  """Returns a group for each pair and each joint without a partner, in the joints' order."""
  partner: Dict[int, int] = dict(pairs)
  second = set(partner.values())
  groups: List[Tuple[str, Tuple[int, ...]]] = []
  for joint, name in enumerate(names):
    if joint in second:
      continue
    title = _shared_name(names, joint, partner) if joint in partner else name
    if title.capitalize() in dict(groups):
      title = name
    joints = (joint, partner[joint]) if joint in partner else (joint,)
    groups.append((title.capitalize(), joints))
  return tuple(groups)


def _shared_name(names: Sequence[str], joint: int, partner: Mapping[int, int]) -> str:
  """Returns the name of a pair without its side, or the joint's name if the names differ more."""
  other = names[partner[joint]]
  for reading in (reading for tier in read_sides(names[joint]) for reading in tier):
    if reading.mirrored == other and reading.rest:
      return reading.rest
  return names[joint]
