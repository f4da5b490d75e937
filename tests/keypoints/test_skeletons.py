"""The joint tables: what a slip of the pen in them would silently spoil."""

import pytest

from ppn_tf.keypoints.skeletons import SKELETONS


@pytest.fixture(name="skeleton", params=sorted(SKELETONS))
def fixture_skeleton(request):
  return SKELETONS[request.param]


def mirrored(name: str) -> str:
  """The name of the same joint on the other side of the body."""
  return name.replace("right_", "LEFT_").replace("left_", "right_").replace("LEFT_", "left_")


def test_mirroring_exchanges_right_and_left_by_name(skeleton):
  names = skeleton.joint_names
  assert [names[k] for k in skeleton.flip_order] == [mirrored(name) for name in names]


def test_mirroring_twice_changes_nothing(skeleton):
  order = skeleton.flip_order
  assert [order[k] for k in order] == list(range(skeleton.num_joints))


def test_torso_is_a_shoulder_and_the_opposite_hip(skeleton):
  shoulder, hip = (skeleton.joint_names[k] for k in skeleton.torso)
  assert shoulder.endswith("_shoulder") and hip.endswith("_hip")
  assert shoulder.split("_")[0] != hip.split("_")[0]


def test_groups_hold_every_joint_once_and_both_sides_together(skeleton):
  groups = [joints for _, joints in skeleton.groups]
  assert sorted(k for joints in groups for k in joints) == list(range(skeleton.num_joints))
  for joints in groups:
    assert {skeleton.flip_order[k] for k in joints} == set(joints)


def test_limbs_are_symmetric_and_reach_every_joint(skeleton):
  limbs = {frozenset(limb) for limb in skeleton.limbs}
  assert {frozenset(skeleton.flip_order[k] for k in limb) for limb in limbs} == limbs
  assert {k for limb in limbs for k in limb} == set(range(skeleton.num_joints))


def test_penn_action_is_right_first():
  skeleton = SKELETONS["penn_action"]
  assert skeleton.num_joints == 13
  assert [name.split("_")[0] for name in skeleton.joint_names[1:]] == ["right", "left"] * 6
