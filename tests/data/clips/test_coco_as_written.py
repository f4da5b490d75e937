"""Tests of COCO's JSON as annotation tools write it: what counts, and what is dropped."""

import json
import pathlib

import numpy as np
import pytest

from data.clips.json_values import to_identity, to_relative_path, to_size, to_whole
from data.clips.source import ClipsSource
from ppn_tf.runtime.errors import InputError
from tests.data.clips.own_clips import (
  CATEGORY,
  HEIGHT,
  WIDTH,
  add,
  annotations,
  keypoints,
  save,
  write_frames,
)

CASES = pathlib.Path(__file__).parents[3].parent / "shared" / "data" / "cases" / "labels"


@pytest.fixture(name="source")
def fixture_source(tmp_path):
  """Writes 12 frames of one person, all labelled."""
  write_frames(tmp_path / "walk", 12)
  return tmp_path


def read(source, **options):
  reader = ClipsSource(source, test_fraction=0, **options)
  splits = reader.splits()
  return reader, {
    labels.clip: labels
    for split, clips in splits.items()
    for labels, _ in reader.read_clips(split, clips)
  }


def noses(labels):
  """Returns x of the noses by frame; own_clips puts the nose of frame n at 20 + n."""
  return {
    frame: float(labels.keypoints[frame, 0, 0])
    for frame in range(labels.num_frames)
    if labels.visibility[frame, 0]
  }


def test_unchanged(source):
  save(source, annotations(walk=12))
  _, clips = read(source)
  assert list(clips) == ["walk"] and noses(clips["walk"]) == {n: 20.0 + n for n in range(12)}


@pytest.mark.parametrize("empty", [[], None, ""])
@pytest.mark.parametrize("number", [0, 4, 11])
def test_an_annotation_without_joints_loses_its_frame_alone(source, empty, number):
  content = annotations(walk=12)
  content["annotations"][number].update(keypoints=empty, bbox=[0, 0, 0, 0], num_keypoints=0)
  save(source, content)
  reader, clips = read(source)
  first = 1 if number == 0 else 0
  assert noses(clips["walk"]) == {n - first: 20.0 + n for n in range(12) if n != number}
  assert clips["walk"].num_frames == (12 if number == 4 else 11)
  assert "ignored: 1 annotations without joints" in reader.account.summarize()


@pytest.mark.parametrize(
  ("changes", "reason"),
  [
    ({"keypoints": [1, 2, 3]}, "annotations with 3 numbers in keypoints, expected 3 for each of 5"),
    ({"keypoints": ["x", 1, 2] * 5}, 'annotations with "keypoints" that are not numbers'),
    ({"keypoints": {"nose": [1, 2]}}, 'annotations with "keypoints" that are not numbers'),
    ({"image_id": None}, "annotations without an image_id"),
    ({"image_id": [1]}, "annotations without an image_id"),
    ({"category_id": None}, "annotations without a category_id"),
  ],
)
def test_an_unusable_annotation_is_named_and_ends_a_strict_run(source, changes, reason):
  content = annotations(walk=12)
  content["annotations"][4].update(changes)
  save(source, content)
  reader, clips = read(source)
  assert set(noses(clips["walk"])) == set(range(12)) - {4}
  summary = reader.account.summarize()
  assert reason in summary and "annotations[4]" in summary
  with pytest.raises(InputError, match=r"annotations\[4\]") as caught:
    ClipsSource(source, strict=True)
  assert "\n" not in str(caught.value)


OTHERS = [
  {"id": 2, "name": "ball"},
  {"id": 2, "name": "ball", "keypoints": [], "skeleton": []},
  {"id": 2, "name": "ball", "keypoints": None},
  {"id": 2, "name": "cat", "keypoints": ["nose", "left_ear", "right_ear"]},
  "ball",
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
@pytest.mark.parametrize("place", [0, 1])
def test_other_categories_do_not_matter(source, other, place):
  """Objects of other categories lack keypoints, and may lack an image or have a strange one."""
  content = annotations(walk=12)
  content["categories"].insert(place, other)
  content["annotations"] += [
    {"image_id": 100, "category_id": 2, "bbox": [1, 1, 5, 5], "segmentation": []},
    {"category_id": 2},
  ]
  content["images"] += [{"id": 7, "clip": "/elsewhere", "frame": "?"}, {"id": 7}, {}, 3]
  save(source, content)
  reader, clips = read(source, strict=True)
  assert len(noses(clips["walk"])) == 12
  assert "ignored: 2 annotations of other categories" in reader.account.summarize()


def test_two_categories_with_joints_and_annotations(source):
  content = annotations(walk=3)
  content["categories"].append({**CATEGORY, "id": 2, "name": "b"})
  add(content, "walk", 3, category_id=2)
  save(source, content)
  with pytest.raises(InputError, match="2 of 2 categories have .* Remove the others"):
    ClipsSource(source)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])
def test_encodings(source, encoding):
  content = annotations(walk=12)
  content["clips"] = [{"name": "walk", "action": "Größe"}]
  text = json.dumps(content, ensure_ascii=False)
  (source / "annotations.json").write_bytes(text.encode(encoding))
  _, clips = read(source)
  assert clips["walk"].action == "Größe"


@pytest.mark.parametrize("ids", [(1, 1.0), (1, "1"), ("1.0", 1), ("anna", " anna"), (0, 0.0)])
def test_one_person_with_two_spellings(source, ids):
  content = annotations()
  for frame in range(12):
    add(content, "walk" if frame % 2 else "./walk/", frame, track_id=ids[frame % 2])
  save(source, content)
  _, clips = read(source)
  ((name, labels),) = clips.items()
  assert name.startswith("walk#") and len(noses(labels)) == 12


def test_track_ids_of_cvat_separate_people(source):
  content = annotations()
  for frame in range(12):
    for person in (0, 1):
      entry = add(content, "walk", frame, keypoints=keypoints(frame, person))
      entry["attributes"] = {"occluded": False, "track_id": person, "keyframe": True}
  save(source, content)
  _, clips = read(source)
  assert sorted(clips) == ["walk#0", "walk#1"]
  assert [clips[f"walk#{person}"].keypoints[0, 0, 1] for person in (0, 1)] == [5, 8]


@pytest.mark.parametrize("clip", ["walk", "./walk", "walk/", "walk//"])
def test_paths_and_splits_are_normalized(source, clip):
  content = annotations(walk=12)
  for image in content["images"][::2]:
    image["clip"] = clip
  content["clips"] = [{"name": clip, "split": " Val "}, {"name": "walk", "split": "validation"}]
  save(source, content)
  reader, clips = read(source)
  assert list(reader.splits()) == ["validation"] and list(clips) == ["walk"]


def test_a_clip_in_two_splits(source):
  content = annotations(walk=2)
  content["clips"] = [{"name": "walk", "split": "train"}, {"name": "./walk", "split": "test"}]
  save(source, content)
  with pytest.raises(InputError, match=r"clips\[1\]: puts walk into test, but it is in train"):
    ClipsSource(source)


def test_a_wrong_split_of_a_clip_without_labels_does_not_matter(source):
  content = annotations(walk=2)
  content["clips"] = [{"name": "run", "split": "dev"}]
  save(source, content)
  reader, _ = read(source)
  assert reader.account.left_out['entries of "clips" without labels'] == ["run"]


@pytest.mark.parametrize(
  "size", [("48", "64"), (48.0, 64.0), ("48.0", 64), (None, None), ("", ""), (0, 0), ("auto", 64)]
)
def test_sizes_as_text(source, size):
  content = annotations(walk=3)
  for image in content["images"]:
    image.update(height=size[0], width=size[1])
  save(source, content)
  _, clips = read(source)
  assert clips["walk"].image_size == (HEIGHT, WIDTH)


def test_a_wrong_size_as_text(source):
  content = annotations(walk=3)
  content["images"][1].update(height="96", width="128")
  save(source, content)
  with pytest.raises(InputError, match="frames are 48x64 .height x width., but .* for 96x128"):
    ClipsSource(source).splits()


def test_only_annotations_without_joints(source):
  content = annotations(walk=3)
  for annotation in content["annotations"]:
    annotation["keypoints"] = []
  path = save(source, content)
  with pytest.raises(InputError) as caught:
    ClipsSource(source)
  assert str(caught.value) == (f"{path}: no annotation has joints (3 annotations without joints).")


def test_files_named_by_file_name(source):
  """Plain COCO: frames are numbered by the natural order of the files in their folder."""
  content = annotations(walk=11)
  for number, image in enumerate(content["images"], start=1):
    del image["clip"], image["frame"]
    image["file_name"] = f"walk/{number}.jpg"
  save(source, content)
  _, clips = read(source)
  assert noses(clips["walk"]) == {n: 20.0 + n for n in range(11)}


@pytest.mark.parametrize(
  ("place", "written"),
  [
    ("images/default", "{}.jpg"),  # CVAT
    ("images", "{}.jpg"),
    ("walk", "./walk\\{}.jpg"),
    ("walk", "data/project/walk/{}.jpg"),
    ("walk", "/home/anna/project/walk/{}.jpg"),
  ],
)
def test_files_in_another_folder(tmp_path, place, written):
  write_frames(tmp_path / place, 3)
  content = annotations(walk=3)
  for number, image in enumerate(content["images"], start=1):
    del image["clip"], image["frame"]
    image["file_name"] = written.format(number)
  save(tmp_path, content)
  _, clips = read(tmp_path)
  assert list(clips) == [place] and len(noses(clips[place])) == 3


def test_missing_files_are_not_looked_for_in_other_folders(source):
  write_frames(source / "run", 2)
  content = annotations(walk=12)
  for number, image in enumerate(content["images"], start=1):
    del image["clip"], image["frame"]
    image["file_name"] = f"walk/{number}.jpg"
  content["images"][11]["file_name"] = "1.jpg"  # in walk and in run
  (source / "walk" / "2.jpg").unlink()
  save(source, content)
  reader, clips = read(source)
  assert list(clips) == ["walk"]
  reason = "labels of images that are missing or not unique"
  assert reader.account.left_out[reason] == ["walk/2.jpg", "1.jpg"]


def test_values():
  assert [to_whole(value) for value in (3, 3.0, "3", " -3 ", "3.0")] == [3, 3, 3, -3, 3]
  for value in (True, None, 3.5, "3.5", "", "x", [3], float("nan"), float("inf")):
    assert to_whole(value) is None
  assert [to_identity(value) for value in (1, 1.0, "1", "a b", 1.5)] == [
    "1",
    "1",
    "1",
    "a b",
    "1.5",
  ]
  for value in (None, float("nan"), "", [1], {}, True):
    assert to_identity(value) is None
  assert to_size("48", 64.0) == (48, 64) and to_size(-1, 64) is None
  assert to_relative_path("./a//b/") == "a/b" and to_relative_path("a\\b") == "a/b"
  for value in ("/a", "../a", "a/../b", "C:\\a", "C:/a", "", 7, None):
    assert to_relative_path(value) is None


@pytest.mark.parametrize(
  "name",
  [
    "a01_bom",
    "a02_cvat_empty_keypoint_categories",
    "a04_cvat_attributes_track_id",
    "a05_other_category_without_keypoints",
    "a12_plain_coco_file_name",
    "a15_float_track_ids",
    "e02_one_empty_of_twelve",
  ],
)
def test_files_that_failed(name):
  if not CASES.exists():
    pytest.skip("no shared/data/cases beside the project")
  _, clips = read(CASES / name, strict=True)
  people = {"a04_cvat_attributes_track_id": 2, "e02_one_empty_of_twelve": 2}.get(name, 1)
  assert len(clips) == people
  for labels in clips.values():
    labelled = labels.visibility[:, 0]
    expected = 60.0 + np.arange(6)
    np.testing.assert_array_equal(labels.keypoints[labelled, 0, 0], expected[labelled])
    assert labelled.sum() == (5 if name[:3] == "e02" and labels.clip == "walk" else 6)
