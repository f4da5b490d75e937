"""Tests of skeletons from joint names in the spellings of annotation tools."""

import pytest

from data.clips.skeleton import parse_skeleton
from ppn_tf.keypoints.skeletons import COCO


@pytest.mark.parametrize(
  "names",
  [
    ["nose", "leftShoulder", "rightShoulder", "leftHip", "rightHip"],
    ["Nose", "Lshoulder", "Rshoulder", "Lhip", "Rhip"],
    ["nose", "shoulderL", "shoulderR", "hipL", "hipR"],
    ["nose", "LShoulder", "RShoulder", "LHip", "RHip"],
    ["nose", "shoulder.L", "shoulder.R", "hip.L", "hip.R"],
    ["NOSE", "LEFTSHOULDER", "RIGHTSHOULDER", "LEFTHIP", "RIGHTHIP"],
    ["nose", "l_shoulder", "r_shoulder", "l_hip", "r_hip"],
  ],
)
def test_pairs_torso_and_groups(names):
  skeleton = parse_skeleton({"name": "five", "keypoints": names}, "here")
  assert skeleton.flip_pairs == ((1, 2), (3, 4)) and skeleton.torso == (1, 4)
  assert skeleton.groups == (("Nose", (0,)), ("Shoulder", (1, 2)), ("Hip", (3, 4)))


def test_known_joints_in_camel_case():
  names = [
    first + "".join(word.capitalize() for word in rest)
    for first, *rest in (name.split("_") for name in COCO.joint_names)
  ]
  assert names[5] == "leftShoulder"
  assert parse_skeleton({"name": "person", "keypoints": names}, "here") is COCO


def test_no_pairs_if_that_is_stated():
  category = {"name": "snake", "keypoints": ["head", "lip", "tail"], "torso": ["head", "tail"]}
  skeleton = parse_skeleton({**category, "flip_pairs": []}, "here")
  assert skeleton.flip_pairs == () and [name for name, _ in skeleton.groups] == [
    "Head",
    "Lip",
    "Tail",
  ]
