"""Tests of MPII's nested label file through source, command and records."""

import pathlib

import numpy as np
import pytest
import scipy.io

from data.mpii import dataset
from data.mpii.labels import read_people
from data.mpii.source import MpiiSource
from ppn_tf.clips import records
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError
from tests.commands import run_command
from tests.data.mpii.mpii_files import (
  EMPTY,
  HEIGHT,
  WIDTH,
  image,
  points,
  rect,
  struct_array,
  write,
)
from tests.data.penn_action import penn_files

ROOT = pathlib.Path(__file__).parents[3]
# All 16 joints; joint k is at (k + 11, 2 k + 5) in 1-based pixels.
ALL = {number: (number + 11, 2 * number + 5) for number in range(16)}
# MPII's names in its order, to check the mapping by name.
MPII_NAMES = (
  "right_ankle right_knee right_hip left_hip left_knee left_ankle pelvis thorax upper_neck head "
  "right_wrist right_elbow right_shoulder left_shoulder left_elbow left_wrist"
).split()


def test_joints_are_mapped_to_penn_action_and_zero_based(tmp_path):
  path = write(tmp_path, [image("a.jpg", [rect(points(ALL))], 7.0)], [1])
  (person,) = read_people(path).people
  assert (person.name, person.video, person.action) == ("a_1", "7", "curling")
  for name, (x, y) in zip(PENN_ACTION.joint_names, person.keypoints):
    number = MPII_NAMES.index(name)
    assert (x, y) == (number + 10, 2 * number + 4)
  assert person.center.tolist() == [39, 29] and person.scale == 0.25


def test_missing_fields_are_accepted(tmp_path):
  some = {0: (11, 5), 9: (20, 25)}
  bare = {key: value for key, value in rect(points(some)).items() if key in ("x1", "annopoints")}
  images = [
    image("a.jpg", []),
    image("b.jpg", [rect(), rect(points(some, visible=EMPTY), scale=EMPTY, objpos=None)]),
    image("c.jpg", [bare]),
    image("d.jpg", [rect(points(ALL))]),
  ]
  labels = read_people(write(tmp_path, images, [1, 1, 1, 0]))
  assert labels.num_test_images == 1
  assert [person.name for person in labels.people] == ["b_1", "b_2", "c_1"]
  assert np.isnan(labels.people[0].keypoints).all()
  for person in labels.people[1:]:
    assert person.keypoints[0].tolist() == [19, 24] and person.keypoints[11].tolist() == [10, 4]
    assert np.isnan(np.delete(person.keypoints, [0, 11], axis=0)).all()
    assert person.scale is None and person.center is None and person.video == person.image


@pytest.mark.parametrize(
  ("fields", "complaint"),
  [
    ({"x": 1}, "lacks RELEASE; these are not MPII's labels"),
    ({"RELEASE": struct_array([{"annolist": EMPTY}])}, "has 0 images in annolist and 0 in img"),
    ({"RELEASE": 3.0}, "has 0 images in annolist"),
  ],
)
def test_label_file_of_another_kind_is_refused(tmp_path, fields, complaint):
  (tmp_path / "images").mkdir()
  path = tmp_path / "mpii_human_pose_v1_u12_1.mat"
  scipy.io.savemat(path, fields)
  with pytest.raises(InputError, match=complaint):
    MpiiSource(tmp_path).splits()


def test_lists_of_different_lengths_are_refused(tmp_path):
  path = write(tmp_path, [image("a.jpg", [rect(points(ALL))])], [1, 1])
  with pytest.raises(InputError, match="1 images in annolist and 2 in img_train"):
    read_people(path)


@pytest.fixture(name="source")
def fixture_source(tmp_path):
  """Writes ten videos of two images, people without joints, and torn or missing images."""
  images = [
    image(f"{video:02d}{take}.jpg", [rect(points(ALL))], float(video))
    for video in range(10)
    for take in "ab"
  ]
  few = {0: (11, 5), 9: (20, 25), 7: (3, 3), 6: (4, 4), 1: (5, 5)}
  images.append(
    image("crowd.jpg", [rect(points(few)), rect(), rect(points(ALL), scale=EMPTY)], 3.0)
  )
  images.append(image("torn.jpg", [rect(points(ALL))], 3.0))
  images.append(image("gone.jpg", [rect(points(ALL))], 3.0))
  images.append(image("edge.jpg", [rect(points({**ALL, 9: (WIDTH + 1, 5)}))], 3.0))
  images.append(image("test.jpg", [rect(EMPTY)]))
  source = tmp_path / "mpii"
  write(source, images, [1] * 24 + [0])
  penn_files.truncate(source / "images" / "torn.jpg")
  (source / "images" / "gone.jpg").unlink()
  return source


def test_people_become_clips_of_one_frame(source, tmp_path):
  reader = MpiiSource(source)
  builder = records.open_records(dataset.prepare(reader, str(tmp_path / "out")))
  assert records.read_skeleton(builder) is PENN_ACTION
  clips = {
    split: {
      clip["clip"].decode(): clip
      for example in records.serialized_examples(builder, split)
      for clip in [{k: v.numpy() for k, v in records.parse(builder, example).items()}]
    }
    for split in ("train", "validation")
  }
  assert len(clips["train"]) + len(clips["validation"]) == 22
  # One of ten videos is held out, with both of its images.
  videos = {split: {name[:2] for name in clips} for split, clips in clips.items()}
  assert len({name for name in videos["validation"] if name.isdigit()}) == 1
  assert not videos["train"] & videos["validation"]

  everyone = {**clips["train"], **clips["validation"]}
  clip = everyone["00a_1"]
  assert clip["frames"].tolist() == [(source / "images" / "00a.jpg").read_bytes()]
  assert clip["image_size"].tolist() == [HEIGHT, WIDTH] and clip["action"] == b"curling"
  assert clip["visibility"].shape == (1, 13) and clip["visibility"].all()
  # 200 x 0.25 pixels around (39, 29), moved down by 15 x 0.25.
  assert clip["boxes"].tolist() == [[14, 7.75, 64, 57.75]]
  # Joints 0 to 5 and 9 to 15 span (10, 4) to (25, 34), enlarged by a fifth around (17.5, 19).
  np.testing.assert_allclose(everyone["crowd_3"]["boxes"], [[8.5, 1, 26.5, 37]], atol=1e-4)
  assert not everyone["edge_1"]["visibility"][0, 0] and everyone["edge_1"]["visibility"].sum() == 12


def test_ignored_people_and_images_are_counted(source):
  reader = MpiiSource(source)
  for split, names in reader.splits().items():
    assert len(list(reader.read_clips(split, names))) > 0
  assert reader.account.left_out == {
    "people without joints": ["crowd_2"],
    "people with few joints": ["crowd_1"],
  }
  assert {name: problem.kind for name, problem in reader.account.skipped.items()} == {
    "gone_1": "no image",
    "torn_1": "unreadable frame",
  }
  summary = reader.account.summarize()
  assert "ignored: 1 test images, which have no labels" in summary
  assert "box_from_joints, 1 clips, 1 in total:\n    crowd_3" in summary
  assert "joints_outside, 1 clips, 1 in total:\n    edge_1" in summary


def test_split_is_deterministic(source):
  assert MpiiSource(source).splits() == MpiiSource(source).splits()


def test_command_finds_labels_in_a_subfolder(source, tmp_path):
  command = ["data.mpii", f"--data_dir={tmp_path / 'out'}"]
  unpacked = source / "mpii_human_pose_v1_u12_2"
  unpacked.mkdir()
  (source / "mpii_human_pose_v1_u12_1.mat").rename(unpacked / "mpii_human_pose_v1_u12_1.mat")
  done = run_command(*command, f"--source={source}")
  assert done.returncode == 0, done.stderr
  assert done.stdout.endswith(f"data set: --dataset={tmp_path / 'out' / 'mpii' / '1.0.0'}\n")


def test_folder_of_another_data_set_is_recognized(tmp_path):
  penn_files.write_clip(tmp_path, "0001")
  with pytest.raises(InputError, match="lacks images, mpii_human.*looks like .*data.penn_action`"):
    MpiiSource(tmp_path)
