"""Tests of skeletons from a category's joint names."""

import pytest

from data.clips.skeleton import parse_skeleton
from ppn_tf.keypoints.skeletons import COCO, PENN_ACTION
from ppn_tf.runtime.errors import InputError

NAMES = (
  "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
  "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle"
).split()


def test_coco_category_is_coco():
  category = {"id": 1, "name": "person", "keypoints": NAMES, "skeleton": [[16, 14], [6, 7]]}
  assert parse_skeleton(category, "here") == COCO


def test_coco_category_with_an_additional_joint():
  names = [*NAMES, "mouth"]
  category = {"id": 1, "name": "person", "keypoints": names, "skeleton": [[16, 14], [6, 7]]}
  skeleton = parse_skeleton(category, "here")
  assert (skeleton.name, skeleton.joint_names) == ("person", tuple(names))
  assert skeleton.flip_pairs == tuple((k, k + 1) for k in range(1, 17, 2))
  assert skeleton.limbs == ((15, 13), (5, 6))
  assert skeleton.torso == (names.index("left_shoulder"), names.index("right_hip"))
  assert skeleton.groups[0] == ("Nose", (0,)) and skeleton.groups[-2] == ("Ankle", (15, 16))
  assert sorted(k for _, joints in skeleton.groups for k in joints) == list(range(18))


def test_other_spellings_and_given_pairs():
  names = ["Hip Right", "hip-left", "l_shoulder", "r shoulder", "L hip", "r-HIP"]
  skeleton = parse_skeleton({"name": "a", "keypoints": names}, "here")
  assert skeleton.joint_names[0] == "hip_right"
  assert skeleton.flip_pairs == ((0, 1), (2, 3), (4, 5)) and skeleton.limbs == ()
  assert skeleton.torso == (2, 5)
  assert skeleton.groups == (("Hip", (0, 1)), ("Shoulder", (2, 3)), ("L_hip", (4, 5)))
  category = {"name": "hand", "keypoints": ["thumb", "wrist", "left_of_it"]}
  category.update(flip_pairs=[["thumb", "Left of it"]], torso=["wrist", "thumb"])
  skeleton = parse_skeleton(category, "here")
  assert (skeleton.flip_pairs, skeleton.torso) == (((0, 2),), (1, 0))


def test_known_skeleton_by_name_or_joints():
  assert parse_skeleton({"skeleton": "penn_action"}, "here") is PENN_ACTION
  by_joints = {"name": "person", "keypoints": list(PENN_ACTION.joint_names)}
  assert parse_skeleton(by_joints, "here") is PENN_ACTION


SHOULDER_AND_HIP = ["left_shoulder", "right_shoulder", "left_hip", "right_hip"]


@pytest.mark.parametrize(
  ("category", "complaint"),
  [
    ({"skeleton": "penn"}, "\"skeleton\" is 'penn'. Known skeletons: coco, penn_action, sub_jhmdb"),
    ({"skeleton": "penn_action", "keypoints": ["head"]}, "not those of penn_action"),
    ({"skeleton": [[1, 2]]}, 'lacks "keypoints"'),
    ({"keypoints": "nose"}, '"keypoints" must be a list of names'),
    ({"keypoints": ["nose", "Nose "]}, "has a duplicate name"),
    ({"keypoints": SHOULDER_AND_HIP}, "\"name\" is ''. Give the skeleton another name"),
    ({"keypoints": SHOULDER_AND_HIP, "name": "penn_action"}, "Give the skeleton another name"),
    ({"keypoints": ["left_eye"], "name": "a"}, "has left_eye without right_eye"),
    (
      {"keypoints": ["nose"], "name": "a", "flip_pairs": []},
      'no left_shoulder and right_hip. Give "torso"',
    ),
    ({"keypoints": ["nose"], "name": "a"}, 'no names for left and right. Give "flip_pairs"'),
    ({"keypoints": ["nose", "*"], "name": "a"}, "has a name without letters"),
    (
      {"keypoints": ["nose"], "name": "a", "flip_pairs": [], "torso": ["nose"]},
      '"torso" requires the names of two joints',
    ),
    (
      {"keypoints": ["nose"], "name": "a", "flip_pairs": [], "torso": ["nose", "tail"]},
      "names 'tail', which is not",
    ),
    ({"keypoints": SHOULDER_AND_HIP, "name": "a", "flip_pairs": 3}, "must be a list of pairs"),
    ({"keypoints": SHOULDER_AND_HIP, "name": "a", "skeleton": [[0, 1]]}, "1 to 4. Received: .0, 1"),
    ({"keypoints": SHOULDER_AND_HIP, "name": "a", "skeleton": 7}, "1 to 4. Received: 7"),
    (
      {
        "keypoints": SHOULDER_AND_HIP,
        "name": "a",
        "flip_pairs": [["left_hip", "right_hip"], ["left_hip", "left_shoulder"]],
      },
      "has a duplicate joint",
    ),
  ],
)
def test_contradictions_are_refused(category, complaint):
  with pytest.raises(InputError, match=f"^here: .*{complaint}"):
    parse_skeleton(category, "here")
