"""Tests of drawn clips: layout, labels, geometry, determinism and the command."""

import dataclasses
import json
import pathlib
import subprocess
import sys

import cv2
import numpy as np
import pytest
import scipy.io

from data.synthetic import body, clip, motion, render, storage
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError

ROOT = pathlib.Path(__file__).parents[3]
SMALL = clip.Settings(seed=3, num_frames=4, height=96, width=128, difficulty=0.4)
SMALL_FLAGS = ("--seed=3", "--num_frames=4", "--height=96", "--width=128", "--difficulty=0.4")


def _run(*flags):
  return subprocess.run(
    [sys.executable, "-m", "data.synthetic", *flags],
    cwd=ROOT,
    capture_output=True,
    text=True,
    timeout=120,
  )


def _contents(folder):
  return {
    str(path.relative_to(folder)): path.read_bytes()
    for path in sorted(folder.rglob("*"))
    if path.is_file()
  }


@pytest.fixture(scope="module")
def written(tmp_path_factory):
  output = tmp_path_factory.mktemp("written") / "synthetic"
  done = _run(
    f"--output={output}", "--num_train_clips=3", "--num_test_clips=1", "--num_workers=2",
    f"--preview={output.parent / 'sheet.png'}", *SMALL_FLAGS,
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  return output


def test_files_have_the_layout_of_penn_action(written):
  names = set(_contents(written))
  expected = {"synthetic.json"}
  for number in ("0001", "0002", "0003", "5001"):
    expected |= {f"frames/{number}/{t:06d}.jpg" for t in range(1, 5)} | {f"labels/{number}.mat"}
  assert names == expected
  image = cv2.imread(str(written / "frames" / "5001" / "000004.jpg"))
  assert image.shape == (96, 128, 3)
  sheet = cv2.imread(str(written.parent / "sheet.png"))
  assert sheet.shape[1] == 5 * 2 * 128


@pytest.mark.parametrize(("number", "train"), [(2, 1), (5001, -1)])
def test_labels_have_the_fields_of_penn_action(written, number, train):
  labels = scipy.io.loadmat(written / "labels" / f"{number:04d}.mat")
  made = clip.make_clip(number, SMALL)
  assert labels["action"].item() == made.action
  assert made.action in motion.KINDS
  assert labels["train"].item() == train
  assert labels["nframes"].item() == 4
  np.testing.assert_array_equal(labels["dimensions"], [[96, 128, 4]])
  assert labels["visibility"].dtype == np.uint8
  assert labels["visibility"].shape == labels["x"].shape == labels["y"].shape == (4, 13)
  assert set(np.unique(labels["visibility"])) <= {0, 1}
  np.testing.assert_array_equal(labels["visibility"], made.visibility)
  np.testing.assert_allclose(labels["x"], made.keypoints[..., 0] + 1)
  np.testing.assert_allclose(labels["y"], made.keypoints[..., 1] + 1)
  np.testing.assert_allclose(labels["bbox"], made.boxes + 1)


def test_bytes_do_not_depend_on_the_numbers_of_processes_and_clips(written, tmp_path):
  done = _run(
    f"--output={tmp_path / 'again'}", "--num_train_clips=1", "--num_test_clips=1",
    "--num_workers=1", *SMALL_FLAGS,
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  again, earlier = _contents(tmp_path / "again"), _contents(written)
  assert len(again) == 11
  assert again == {name: earlier[name] for name in again}


def test_clips_depend_on_seed_and_number():
  first = clip.make_clip(1, SMALL)
  assert first.frames != clip.make_clip(2, SMALL).frames
  assert first.frames != clip.make_clip(1, dataclasses.replace(SMALL, seed=4)).frames


def test_unfinished_clip_is_remade_and_finished_ones_are_kept(tmp_path):
  storage.prepare(tmp_path, SMALL)
  for number in (1, 2):
    storage.write_clip((tmp_path, number, SMALL))
  earlier = _contents(tmp_path)
  (tmp_path / "labels" / "0001.mat").unlink()
  (tmp_path / "frames" / "0001" / "000002.jpg").unlink()
  (tmp_path / "frames" / "0001" / "000009.jpg").write_bytes(b"left over")
  mark = tmp_path / "frames" / "0002" / "mark"
  mark.write_bytes(b"untouched")
  done = _run(
    f"--output={tmp_path}", "--num_train_clips=2", "--num_test_clips=0", *SMALL_FLAGS
  )  # fmt: skip
  assert done.returncode == 0, done.stderr
  assert "1 clips made, 1 kept" in done.stdout
  assert mark.read_bytes() == b"untouched"
  mark.unlink()
  assert _contents(tmp_path) == earlier


def test_other_settings_are_refused(written):
  earlier = _contents(written)
  done = _run(f"--output={written}", *SMALL_FLAGS, "--difficulty=0.7")
  assert done.returncode == 1
  assert len(done.stderr.strip().splitlines()) == 1
  assert "difficulty 0.4 instead of 0.7" in done.stderr
  assert _contents(written) == earlier


def test_foreign_folder_is_refused(tmp_path):
  (tmp_path / "labels").mkdir()
  with pytest.raises(InputError, match="synthetic.json is missing"):
    storage.prepare(tmp_path, SMALL)
  assert [path.name for path in tmp_path.iterdir()] == ["labels"]


def test_damaged_settings_are_refused(tmp_path):
  (tmp_path / "synthetic.json").write_text("{")
  with pytest.raises(InputError, match="cannot be read"):
    storage.prepare(tmp_path, SMALL)
  (tmp_path / "synthetic.json").write_text(json.dumps([1]))
  with pytest.raises(InputError, match="other settings"):
    storage.prepare(tmp_path, SMALL)


@pytest.mark.parametrize(
  "flags",
  [
    (),
    ("--output=OUT", "--difficulty=1.5"),
    ("--output=OUT", "--num_frames=0"),
    ("--output=OUT", "--num_train_clips=5001"),
    ("--output=OUT", "--num_workers=0"),
    ("--output=OUT", "--preview=sheet.docx"),
  ],
)
def test_invalid_flags_are_reported_in_one_line(tmp_path, flags):
  done = _run(*[flag.replace("OUT", str(tmp_path / "out")) for flag in flags])
  assert done.returncode == 1
  assert len(done.stderr.strip().splitlines()) == 1
  assert done.stderr.startswith("error: --")
  assert not (tmp_path / "out").exists()


def test_bones_keep_their_length_and_motion_is_smooth():
  limbs = [("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")]
  times = np.arange(0, 24, 0.25)
  fastest = []
  for seed in range(30):
    rng = np.random.default_rng(seed)
    _, pose = motion.sample_motion(rng, times, 0.5)
    figure = body.stand(pose, body.sample_proportions(rng))

    def at(name, figure=figure):
      return figure.points[:, body.POINT_ID[name]]

    pairs = [(f"{side}_{a}", f"{side}_{b}") for side in body.SIDES for a, b in limbs]
    pairs += [("right_shoulder", "left_shoulder"), ("right_hip", "left_hip")]
    for a, b in pairs:
      lengths = np.linalg.norm(at(a) - at(b), axis=-1)
      np.testing.assert_allclose(lengths, lengths[0], rtol=1e-9)
    wrist = np.linalg.norm(np.diff(at("right_wrist") - at("pelvis"), axis=0), axis=-1)
    assert wrist.max() < 0.15, "body heights in a quarter of a frame"
    fastest.append(4 * wrist.max())
  assert 0.03 < np.median(fastest) < 0.3, "body heights a frame"


def test_left_arm_is_on_the_image_right_of_a_person_facing_the_camera():
  pose = {name: np.zeros(1) for name in body.CHANNELS}
  pose["left_shoulder_abduct"] = np.array([90.0])
  pose["right_shoulder_flex"] = np.array([90.0])
  pose["left_hip_flex"] = np.array([90.0])
  pose["right_knee"] = np.array([90.0])
  person = body.sample_proportions(np.random.default_rng(0))
  points = dict(zip(body.POINTS, body.stand(pose, person).points[0]))
  arm, elbow = person.upper_arm, np.deg2rad(body.LIMITS["left_elbow"][0])
  np.testing.assert_allclose(points["left_elbow"] - points["left_shoulder"], (arm, 0, 0), atol=1e-9)
  np.testing.assert_allclose(
    points["right_elbow"] - points["right_shoulder"], (0, 0, arm), atol=1e-9
  )
  np.testing.assert_allclose(
    points["left_wrist"] - points["left_elbow"],
    person.forearm * np.array([np.cos(elbow), 0, np.sin(elbow)]),
    atol=1e-9,
  )
  np.testing.assert_allclose(
    points["left_knee"] - points["left_hip"], (0, 0, person.thigh), atol=1e-9
  )
  np.testing.assert_allclose(
    points["right_ankle"] - points["right_knee"], (0, 0, -person.shank), atol=1e-9
  )
  assert points["left_shoulder"][0] > points["right_shoulder"][0]
  assert abs(min(point[1] for point in points.values()) - 0.016) < 0.02


def test_visible_joints_are_on_the_painted_person():
  """Compares pixels of joints with and without the person: only visible ones change."""
  settings = dataclasses.replace(SMALL, num_frames=3, height=240, width=320)
  joints = [body.POINT_ID[name] for name in PENN_ACTION.joint_names]
  on_person = checked = 0
  for number in range(1, 13):
    rng = np.random.default_rng([settings.seed, number])
    _, scene, pictures = clip.sample_scene(rng, settings)
    made = clip.make_clip(number, settings)
    for t, index in enumerate(pictures[:, pictures.shape[1] // 2]):
      bare = render.paint(scene, index, person=False).astype(int)
      painted = np.abs(render.paint(scene, index).astype(int) - bare).max(axis=-1) > 0
      keypoints = scene.view.project(scene.figure.points[:, joints])[index, :, :2]
      np.testing.assert_allclose(keypoints, made.keypoints[t])
      for (x, y), visible in zip(np.round(keypoints).astype(int), made.visibility[t]):
        if visible:
          checked += 1
          on_person += painted[y, x]
  assert checked > 250
  # A pixel of the person can have the colour of the background.
  assert on_person / checked > 0.995


def test_joints_behind_an_occluder_or_outside_are_not_visible():
  _, scene, _ = clip.sample_scene(np.random.default_rng([0, 1]), SMALL)
  ids = np.full((96, 128), 255, np.uint8)
  assert not render.is_visible(scene, 0, ids, "head", np.array([50.0, 50.0]))
  own = [name for name, _ in scene.parts].index("left_forearm") + 1
  ids[:] = own
  inside, outside = np.array([50.0, 50.0]), np.array([128.0, 50.0])
  assert render.is_visible(scene, 0, ids, "left_wrist", inside)
  assert not render.is_visible(scene, 0, ids, "left_wrist", outside)
  assert not render.is_visible(scene, 0, ids, "right_wrist", inside)
  assert not render.is_visible(scene, 0, ids, "left_knee", inside)


def test_boxes_are_enlarged_and_clipped():
  keypoints = np.array([[[10.0, 20.0], [30.0, 60.0], [20.0, 30.0]], [[0.0, 5], [99, 79], [40, 40]]])
  boxes = clip.compute_boxes(keypoints, (80, 100))
  # 10..30 and 20..60 grow by a tenth of their length at each end; clipping keeps 0..99 and 0..79.
  np.testing.assert_allclose(boxes, [[8, 16, 32, 64], [0, 0, 99, 79]])


def test_higher_difficulty_hides_more_joints():
  easy = dataclasses.replace(SMALL, difficulty=0.0, num_frames=2)
  hard = dataclasses.replace(SMALL, difficulty=1.0, num_frames=2)
  visible = [
    np.mean([clip.make_clip(number, settings).visibility.mean() for number in range(1, 25)])
    for settings in (easy, hard)
  ]
  assert visible[0] > 0.85
  assert visible[1] < visible[0] - 0.05


def test_does_not_import_tensorflow():
  code = "import sys, data.synthetic.__main__ as _; sys.exit('tensorflow' in sys.modules)"
  assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
