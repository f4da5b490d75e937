"""Tests of left and right in joint names, against the names that other systems publish."""

import numpy as np
import pytest

from ppn_tf.keypoints.joint_maps import BLAZEPOSE_JOINTS, MPII_JOINTS
from ppn_tf.keypoints.joint_names import find_mirroring, find_sides, flip_order, normalize_name
from ppn_tf.keypoints.poses import Pose, similarity
from ppn_tf.keypoints.skeletons import SKELETONS

# Published names, each with the numbers of joints that have no partner.
OPENPOSE_BODY_25 = (
  "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee "
  "LAnkle REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel"
)
KINECT = (
  "SpineBase Neck ShoulderLeft ElbowLeft HandTipLeft ShoulderRight ElbowRight HandTipRight HipLeft "
  "HipRight"
)
AP_10K = "L_Eye R_Eye Nose Neck L_F_Paw R_F_Paw L_B_Paw R_B_Paw"
VICON = (
  "LFHD RFHD C7 T10 CLAV STRN RBAK LSHO RSHO LASI RASI LPSI RPSI LKNE RKNE LTOE RTOE LHEE RHEE"
)
MIXAMO = (
  "mixamorig:Hips mixamorig:LeftArm mixamorig:RightArm mixamorig:LeftUpLeg mixamorig:RightUpLeg"
)
BLENDER = "spine.001 shoulder.L shoulder.R thigh.L.001 thigh.R.001"
LOWER_CASE = "head leftshoulder rightshoulder lhip rhip kneeleft kneeright"
ENDINGS = "kneeL kneeR hip_l hip_r TOE1L TOE1R Lt-ankle Rt-ankle"
MODEL_VIEWS = "fl_paw fr_paw bl_paw br_paw"


@pytest.mark.parametrize(
  ("names", "single"),
  [
    (OPENPOSE_BODY_25, {"Nose", "Neck", "MidHip"}),
    (KINECT, {"SpineBase", "Neck"}),
    (AP_10K, {"Nose", "Neck"}),
    (VICON, {"C7", "T10", "CLAV", "STRN", "RBAK"}),
    (MIXAMO, {"mixamorig:Hips"}),
    (BLENDER, {"spine.001"}),
    (LOWER_CASE, {"head"}),
    (ENDINGS, set()),
    (MODEL_VIEWS, set()),
    (" ".join(BLAZEPOSE_JOINTS), {"nose"}),
    (" ".join(MPII_JOINTS), {"pelvis", "thorax", "upper_neck", "head_top"}),
    ("upperLip lowerLip lip rib ear tail", {"upperLip", "lowerLip", "lip", "rib", "ear", "tail"}),
    ("leftover upright rump lumbar L1 L5", {"leftover", "upright", "rump", "lumbar", "L1", "L5"}),
  ],
)
def test_published_names(names, single):
  """Pairs are all joints but the single ones, and differ in one or two letters or a word."""
  names = tuple(names.split())
  mirroring = find_mirroring(names)
  assert mirroring.lacking == {}
  assert {name for k, name in enumerate(names) if k not in sum(mirroring.pairs, ())} == single
  for i, j in mirroring.pairs:
    without = [normalize_name(names[k]).replace("left", "l").replace("right", "r") for k in (i, j)]
    differing = [pair for pair in zip(*without) if pair[0] != pair[1]]
    assert differing in ([("l", "r")], [("r", "l")]), (names[i], names[j])


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_known_skeletons_have_the_pairs_of_their_names(skeleton):
  assert find_mirroring(skeleton.joint_names).pairs == skeleton.flip_pairs
  assert flip_order(skeleton.joint_names) == list(skeleton.flip_order)


@pytest.mark.parametrize(
  ("names", "lacking"),
  [
    ("leftHip nose", {0: "right_hip"}),
    ("hip_l hip_right", {0: "hip_r", 1: "hip_left"}),
    # Front, hind, left, right: rl may be the partner of ll or of rr.
    ("ll lr rl rr", {0: "lr or rl", 1: "ll or rr", 2: "ll or rr", 3: "lr or rl"}),
  ],
)
def test_missing_and_ambiguous_partners(names, lacking):
  assert find_mirroring(tuple(names.split())) == ((), lacking)


@pytest.mark.parametrize(
  ("names", "sides"),
  [
    ("leftHip rightHip nose", ["left", "right", ""]),
    ("Lshoulder Rshoulder lip", ["left", "right", ""]),
    ("hip.L hip.R kneel", ["left", "right", ""]),
    ("right_ear left_eye", ["right", "left"]),
  ],
)
def test_sides(names, sides):
  assert list(find_sides(tuple(names.split()))) == sides


def test_normalized_names():
  spellings = ["leftUpLeg", "Left Up-Leg", "LEFT_UP_LEG", " left.up.leg ", "LeftUpLeg"]
  assert {normalize_name(name) for name in spellings} == {"left_up_leg"}
  assert normalize_name("LBigToe") == "l_big_toe" and normalize_name("C7") == "c7"


@pytest.mark.parametrize(
  "names", ["head LSho RSho hipL hipR", "head leftSho rightSho leftHip rightHip", "head l r ll rl"]
)
def test_poses_with_left_and_right_exchanged_are_similar(names):
  """A person of 40 x 40 pixels; the partners of the five joints are 2, 1, 4 and 3."""
  keypoints = np.float32([[20, 0], [40, 10], [0, 10], [35, 40], [5, 40]])
  first, second = (
    Pose(keypoints[order], np.full(5, 0.9, np.float32), tuple(names.split()), (0, 0, 1, 1))
    for order in ([0, 1, 2, 3, 4], [0, 2, 1, 4, 3])
  )
  assert similarity(first, second, 0.2) == pytest.approx(1.0)


def test_similarity_without_a_partner_in_the_names():
  keypoints = np.float32([[0, 0], [40, 10], [0, 10]])
  pose = Pose(keypoints, np.full(3, 0.9, np.float32), ("left_eye", "nose", "mouth"), (0, 0, 1, 1))
  assert similarity(pose, pose, 0.2) == pytest.approx(1.0)
