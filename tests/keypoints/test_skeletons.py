"""Tests of the joint tables, in which a typo would cause silent errors."""

import pytest

from ppn_tf.keypoints.skeletons import SKELETONS


@pytest.fixture(name="skeleton", params=sorted(SKELETONS))
def fixture_skeleton(request):
  return SKELETONS[request.param]


def mirror_name(name: str) -> str:
  """Returns the name of the same joint on the other side of the body."""
  return name.replace("right_", "LEFT_").replace("left_", "right_").replace("LEFT_", "left_")


def test_flip_order_swaps_left_and_right_names(skeleton):
  names = skeleton.joint_names
  assert [names[k] for k in skeleton.flip_order] == [mirror_name(name) for name in names]


def test_flipping_twice_restores_the_order(skeleton):
  order = skeleton.flip_order
  assert [order[k] for k in order] == list(range(skeleton.num_joints))


def test_torso_is_a_shoulder_and_the_opposite_hip(skeleton):
  shoulder, hip = (skeleton.joint_names[k] for k in skeleton.torso)
  assert shoulder.endswith("_shoulder") and hip.endswith("_hip")
  assert shoulder.split("_")[0] != hip.split("_")[0]


def test_groups_are_the_columns_of_the_paper_and_contain_both_sides(skeleton):
  names, groups = zip(*skeleton.groups)
  assert names == ("Head", "Sho", "Elb", "Wri", "Hip", "Knee", "Ank")
  joints = [k for group in groups for k in group]
  assert len(joints) == len(set(joints))
  for group in groups:
    assert {skeleton.flip_order[k] for k in group} == set(group)
  for name, group in skeleton.groups[1:]:
    assert all(skeleton.joint_names[k].split("_")[1].startswith(name.lower()) for k in group)


def test_only_neck_belly_eyes_and_ears_have_no_group(skeleton):
  grouped = {k for _, group in skeleton.groups for k in group}
  others = {name for k, name in enumerate(skeleton.joint_names) if k not in grouped}
  assert others <= {"neck", "belly", "left_eye", "right_eye", "left_ear", "right_ear"}


def test_limbs_are_symmetric_and_reach_every_joint(skeleton):
  limbs = {frozenset(limb) for limb in skeleton.limbs}
  assert {frozenset(skeleton.flip_order[k] for k in limb) for limb in limbs} == limbs
  assert {k for limb in limbs for k in limb} == set(range(skeleton.num_joints))


def test_penn_action_lists_right_joints_first():
  skeleton = SKELETONS["penn_action"]
  assert skeleton.num_joints == 13
  assert [name.split("_")[0] for name in skeleton.joint_names[1:]] == ["right", "left"] * 6


def test_sub_jhmdb_has_the_order_of_its_labels():
  abbreviated = [
    name.replace("right_", "R").replace("left_", "L") for name in SKELETONS["sub_jhmdb"].joint_names
  ]
  expected = "neck belly face Rsho Lsho Rhip Lhip Relb Lelb Rkne Lkne Rwri Lwri Rank Lank"
  for name, short in zip(abbreviated, expected.split()):
    assert name[0] == short[0] and name.replace("wrist", "wri").startswith(short)
  assert len(abbreviated) == 15


def test_with_torso(skeleton):
  changed = skeleton.with_torso(("right_shoulder", "left_hip"))
  assert [skeleton.joint_names[end] for end in changed.torso] == ["right_shoulder", "left_hip"]
  assert changed.with_torso(("left_shoulder", "right_hip")) == skeleton
  for ends in (["left_hip"], ["left_hip", "left_hip"], ["left_hip", "tail"]):
    with pytest.raises(ValueError, match="expected two of "):
      skeleton.with_torso(ends)
