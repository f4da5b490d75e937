"""Tests of motion capture: files, forward kinematics by hand, rotations, and takes."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from data.humans import motion, rotations
from data.humans.bvh import Capture, compute_poses, read_capture
from ppn_tf.runtime.errors import InputError

BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT Arm
    {
      OFFSET 5 0 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 1 0 0
      }
    }
  }
  JOINT Leg
  {
    OFFSET 0 -8 0
    CHANNELS 3 Zrotation Xrotation Yrotation
  }
}
MOTION
Frames: 2
Frame Time: 0.025
0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
1 2 3 90 0 0 0 90 0 0 0 0 0 0 0
"""


def turn_about(axis, *degrees):
  """Returns rotations [N, 3, 3] about "x", "y" or "z"."""
  vectors = np.radians(degrees)[:, None] * np.eye(3)["xyz".index(axis)]
  return Rotation.from_rotvec(vectors).as_matrix()


@pytest.fixture(name="capture")
def fixture_capture(tmp_path) -> Capture:
  path = tmp_path / "walk.bvh"
  path.write_text(BVH)
  return read_capture(path)


def test_bvh_files_are_read(capture):
  assert capture.names == ("Hips", "Chest", "Arm", "Leg")
  assert capture.parents == (-1, 0, 1, 0)
  np.testing.assert_array_equal(capture.offsets, [[0, 0, 0], [0, 10, 0], [5, 0, 0], [0, -8, 0]])
  assert capture.values.shape == (2, 15) and capture.step == 0.025
  assert capture.channels[2] == ("Zrotation", "Xrotation", "Yrotation")


def test_forward_kinematics_of_a_chain_worked_out_by_hand(capture):
  turns, places = compute_poses(capture, capture.values)
  np.testing.assert_allclose(places[0], [[0, 0, 0], [0, 10, 0], [5, 10, 0], [0, -8, 0]])
  # The hips at (1, 2, 3) turn by 90 degrees about z: up becomes -x, and x becomes up.
  hips, chest, arm, leg = places[1]
  np.testing.assert_allclose(hips, [1, 2, 3])
  np.testing.assert_allclose(chest, [1 - 10, 2, 3], atol=1e-12)
  np.testing.assert_allclose(leg, [1 + 8, 2, 3], atol=1e-12)
  # The chest's turn about x leaves the arm's offset along x.
  np.testing.assert_allclose(arm, [-9, 2 + 5, 3], atol=1e-12)
  expected = Rotation.from_euler("ZXY", [90, 90, 0], degrees=True).as_matrix()
  np.testing.assert_allclose(turns[1, 2], expected, atol=1e-12)


def test_npz_files_hold_the_same_capture(capture, tmp_path):
  path = tmp_path / "walk.npz"
  np.savez(
    path, names=capture.names, parents=capture.parents, offsets=capture.offsets,
    channels=[" ".join(names) for names in capture.channels], data=capture.values,
    dt=capture.step,
  )  # fmt: skip
  again = read_capture(path)
  assert again.names == capture.names and again.channels == capture.channels
  np.testing.assert_array_equal(again.values, capture.values)


@pytest.mark.parametrize("content", ["", "HIERARCHY\nMOTION\nFrames: 1\nFrame Time: x\n1 2\n"])
def test_other_files_are_refused(tmp_path, content):
  path = tmp_path / "broken.bvh"
  path.write_text(content)
  with pytest.raises(InputError, match="broken.bvh: is no motion in BVH format"):
    read_capture(path)


def test_smallest_rotation_takes_one_direction_to_another():
  rng = np.random.default_rng(0)
  for start, end in rng.normal(size=(20, 2, 3)):
    turn = rotations.rotate_between(start, end)
    np.testing.assert_allclose(
      turn @ start / np.linalg.norm(start), end / np.linalg.norm(end), atol=1e-6
    )
    angle = np.linalg.norm(Rotation.from_matrix(turn).as_rotvec())
    cosine = start @ end / np.linalg.norm(start) / np.linalg.norm(end)
    assert abs(angle - np.arccos(cosine)) < 1e-6


def test_twist_is_the_part_about_the_axis():
  axis = np.array([0.6, 0.0, 0.8])
  for twist in (-2.0, -0.3, 0.0, 1.2):
    # A swing turns about an axis that is perpendicular to the twist's.
    swing = Rotation.from_rotvec(0.7 * np.array([0.8, 0.0, -0.6]))
    turn = (swing * Rotation.from_rotvec(twist * axis)).as_matrix()
    np.testing.assert_allclose(rotations.measure_twist(turn[None], axis), [twist], atol=1e-9)


def test_interpolation_is_half_of_the_way():
  start = turn_about("x", 20, 0)
  end = turn_about("x", 80, 170)
  expected = turn_about("x", 50, 85)
  np.testing.assert_allclose(rotations.interpolate(start, end), expected, atol=1e-12)


def write_walk(path, frames=61):
  """Writes a motion of cgspeed's joints: 2 m sideways in 1 s, while the left thigh turns."""
  names = sorted(set(motion._name_joints(motion._CGSPEED).values()) - {"Hips"})
  offsets = np.zeros((len(names) + 1, 3))
  offsets[1:, 1] = np.arange(len(names))
  values = np.zeros((frames + 1, 6 + 3 * len(names)))
  values[1:, 0] = np.linspace(0, 20, frames)
  left = 6 + 3 * names.index("LeftHip")
  values[1:, left + 1] = np.linspace(0, 60, frames)
  np.savez(
    path, names=["Hips", *names], parents=[-1] + [0] * len(names), offsets=offsets,
    channels=["Xposition Yposition Zposition Zrotation Xrotation Yrotation"]
    + ["Zrotation Xrotation Yrotation"] * len(names), data=values, dt=1 / 60,
  )  # fmt: skip


def test_takes_interpolate_and_go_back_after_the_end(tmp_path):
  write_walk(tmp_path / "side.npz")
  recording = motion.Recording(tmp_path / "side.npz")
  assert recording.duration == pytest.approx(1.0)
  take = recording.sample(np.array([0.25, 0.5, 1.25, 1.0]))
  np.testing.assert_allclose(take.path[:, 0] - take.path[0, 0], [0, 5, 10, 15], atol=1e-6)
  expected = turn_about("x", 15, 30, 45, 60)
  np.testing.assert_allclose(take.turns["left_thigh"], expected, atol=1e-4)
  np.testing.assert_allclose(take.turns["right_thigh"], np.broadcast_to(np.eye(3), (4, 3, 3)))


def test_motion_above_the_hips_is_carried_by_the_hips(tmp_path):
  write_walk(tmp_path / "side.npz")
  recording = motion.Recording(tmp_path / "side.npz")
  take, source = (recording.sample(np.array([0.0, 0.5])) for _ in range(2))
  quarter = turn_about("y", 90)[0]
  take.turns["hips"] = quarter @ take.turns["hips"]
  source.turns["head"] = turn_about("x", 10, 20)
  take.take_trunk_and_arms(source)
  np.testing.assert_allclose(take.turns["head"], quarter @ source.turns["head"], atol=1e-12)
  np.testing.assert_allclose(take.turns["right_foot"], np.broadcast_to(np.eye(3), (2, 3, 3)))


def test_foreign_skeletons_and_a_missing_t_pose_are_refused(tmp_path):
  (tmp_path / "walk.bvh").write_text(BVH)
  with pytest.raises(InputError, match="walk.bvh: has no joint"):
    motion.Recording(tmp_path / "walk.bvh")
  names = motion._name_joints(motion._ICLONE).values()
  np.savez(
    tmp_path / "run.npz", names=list(names), parents=[-1] * len(names),
    offsets=np.zeros((len(names), 3)), channels=["Zrotation"] * len(names),
    data=np.zeros((9, len(names))), dt=1 / 60,
  )  # fmt: skip
  with pytest.raises(InputError, match="007_05.npz: no such file"):
    motion.Recording(tmp_path / "run.npz")
