"""Joint names, mirror pairs, limbs, torso ends and PCK groups per data set."""

import dataclasses
import json
from typing import Any, Dict, Mapping, Sequence, Tuple

from ppn_tf.runtime.json_text import parse_json


@dataclasses.dataclass(frozen=True)
class Skeleton:
  """Joints of a data set.

  Attributes:
    name: the data set's name.
    joint_names: K names; "right" is the person's own right.
    flip_pairs: (i, j) joints that swap in a mirrored image.
    limbs: (i, j) joints that a drawing connects.
    torso: (i, j) a shoulder and the opposite hip, whose distance is the reference length of
      PCK-torso.
    groups: (name, joints) rows of the papers' tables, in their order. Joints that the tables
      omit are in no group; they count in means over joints.
  """

  name: str
  joint_names: Tuple[str, ...]
  flip_pairs: Tuple[Tuple[int, int], ...]
  limbs: Tuple[Tuple[int, int], ...]
  torso: Tuple[int, int]
  groups: Tuple[Tuple[str, Tuple[int, ...]], ...]

  @property
  def num_joints(self) -> int:
    return len(self.joint_names)

  @property
  def flip_order(self) -> Tuple[int, ...]:
    """Order of the K joints in a mirrored image."""
    order = list(range(self.num_joints))
    for i, j in self.flip_pairs:
      order[i], order[j] = j, i
    return tuple(order)

  def with_torso(self, ends: Sequence[str]) -> "Skeleton":
    """Returns the skeleton with another torso, between two joints by name.

    Raises:
      ValueError: `ends` are not two of its joints.
    """
    if len(ends) != 2 or len(set(ends) & set(self.joint_names)) != 2:
      raise ValueError(f"expected two of {', '.join(self.joint_names)}")
    first, second = map(self.joint_names.index, ends)
    return dataclasses.replace(self, torso=(first, second))

  def restricted(self, names: Sequence[str]) -> "Skeleton":
    """Returns the skeleton of some of its joints, in its order.

    Raises:
      ValueError: an end of the torso is not among them.
    """
    kept = [k for k, name in enumerate(self.joint_names) if name in names]
    new = {old: place for place, old in enumerate(kept)}
    missing = [self.joint_names[end] for end in self.torso if end not in new]
    if missing:
      raise ValueError(f"without {missing[0]}, an end of the torso, there is no PCK-torso")
    groups = ((name, tuple(new[k] for k in ids if k in new)) for name, ids in self.groups)
    return Skeleton(
      name=self.name if len(kept) == self.num_joints else f"{self.name} ({len(kept)} joints)",
      joint_names=tuple(self.joint_names[k] for k in kept),
      flip_pairs=tuple((new[i], new[j]) for i, j in self.flip_pairs if i in new and j in new),
      limbs=tuple((new[i], new[j]) for i, j in self.limbs if i in new and j in new),
      torso=(new[self.torso[0]], new[self.torso[1]]),
      groups=tuple((name, ids) for name, ids in groups if ids),
    )


# Penn Action's own notes call the first joint of each pair "left"; on the
# images it is the person's right.
PENN_ACTION = Skeleton(
  name="penn_action",
  joint_names=(
    "head",
    "right_shoulder",
    "left_shoulder",
    "right_elbow",
    "left_elbow",
    "right_wrist",
    "left_wrist",
    "right_hip",
    "left_hip",
    "right_knee",
    "left_knee",
    "right_ankle",
    "left_ankle",
  ),
  flip_pairs=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12)),
  limbs=(
    (0, 1),
    (0, 2),
    (1, 2),
    (1, 3),
    (3, 5),
    (2, 4),
    (4, 6),
    (1, 7),
    (2, 8),
    (7, 8),
    (7, 9),
    (9, 11),
    (8, 10),
    (10, 12),
  ),
  torso=(2, 7),
  groups=(
    ("Head", (0,)),
    ("Sho", (1, 2)),
    ("Elb", (3, 4)),
    ("Wri", (5, 6)),
    ("Hip", (7, 8)),
    ("Knee", (9, 10)),
    ("Ank", (11, 12)),
  ),
)

# JHMDB's 15 joints in the order of its pos_img. The field's tables have one
# joint for the head, and no row for neck and belly.
SUB_JHMDB = Skeleton(
  name="sub_jhmdb",
  joint_names=(
    "neck",
    "belly",
    "face",
    "right_shoulder",
    "left_shoulder",
    "right_hip",
    "left_hip",
    "right_elbow",
    "left_elbow",
    "right_knee",
    "left_knee",
    "right_wrist",
    "left_wrist",
    "right_ankle",
    "left_ankle",
  ),
  flip_pairs=((3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14)),
  limbs=(
    (0, 1),
    (0, 2),
    (0, 3),
    (0, 4),
    (1, 5),
    (1, 6),
    (3, 7),
    (7, 11),
    (4, 8),
    (8, 12),
    (5, 9),
    (9, 13),
    (6, 10),
    (10, 14),
  ),
  torso=(4, 5),
  groups=(
    ("Head", (2,)),
    ("Sho", (3, 4)),
    ("Elb", (7, 8)),
    ("Wri", (11, 12)),
    ("Hip", (5, 6)),
    ("Knee", (9, 10)),
    ("Ank", (13, 14)),
  ),
)

# COCO's 17 joints in COCO's order, which MoveNet and most pose networks have too. The tables'
# head is the nose; eyes and ears count in the means alone.
COCO = Skeleton(
  name="coco",
  joint_names=(
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
  ),
  flip_pairs=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)),
  limbs=(
    (0, 1),
    (0, 2),
    (1, 3),
    (2, 4),
    (5, 6),
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (5, 11),
    (6, 12),
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
  ),
  torso=(5, 12),
  groups=(
    ("Head", (0,)),
    ("Sho", (5, 6)),
    ("Elb", (7, 8)),
    ("Wri", (9, 10)),
    ("Hip", (11, 12)),
    ("Knee", (13, 14)),
    ("Ank", (15, 16)),
  ),
)

SKELETONS = {skeleton.name: skeleton for skeleton in (PENN_ACTION, SUB_JHMDB, COCO)}


def find_skeleton(text: str) -> Skeleton:
  """Returns a known skeleton by name, or parses one from JSON.

  Raises:
    ValueError: `text` is neither.
  """
  if text in SKELETONS:
    return SKELETONS[text]
  try:
    definition = parse_json(text)
  except (ValueError, RecursionError) as error:
    raise ValueError(f"{text!r} is no skeleton. Known: {', '.join(sorted(SKELETONS))}") from error
  return from_dict(definition)


def to_text(skeleton: Skeleton) -> str:
  """Returns a skeleton as text for `find_skeleton`: its name if known, else JSON."""
  if SKELETONS.get(skeleton.name) == skeleton:
    return skeleton.name
  return json.dumps(to_dict(skeleton), separators=(",", ":"))


def to_dict(skeleton: Skeleton) -> Dict[str, Any]:
  """Converts a skeleton to a dictionary for JSON, with lists in place of tuples."""
  return json.loads(json.dumps(dataclasses.asdict(skeleton)))


def from_dict(definition: Mapping[str, Any]) -> Skeleton:
  """Builds a skeleton from the dictionary of `to_dict`.

  Raises:
    ValueError: an entry is missing, or a joint number is out of range.
  """
  try:
    skeleton = Skeleton(
      name=str(definition["name"]),
      joint_names=tuple(str(name) for name in definition["joint_names"]),
      flip_pairs=tuple((int(i), int(j)) for i, j in definition["flip_pairs"]),
      limbs=tuple((int(i), int(j)) for i, j in definition["limbs"]),
      torso=(int(definition["torso"][0]), int(definition["torso"][1])),
      groups=tuple((str(name), tuple(map(int, joints))) for name, joints in definition["groups"]),
    )
  except (IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
    raise ValueError(f"no skeleton's definition ({type(error).__name__}: {error})") from error
  pairs = (*skeleton.flip_pairs, *skeleton.limbs, skeleton.torso)
  used = {joint for group in (*pairs, *dict(skeleton.groups).values()) for joint in group}
  if not used <= set(range(skeleton.num_joints)):
    raise ValueError(f"joint {max(used)} of a skeleton of {skeleton.num_joints} joints")
  return skeleton
