"""Tests of the JSON of own clips, valid and invalid."""

import json

import numpy as np
import pytest

from data.clips.coco import read_coco
from data.clips.json_values import to_box, to_joints
from data.clips.media import Media
from ppn_tf.runtime.errors import InputError
from tests.data.clips.own_clips import CATEGORY, add, annotations, keypoints, save


def read_annotations(path):
  return read_coco(path, Media(path.parent))


def test_people_become_tracks_and_ignored_annotations_are_counted(tmp_path):
  content = annotations(a=2)
  for person in (3, 4):
    add(content, "b.mp4", 0, person)
  add(content, "b.mp4", 1, 3, iscrowd=1)
  add(content, "b.mp4", 1, 3, category_id=2)
  add(content, "b.mp4", 1, 3, image_id=7)
  content["images"][0].update(height=48, width=64)
  content["categories"].append({"id": 2, "name": "ball"})
  content["clips"] = [{"name": "a", "split": "test", "action": "walk"}, {"name": "c"}]
  parsed = read_annotations(save(tmp_path, content))
  assert {
    name: [label.frame for label in track.labels] for name, track in parsed.tracks.items()
  } == {
    "a": [0, 1],
    "b.mp4#3": [0],
    "b.mp4#4": [0],
  }
  assert parsed.tracks["a"].sizes == [(48, 64)] and parsed.tracks["b.mp4#3"].sizes == []
  assert (parsed.splits, parsed.actions, parsed.unused) == (
    {"a": "test"},
    {"a": "walk"},
    ["c"],
  )
  assert parsed.ignored == {
    "annotations of crowds": 1,
    "annotations of other categories": 1,
    "annotations of an image_id that is not in images": 1,
  }


def test_joints_and_boxes_are_parsed():
  joints, labelled = to_joints([1, 2, 2, 3, 4, 1, 5, 6, 0, None, 7, 2], 4)
  np.testing.assert_array_equal(joints, [[1, 2], [3, 4], [5, 6], [np.nan, 7]])
  assert labelled.tolist() == [True, True, False, True]
  assert to_box([1, 2, 30, 40]).tolist() == [1, 2, 31, 42]
  for bbox in ([1, 2, 0, 40], [1, 2, 3, -4], [1, 2, 3], [], None, "abcd", [1, 2, np.nan, 4], 7):
    assert to_box(bbox).tolist() == [0, 0, 0, 0]
  with pytest.raises(ValueError, match="15 numbers in keypoints, expected 3 for each of 13"):
    to_joints(keypoints(0), 13)


@pytest.mark.parametrize("content", ["", "{", "\x00", "[" * 100000])
def test_invalid_json_is_refused(tmp_path, content):
  path = tmp_path / "annotations.json"
  path.write_text(content)
  with pytest.raises(InputError, match="cannot be read as JSON") as caught:
    read_annotations(path)
  assert "\n" not in str(caught.value)


def changed(key, index, **changes):
  """Returns valid JSON with a changed entry; None removes a key."""
  content = json.loads(json.dumps(annotations(a=2)))
  entry = content.setdefault(key, [{"name": "a"}])[index]
  for name, value in changes.items():
    entry.pop(name, None)
    if value is not None:
      entry[name] = value
  return content


@pytest.mark.parametrize(
  ("content", "complaint"),
  [
    ([], 'expected an object with "images"'),
    ({"images": [], "categories": {}}, "lacks the list 'annotations', 'categories'"),
    (changed("images", 1, frame=None), r"images\[1\] lacks 'frame'. See"),
    (changed("images", 0, clip=None, frame=None), r"images\[0\] lacks 'clip', 'frame'"),
    (
      {**annotations(a=1), "images": [3]},
      r"no annotation has joints \(1 annotations of an image_id that is not in images\)",
    ),
    (changed("images", 0, clip="/etc"), "\"clip\" is '/etc', expected a file or folder below"),
    (changed("images", 0, clip="../b"), "\"clip\" is '../b', expected a file or folder below"),
    (changed("images", 0, clip=7), '"clip" is 7, expected'),
    (changed("images", 1, frame=-1), '"frame" is -1, expected a number from 0'),
    (changed("images", 1, frame="last"), "\"frame\" is 'last', expected"),
    (
      changed("images", 1, id=100),
      r'images\[1\]: "id" is 100, which is not unique',
    ),
    (changed("clips", 0, split="dev"), r"clips\[0\]: \"split\" is 'dev', expected one of train"),
    (changed("clips", 0, name=[1]), r'clips\[0\]: "name" is \[1\]'),
    (changed("clips", 0, name=None), r"clips\[0\] lacks 'name'"),
    ({**annotations(a=1), "categories": [CATEGORY] * 2}, "2 of 2 categories have"),
    ({**annotations(a=1), "categories": [{"id": 1}]}, "0 of 1 categories have"),
    (changed("categories", 0, keypoints=["left_eye"]), r"categories\[0\]: .* without right_eye"),
  ],
)
def test_json_of_another_schema_is_refused(tmp_path, content, complaint):
  with pytest.raises(InputError, match=complaint) as caught:
    read_annotations(save(tmp_path, content))
  assert "annotations.json" in str(caught.value) and "\n" not in str(caught.value)
