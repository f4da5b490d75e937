"""Tests of JHMDB's joints and masks: units, repairs and other files."""

import numpy as np
import pytest
import scipy.io

from data.builder.account import ClipError
from data.sub_jhmdb.labels import read_boxes, read_joints
from tests.data.sub_jhmdb.jhmdb_files import BODY, HEIGHT, WIDTH, part_mask, pos_img

SIZE = (HEIGHT, WIDTH)


@pytest.mark.parametrize("num_frames", [1, 3])
def test_joints_are_shifted_to_zero_based(tmp_path, num_frames):
  scipy.io.savemat(tmp_path / "joint_positions.mat", {"pos_img": pos_img(num_frames)})
  keypoints = read_joints(tmp_path / "joint_positions.mat")
  assert keypoints.shape == (num_frames, 15, 2)
  for frame in range(num_frames):
    np.testing.assert_allclose(keypoints[frame], BODY - 1 + [0.5 * frame, 0])


def test_unsigned_joints_do_not_wrap_around(tmp_path):
  joints = pos_img(2).astype(np.uint8)
  joints[0, 0, 0] = 0
  scipy.io.savemat(tmp_path / "joint_positions.mat", {"pos_img": joints})
  assert read_joints(tmp_path / "joint_positions.mat")[0, 0, 0] == -1


@pytest.mark.parametrize(
  ("fields", "complaint"),
  [
    ({"x": np.ones((3, 13))}, "lacks pos_img; these are not JHMDB's labels"),
    ({"pos_img": np.ones((2, 13, 3))}, "pos_img is 2x13x3 float64, expected numbers, 2x15xframes"),
    ({"pos_img": np.array(["a"])}, "expected numbers"),
  ],
)
def test_joints_of_another_kind_are_refused(tmp_path, fields, complaint):
  scipy.io.savemat(tmp_path / "joint_positions.mat", fields)
  with pytest.raises(ClipError, match=complaint):
    read_joints(tmp_path / "joint_positions.mat")


def test_box_encloses_the_mask(tmp_path):
  scipy.io.savemat(tmp_path / "puppet_mask.mat", {"part_mask": part_mask(2)})
  keypoints = np.tile(BODY - 1, (2, 1, 1))
  boxes, repairs = read_boxes(tmp_path / "puppet_mask.mat", keypoints, np.ones((2, 15), bool), SIZE)
  assert boxes.tolist() == [[12, 3, 28, 27]] * 2 and repairs == []


@pytest.mark.parametrize(
  ("mask", "made"),
  [
    (None, [0, 1, 2]),
    ("torn", [0, 1, 2]),
    (part_mask(2), [2]),
    (part_mask(3)[:, ::-1] * np.array([1, 0, 1], np.uint8), [1]),
    (np.ones((9, 9, 3), np.uint8), [0, 1, 2]),
  ],
)
def test_box_encloses_the_joints_without_a_mask(tmp_path, mask, made):
  path = tmp_path / "puppet_mask.mat"
  if isinstance(mask, str):
    path.write_text(mask)
  elif mask is not None:
    scipy.io.savemat(path, {"part_mask": mask})
  keypoints = np.tile(BODY - 1, (3, 1, 1))
  boxes, (repair,) = read_boxes(path, keypoints, np.ones((3, 15), bool), SIZE)
  assert (repair.kind, repair.count) == ("box_from_joints", len(made))
  # x from 13 to 25 and y from 3 to 25, enlarged by 1.2 around their centres (19, 14).
  for frame in made:
    np.testing.assert_allclose(boxes[frame], [11.8, 0.8, 26.2, 27.2], atol=1e-5)
  for frame in set(range(3)) - set(made):
    assert boxes[frame, 3] == 27
