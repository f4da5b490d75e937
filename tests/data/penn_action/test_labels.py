"""Tests of Penn Action's label files: units, repairs and other files."""

from typing import Any

import numpy as np
import pytest

from data.builder.account import ClipError
from data.penn_action.labels import read_labels
from tests.data.penn_action.penn_files import HEIGHT, WIDTH, label_fields, write_labels

SIZE = (HEIGHT, WIDTH)


def kinds(labels: Any) -> list:
  return [repair.kind for repair in labels.repairs]


def test_labels_are_shifted_to_zero_based(tmp_path):
  fields = label_fields(4, train=-1)
  fields["visibility"][2, 5] = 0
  fields["x"][2, 5] = fields["y"][2, 5] = 1.0
  labels = read_labels(write_labels(tmp_path, "0007", fields))
  assert (labels.clip, labels.action, labels.train) == ("0007", "bowl", False)
  assert labels.image_size == (HEIGHT, WIDTH) and labels.num_frames == 4
  np.testing.assert_allclose(labels.keypoints[..., 0], fields["x"] - 1, atol=1e-5)
  np.testing.assert_allclose(labels.keypoints[..., 1], fields["y"] - 1, atol=1e-5)
  np.testing.assert_allclose(labels.boxes, fields["bbox"] - 1, atol=1e-5)
  assert labels.keypoints.dtype == labels.boxes.dtype == np.float32
  assert labels.visibility.dtype == bool and labels.visibility.sum() == 4 * 13 - 1
  assert labels.keypoints[2, 5].tolist() == [0.0, 0.0] and not labels.visibility[2, 5]
  assert [(r.kind, r.count, r.fixed) for r in labels.repairs] == [("placeholder_joints", 1, False)]


def test_unsigned_labels_do_not_wrap_around(tmp_path):
  fields = label_fields(2)
  for name in ("x", "y", "bbox"):
    fields[name] = fields[name].astype(np.uint8)
  fields["x"][0, 0] = 0
  labels = read_labels(write_labels(tmp_path, "0001", fields), SIZE)
  assert labels.keypoints[0, 0, 0] == -1.0
  assert kinds(labels) == ["joints_outside"] and labels.visibility.all()


def test_short_bbox_repeats_the_last_row(tmp_path):
  fields = label_fields(5)
  fields["bbox"] = fields["bbox"][:4]
  labels = read_labels(write_labels(tmp_path, "0001", fields))
  assert labels.boxes.shape == (5, 4) and kinds(labels) == ["short_bbox"]
  np.testing.assert_array_equal(labels.boxes[4], labels.boxes[3])


def test_frame_size_overrides_and_clipped_boxes_are_remade(tmp_path):
  fields = label_fields(2)
  fields["x"][0] += 50  # beyond the stated 60 pixels, within the real 120
  fields["bbox"][0, 2] = WIDTH
  path = write_labels(tmp_path, "0001", fields)
  labels = read_labels(path, image_size=(80, 120))
  assert labels.image_size == (80, 120) and kinds(labels) == ["wrong_dimensions"]
  joints = labels.keypoints[0]
  center = (joints.min(0) + joints.max(0)) / 2
  half = 0.6 * (joints.max(0) - joints.min(0))
  np.testing.assert_allclose(labels.boxes[0], [*(center - half), *(center + half)], atol=1e-4)
  np.testing.assert_allclose(labels.boxes[1], fields["bbox"][1] - 1, atol=1e-5)


def test_degenerate_boxes_are_remade(tmp_path):
  fields = label_fields(5)
  fields["bbox"][1, 2] = fields["bbox"][1, 0]  # all joints visible: their extent
  fields["visibility"][3:, 1:] = 0  # one visible joint: the nearest frame's box
  fields["bbox"][3:] = [[7, 7, 7, 7], [3, 3, 0, 0]]
  labels = read_labels(write_labels(tmp_path, "0001", fields))
  assert [(r.kind, r.detail, r.count) for r in labels.repairs] == [
    ("degenerate_box", "3 of 5 frames", 3)
  ]
  low, high = labels.keypoints[1].min(0), labels.keypoints[1].max(0)
  center, half = (low + high) / 2, 0.6 * (high - low)
  expected = np.clip([*(center - half), *(center + half)], 0, [59, 39, 59, 39])
  np.testing.assert_allclose(labels.boxes[1], expected, atol=1e-4)
  np.testing.assert_array_equal(labels.boxes[3], labels.boxes[2])
  np.testing.assert_array_equal(labels.boxes[4], labels.boxes[2])


def test_clip_without_valid_boxes_gets_the_frame(tmp_path):
  fields = label_fields(2, bbox=np.ones((2, 4)), visibility=np.zeros((2, 13), np.uint8))
  labels = read_labels(write_labels(tmp_path, "0001", fields))
  assert labels.boxes.tolist() == [[0, 0, WIDTH - 1, HEIGHT - 1]] * 2
  assert [(r.kind, r.detail, r.fixed) for r in labels.repairs] == [
    ("nobody_visible", "2 of 2 frames", False),
    ("degenerate_box", "2 of 2 frames", True),
  ]


def test_placeholders_are_invisible_joints_at_the_original_corner(tmp_path):
  fields = label_fields(2)
  fields["visibility"][:, :4] = 0
  # MATLAB's (1, 1) in frames scaled by 1.5 and by 0.75, and two joints elsewhere.
  for joint, corner in enumerate((1.5, 0.75, 4.0)):
    fields["x"][:, joint] = fields["y"][:, joint] = corner
  fields["x"][:, 12] = fields["y"][:, 12] = 1.0  # visible, so an ordinary label
  labels = read_labels(write_labels(tmp_path, "0001", fields), SIZE)
  assert [(r.kind, r.detail, r.count) for r in labels.repairs] == [
    ("placeholder_joints", "4 joints", 4)
  ]


def test_joints_outside_stay_visible_unless_far_out(tmp_path):
  fields = label_fields(1)
  fields["x"][0, :3] = [WIDTH + 1, WIDTH + 6, WIDTH + 7]  # a tenth of 60 is 6 pixels
  path = write_labels(tmp_path, "0001", fields)
  labels = read_labels(path, SIZE)
  assert labels.visibility[0].tolist() == [True, True, False] + [True] * 10
  assert [(r.kind, r.detail, r.fixed) for r in labels.repairs] == [
    ("joints_outside", "2 joints", False),
    ("joints_hidden", "1 joints, up to 7 pixels outside", True),
  ]
  # Without the frames, the stated size may be wrong instead.
  labels = read_labels(path)
  assert labels.visibility.all()
  assert [(r.kind, r.detail, r.fixed) for r in labels.repairs] == [
    ("dimensions_doubted", "3 joints, up to 7 pixels outside height 40, width 60", False),
  ]


@pytest.mark.parametrize(
  ("changes", "complaint"),
  [
    ({"visibility": None, "bbox": None}, "lacks visibility, bbox"),
    ({"x": np.ones((3, 15))}, "x is 3x15, expected 3x13"),
    ({"nframes": 5}, "expected 5x13"),
    ({"bbox": np.ones((1, 4))}, "bbox is 1x4, expected 3x4"),
    ({"train": 7}, "train is 7"),
    ({"dimensions": np.array([0, 0, 3])}, "dimensions are"),
    ({"y": np.full((3, 13), np.nan)}, "not finite"),
    ({"x": np.array(["a"])}, "is not numeric"),
  ],
)
def test_labels_of_another_kind_are_refused(tmp_path, changes, complaint):
  path = write_labels(tmp_path, "0001", label_fields(3, **changes))
  with pytest.raises(ClipError) as caught:
    read_labels(path)
  assert complaint in str(caught.value) and str(path) in str(caught.value)
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no labels", b"MATLAB 5.0 MAT-file" + bytes(200)])
def test_labels_in_another_format_are_refused(tmp_path, content):
  path = tmp_path / "0001.mat"
  path.write_bytes(content)
  with pytest.raises(ClipError, match="0001.mat"):
    read_labels(path)
