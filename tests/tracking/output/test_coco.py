"""Tests of COCO keypoint annotations of tracked people."""

import io
import json

import numpy as np
import pytest

from ppn_tf.keypoints.joint_maps import COCO_JOINTS
from ppn_tf.keypoints.poses import Person, Pose
from ppn_tf.keypoints.skeletons import COCO, PENN_ACTION, Skeleton
from ppn_tf.tracking.output.coco import CocoTable
from ppn_tf.tracking.output.tables import Recording
from ppn_tf.tracking.video.reader import Frame

IMAGE = np.zeros((240, 320, 3), np.uint8)


def write_table(skeleton, frames, names=()):
  file = io.StringIO()
  table = CocoTable(file, Recording("a/clip.mp4", 25.0, 320, 240, skeleton, 0.2, True))
  for index, people in enumerate(frames):
    table.add(index, Frame(IMAGE, index / 25, names[index] if names else ""), people)
  table.end()
  return json.loads(file.getvalue())


def make_person(skeleton, track_id=1, found=True, low=()):
  count = skeleton.num_joints
  keypoints = np.stack([50 + 10.0 * np.arange(count), 100 + np.arange(count)], -1)
  scores = np.full(count, 0.75, np.float32)
  scores[list(low)] = 0.1
  pose = Pose(keypoints.astype(np.float32), scores, skeleton.joint_names, (0, 0, 9, 9), found=found)
  return Person(track_id, pose)


def test_coco_joints():
  table = write_table(COCO, [[make_person(COCO, 3, low=[0])], [make_person(COCO, 3, found=False)]])
  assert set(table) == {"info", "categories", "images", "annotations"}
  (category,) = table["categories"]
  assert (category["id"], category["name"], len(category["skeleton"])) == (1, "person", 19)
  assert category["keypoints"] == list(COCO_JOINTS)
  named = [{category["keypoints"][i - 1] for i in pair} for pair in category["skeleton"]]
  assert {"left_ankle", "left_knee"} in named
  assert {"nose", "left_eye"} in named
  assert table["images"] == [
    {
      "id": index + 1,
      "file_name": f"clip/{index:06d}.jpg",
      "width": 320,
      "height": 240,
      "frame_id": index,
      "time": index / 25,
    }
    for index in range(2)
  ]
  (annotation,) = table["annotations"]  # omits people who are not found
  assert (
    annotation["id"],
    annotation["image_id"],
    annotation["category_id"],
    annotation["track_id"],
  ) == (1, 1, 1, 3)
  assert annotation["keypoints"][:6] == [0, 0, 0, 60, 101, 2]
  assert len(annotation["keypoints"]) == 51
  assert annotation["num_keypoints"] == 16
  assert annotation["keypoint_scores"] == [0.1] + [0.75] * 16
  assert annotation["score"] == pytest.approx((16 * 0.75 + 0.1) / 17, abs=1e-3)
  # Joints 1 to 16 span 60..210 and 101..116; their box is 1.2 times that.
  assert annotation["bbox"] == pytest.approx([45, 99.5, 180, 18])
  assert annotation["area"] == pytest.approx(180 * 18)
  assert annotation["iscrowd"] == 0


def test_joints_with_other_names():
  table = write_table(PENN_ACTION, [[make_person(PENN_ACTION)]])
  assert table["categories"][0]["keypoints"] == list(COCO_JOINTS)
  triples = np.reshape(table["annotations"][0]["keypoints"], (17, 3))
  assert (triples[:5] == 0).all()  # Penn Action has no nose, eyes and ears
  k = PENN_ACTION.joint_names.index("right_knee")
  assert triples[COCO_JOINTS.index("right_knee")].tolist() == [50 + 10 * k, 100 + k, 2]
  assert table["annotations"][0]["num_keypoints"] == 12


def test_joints_unknown_to_coco():
  hand = Skeleton("hand", ("thumb", "index", "ring"), (), ((0, 1), (1, 2)), (0, 1), ())
  table = write_table(hand, [[make_person(hand)]])
  category = table["categories"][0]
  assert category["keypoints"] == ["thumb", "index", "ring"]
  assert category["skeleton"] == [[1, 2], [2, 3]]
  assert len(table["annotations"][0]["keypoints"]) == 9


def test_images_of_a_folder_keep_their_names():
  table = write_table(COCO, [[], []], ["7.png", "8.png"])
  assert [image["file_name"] for image in table["images"]] == ["7.png", "8.png"]
  assert table["annotations"] == []


def test_annotation_ids_are_consecutive():
  frames = [[make_person(COCO, 1), make_person(COCO, 2)], [make_person(COCO, 2)]]
  rows = write_table(COCO, frames)["annotations"]
  assert [(row["id"], row["image_id"], row["track_id"]) for row in rows] == [
    (1, 1, 1),
    (2, 1, 2),
    (3, 2, 2),
  ]
