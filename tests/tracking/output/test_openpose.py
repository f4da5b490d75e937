"""Tests of OpenPose's files, read as Pose2Sim reads them."""

import fnmatch
import json
import os
import re

import numpy as np
import pytest

import ppn_tf
from ppn_tf.keypoints.joint_maps import BLAZEPOSE_JOINTS, OPENPOSE_JOINTS
from ppn_tf.keypoints.skeletons import COCO, PENN_ACTION, SUB_JHMDB, Skeleton
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.output.openpose import OpenPoseFolder
from tests.tracking.discs import DiscEye
from tests.tracking.output.recorded import LOW, joints, record
from tests.tracking.output.test_results import film

# Numbers of BODY_25 in the skeletons of Pose2Sim 0.10.49, where CHip is the middle of the hips.
BODY_25 = {
  "CHip": 8, "RHip": 9, "RKnee": 10, "RAnkle": 11, "RBigToe": 22, "RSmallToe": 23, "RHeel": 24,
  "LHip": 12, "LKnee": 13, "LAnkle": 14, "LBigToe": 19, "LSmallToe": 20, "LHeel": 21,
  "Neck": 1, "Nose": 0, "RShoulder": 2, "RElbow": 3, "RWrist": 4, "LShoulder": 5, "LElbow": 6,
  "LWrist": 7,
}  # fmt: skip
EYES_AND_EARS = {"REye": 15, "LEye": 16, "REar": 17, "LEar": 18}  # by OpenPose's documentation


def read(folder, frame):
  """Reads the people in a frame as Pose2Sim does: the file whose last number is the frame's."""
  names = fnmatch.filter(os.listdir(folder), "*.json")
  (name,) = [name for name in names if int(re.split(r"(\d+)", name)[-2]) == frame]
  people = json.loads((folder / name).read_text())["people"]
  return [np.array(person["pose_keypoints_2d"]).reshape(25, 3) for person in people]


def spell(name):
  sides = {"R": "right_", "L": "left_"}
  if name in ("CHip", "Neck", "Nose"):
    return {"CHip": "pelvis", "Neck": "neck", "Nose": "nose"}[name]
  return sides[name[0]] + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name[1:]).lower()


def test_order_of_body_25():
  order = {spell(name): number for name, number in {**BODY_25, **EYES_AND_EARS}.items()}
  assert {name: k for k, name in enumerate(OPENPOSE_JOINTS)} == order


def test_files_of_coco_joints(tmp_path):
  folder = tmp_path / "clip_json"
  record(OpenPoseFolder, folder)
  assert sorted(path.name for path in folder.iterdir()) == [
    f"clip_{index:012d}_keypoints.json" for index in range(4)
  ]
  assert [len(read(folder, index)) for index in range(4)] == [1, 2, 1, 2]
  second = read(folder, 3)[1]
  given = dict(zip(COCO.joint_names, joints(3, 7).astype(float)))
  for name, number in {**BODY_25, **EYES_AND_EARS}.items():
    if spell(name) in given and spell(name) != COCO.joint_names[LOW]:
      np.testing.assert_allclose(second[number], given[spell(name)], atol=1e-3, err_msg=name)
  neck = (given["left_shoulder"] + given["right_shoulder"]) / 2
  np.testing.assert_allclose(second[1, :2], neck[:2], atol=1e-3)
  assert second[1, 2] == pytest.approx(given["left_shoulder"][2], abs=1e-3)  # the lower score
  hips = (given["left_hip"] + given["right_hip"]) / 2
  np.testing.assert_allclose(second[8, :2], hips[:2], atol=1e-3)
  # Feet are missing, and the left wrist is below the minimum score.
  assert np.flatnonzero(~second.any(axis=1)).tolist() == [7, *range(19, 25)]


def test_fields_of_openpose(tmp_path):
  record(OpenPoseFolder, tmp_path / "json")
  content = json.loads((tmp_path / "json" / "clip_000000000003_keypoints.json").read_text())
  assert (content["version"], content["frame"], content["time"]) == (1.3, 8, 0.32)
  assert [person["person_id"] for person in content["people"]] == [[4], [7]]
  parts = {f"{part}_keypoints_2d" for part in ("pose", "face", "hand_left", "hand_right")}
  assert parts <= set(content["people"][0])


@pytest.mark.parametrize(("skeleton", "count"), [(PENN_ACTION, 14), (SUB_JHMDB, 14)])
def test_other_skeletons(tmp_path, skeleton, count):
  record(OpenPoseFolder, tmp_path / "json", skeleton=skeleton)
  (person,) = read(tmp_path / "json", 0)
  names = [joint for joint, row in zip(OPENPOSE_JOINTS, person) if row.any()]
  low = skeleton.joint_names[LOW]
  assert len(names) == count - 1 and low not in names and "nose" not in names
  place = joints(0, 4)[skeleton.joint_names.index("left_elbow")]
  np.testing.assert_allclose(person[6], place, atol=1e-3)


def test_feet_of_blazepose(tmp_path):
  skeleton = Skeleton("blazepose", BLAZEPOSE_JOINTS, (), (), (11, 24), ())
  record(OpenPoseFolder, tmp_path / "json", skeleton=skeleton)
  (person,) = read(tmp_path / "json", 0)
  toe = joints(0, 4, 33)[BLAZEPOSE_JOINTS.index("left_foot_index")]
  np.testing.assert_allclose(person[19], toe, atol=1e-3)
  assert person[20].tolist() == [0, 0, 0]  # no small toe


def test_animals_are_refused(tmp_path):
  skeleton = Skeleton("mouse", ("snout", "tail"), (), ((0, 1),), (0, 1), ())
  with pytest.raises(InputError, match="0 of the 25 joints of BODY_25. Give output_deeplabcut"):
    record(OpenPoseFolder, tmp_path / "json", skeleton=skeleton)
  assert not (tmp_path / "json").exists()


@pytest.fixture(name="videos", scope="module")
def fixture_videos(tmp_path_factory):
  folder = tmp_path_factory.mktemp("videos")
  for name in ("one", "two"):
    (folder / name).mkdir()
    film(folder / name / "v.mp4", 3, (96, 128))
  return folder


def track(video, folder, **options):
  return ppn_tf.track_video(video, model=DiscEye(), output_openpose=folder, **options)


def test_folders_are_replaced_by_the_same_video_alone(videos, tmp_path):
  folder = tmp_path / "json"
  track(videos / "one" / "v.mp4", folder)
  assert len(list(folder.iterdir())) == 3
  track(videos / "one" / "v.mp4", folder, end=0.05)
  assert len(list(folder.iterdir())) == 2
  with pytest.raises(InputError, match=r"with the poses in .*one/v\.mp4\. .*overwrite=true"):
    track(videos / "two" / "v.mp4", folder)
  assert len(list(folder.iterdir())) == 2
  track(videos / "two" / "v.mp4", folder, overwrite=True)
  assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("overwrite", [False, True])
def test_other_files_stay(videos, tmp_path, overwrite):
  folder = tmp_path / "json"
  folder.mkdir()
  (folder / "notes.txt").write_text("mine")
  with pytest.raises(InputError, match="holds notes.txt, which is no earlier output.*empty folder"):
    track(videos / "one" / "v.mp4", folder, overwrite=overwrite)
  assert [path.name for path in folder.iterdir()] == ["notes.txt"]
  with pytest.raises(InputError, match="notes.txt: is a file. Give a new folder"):
    track(videos / "one" / "v.mp4", folder / "notes.txt", overwrite=overwrite)


def test_standard_output_is_no_folder(videos):
  with pytest.raises(InputError, match="output_openpose=-: is no folder"):
    track(videos / "one" / "v.mp4", "-")
