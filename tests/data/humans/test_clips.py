"""Tests of rendered clips with the assets: bodies, labels, determinism and the command."""

import dataclasses
import json
import pathlib
import tarfile

import cv2
import numpy as np
import pytest

pytest.importorskip("numba", reason="numba, of the extra humans, is not installed")

from data.clips.source import ClipsSource
from data.humans import actors, assets, clip, render, scene, storage, workers
from data.humans.backgrounds import Pictures, find_files
from data.humans.body import NUM_SKIN_VERTICES, Shape
from data.humans.library import Library
from data.humans.person import sample_person
from ppn_tf.keypoints.skeletons import COCO
from ppn_tf.runtime.errors import InputError
from tests.commands import run_command

ROOT = pathlib.Path(__file__).parents[3]
PACK = ROOT.parent / "shared" / "data" / "humans" / "pack.tar.xz"
SMALL = scene.Settings(seed=3, num_frames=3, size=64)
FLAGS = ("--seed=3", "--num_frames=3", "--size=64")
ADULT = Shape(1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, {"caucasian": 1.0})


@pytest.fixture(name="folder", scope="session")
def fixture_folder(tmp_path_factory) -> pathlib.Path:
  if not PACK.exists():
    pytest.skip("no shared/data/humans/pack.tar.xz next to the project")
  root = tmp_path_factory.mktemp("assets")
  with tarfile.open(PACK) as archive:
    archive.extractall(root)
  (mesh,) = root.rglob("base.obj")
  return mesh.parents[2]


@pytest.fixture(name="library", scope="session")
def fixture_library(folder) -> Library:
  return Library(folder)


@pytest.fixture(name="pictures", scope="session")
def fixture_pictures(library) -> Pictures:
  return Pictures(library.stills, ())


def contents(folder):
  return {
    str(path.relative_to(folder)): path.read_bytes()
    for path in sorted(folder.rglob("*"))
    if path.is_file()
  }


def test_bodies_have_the_sizes_of_people(library):
  def height(shape):
    return np.ptp(library.body.shape_vertices(shape)[:NUM_SKIN_VERTICES, 1])

  # In dm. MakeHuman's averages: a man of 25 years, a woman, and a child of about 8 to 9 years.
  assert 16.5 < height(ADULT) < 18.5
  assert 15.3 < height(ADULT._replace(male=0.0)) < 17.2
  assert 10.0 < height(ADULT._replace(age=0.1875)) < 14.0
  assert height(ADULT._replace(height=0.9)) > height(ADULT) + 0.5


def test_joints_of_the_rest_pose(library):
  person = sample_person(library, np.random.default_rng(0), ADULT)
  joints = dict(zip(COCO.joint_names, library.regressor.matrix @ person.joint_vertices))
  for part in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
    left, right = joints[f"left_{part}"], joints[f"right_{part}"]
    np.testing.assert_allclose(left, right * (-1, 1, 1), atol=0.15)
    assert left[0] > 0.2
  heights = [joints[name][1] for name in ("left_eye", "left_shoulder", "left_hip", "left_knee",
                                          "left_ankle")]  # fmt: skip
  assert (np.diff(heights) < -2).all()
  # COCO's hip is MakeHuman's joint of the thigh, its shoulder a little above the arm's joint.
  torso = joints["left_shoulder"][1] - joints["left_hip"][1]
  hip, arm = person.frame.head("upperleg01.L"), person.frame.head("upperarm01.L")
  assert np.linalg.norm(joints["left_hip"] - hip) < 0.07 * torso
  assert 0.03 < (joints["left_shoulder"][1] - arm[1]) / torso < 0.13


def test_bones_keep_their_lengths_and_limbs_follow_the_actor(library):
  rng = np.random.default_rng(1)
  actor = actors.sample_actor(library, rng, np.arange(12.0), plain=True)
  frame = actor.person.frame
  for start, end in (("upperarm01", "lowerarm01"), ("lowerarm01", "wrist"),
                     ("upperleg01", "lowerleg01"), ("lowerleg01", "foot")):  # fmt: skip
    for side in (".L", ".R"):
      ends = actor.get_bones((f"{start}{side}", f"{end}{side}"))
      lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=-1)
      expected = np.linalg.norm(frame.span(f"{start}{side}", f"{end}{side}"))
      np.testing.assert_allclose(lengths, expected, rtol=0.02)
  feet = actor.get_bones(("foot.L", "foot.R"))[..., 1].min(axis=1)
  assert np.median(feet) > 0 and feet.min() < 4, "feet are on the floor, or just above it"


def test_visible_joints_are_on_the_rendered_person(library, pictures):
  settings = dataclasses.replace(SMALL, size=128)
  covered = checked = 0
  for number in range(1, 5):
    rng = np.random.default_rng([settings.seed, number])
    made = scene.sample_scene(library, pictures, settings, rng, plain=True)
    labelled = clip.make_clip(number, settings, library, pictures, plain=True)
    for track in labelled.tracks:
      coverage = render.render_frame(made, 1, settings.size).coverage
      for (x, y), state in zip(track.keypoints[1], track.states[1]):
        if state == render.SEEN:
          checked += 1
          left, top = int(round(x)), int(round(y))
          covered += coverage[max(0, top - 1) : top + 2, max(0, left - 1) : left + 2].max() > 0.3
  assert checked > 30 and covered / checked > 0.97


def test_boxes_by_hand():
  keypoints = np.zeros((2, 17, 2))
  keypoints[0, :4] = [(20, 30), (40, 30), (30, 80), (300, 30)]
  states = np.zeros((2, 17), np.uint8)
  states[0, :3] = 2, 2, 2
  states[1, :2] = 2, 2
  # 20..40 and 30..80 grow by a tenth at each end; two seen joints are too few.
  expected = [[18, 25, 42, 85], [0, 0, 0, 0]]
  np.testing.assert_allclose(clip.compute_boxes(keypoints, states, 100), expected)


def test_clips_depend_only_on_number_and_seed(library, pictures, folder):
  first = clip.make_clip(1, SMALL, library, pictures)
  # A second library has met no other people.
  again = clip.make_clip(1, SMALL, Library(folder), pictures)
  assert first.frames == again.frames
  for track, same in zip(first.tracks, again.tracks):
    np.testing.assert_array_equal(track.keypoints, same.keypoints)
  other = dataclasses.replace(SMALL, seed=4)
  assert first.frames != clip.make_clip(1, other, library, pictures).frames
  assert first.frames != clip.make_clip(2, SMALL, library, pictures).frames


def test_command_renders_resumes_and_refuses(folder, tmp_path):
  output, sheet = tmp_path / "made", tmp_path / "sheet.jpg"
  command = (f"--assets={folder}", f"--output={output}", "--num_clips=3", *FLAGS)
  done = run_command("data.humans", *command, "--num_workers=2")
  assert done.returncode == 0, done.stderr
  assert "3 clips, 9 frames" in done.stdout and "3 clips made, 0 kept" in done.stdout
  earlier = contents(output)
  names = {"humans.json", "annotations.json"}
  for number in ("00001", "00002", "00003"):
    names |= {f"labels/{number}.json", *(f"clips/{number}/{t:05d}.jpg" for t in range(3))}
  assert set(earlier) == names
  assert cv2.imread(str(output / "clips" / "00002" / "00001.jpg")).shape == (64, 64, 3)

  # A clip without labels is unfinished.
  (output / "labels" / "00002.json").unlink()
  (output / "clips" / "00002" / "00001.jpg").write_bytes(b"broken")
  (output / "annotations.json").unlink()
  mark = output / "clips" / "00001" / "mark"
  mark.write_bytes(b"untouched")
  again = run_command("data.humans", *command, "--num_workers=1")
  assert again.returncode == 0 and "1 clips made, 2 kept" in again.stdout, again.stderr
  mark.unlink()
  assert contents(output) == earlier

  refused = run_command("data.humans", *command, "--num_frames=4")
  assert refused.returncode == 1
  assert "was made with num_frames 3, not 4" in refused.stderr
  assert contents(output) == earlier and not sheet.exists()

  source = ClipsSource(output, strict=True)
  assert source.skeleton == COCO
  content = json.loads((output / "annotations.json").read_text())
  people = {f"{image['clip']}#{entry['track_id']}" for image in content["images"]
            for entry in content["annotations"] if entry["image_id"] == image["id"]}  # fmt: skip
  clips = [name for names in source.clips().values() for name in names]
  assert set(clips) == people
  labels, frames = source.read_clip(clips[0])
  assert 1 <= len(frames) <= 3 and labels.visibility.any()


def test_joints_outside_keep_their_places_and_hidden_ones_are_labelled(tmp_path):
  keypoints = np.full((1, 17, 2), 30.0)
  keypoints[0, 0] = -12.5, 70.25
  states = np.full((1, 17), render.SEEN, np.uint8)
  states[0, :2] = render.OUTSIDE, render.HIDDEN
  boxes = np.array([[10.0, 12, 40, 50]])
  frame = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
  made = clip.Clip([frame], [clip.Track(keypoints, states, boxes, "")])
  storage.prepare(tmp_path, {"seed": 0})
  storage.write_clip(tmp_path, 7, made)
  counts = storage.write_annotations(tmp_path, [7], 64)
  assert counts == {"clips": 1, "frames": 1, "people": 1, "joints": 16}
  labels, _ = ClipsSource(tmp_path, strict=True).read_clip("clips/00007#1")
  np.testing.assert_allclose(labels.keypoints[0, 0], [-12.5, 70.25])
  assert labels.visibility[0].tolist() == [False] + [True] * 16
  np.testing.assert_allclose(labels.boxes, boxes)


def test_missing_assets_are_named(tmp_path):
  with pytest.raises(InputError, match="absent: no such folder"):
    assets.open_assets(tmp_path / "absent")
  with pytest.raises(InputError, match="base.obj: no such file"):
    assets.open_assets(tmp_path)
  for name in assets._FILES:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
  with pytest.raises(InputError, match="mocap: has no .bvh or .npz files"):
    assets.open_assets(tmp_path)
  (tmp_path / "mocap").mkdir()
  (tmp_path / "mocap" / "walk.bvh").touch()
  with pytest.raises(InputError, match="env: has no .npy files"):
    assets.open_assets(tmp_path)
  with pytest.raises(InputError, match="shoes01.mhclo: no such file"):
    assets.require(tmp_path / "clothes" / "shoes01" / "shoes01.mhclo")


def test_backgrounds_are_found_or_refused(tmp_path):
  with pytest.raises(InputError, match="absent: no such folder"):
    find_files(tmp_path / "absent")
  with pytest.raises(InputError, match="has no pictures or videos"):
    find_files(tmp_path)
  (tmp_path / "deep").mkdir()
  for name in ("deep/b.png", "a.jpg", "c.mp4", "notes.txt", ".hidden.jpg"):
    (tmp_path / name).touch()
  found = [str(path.relative_to(tmp_path)) for path in find_files(tmp_path)]
  assert found == ["a.jpg", "c.mp4", "deep/b.png"]


def test_own_pictures_become_backgrounds(library, tmp_path, folder):
  red = np.zeros((80, 120, 3), np.uint8)
  red[..., 2] = 200
  cv2.imwrite(str(tmp_path / "red.png"), red)
  sources = workers.Sources(folder, find_files(tmp_path), SMALL)
  pictures = Pictures(library.stills, sources.backgrounds)
  rng = np.random.default_rng(0)
  sky = scene.sample_sky(library, rng)
  drawn = [scene.sample_background(rng, pictures, sky, 256) for _ in range(10)]
  # 80 % of the backgrounds; clutter covers a part of some.
  reds = [np.median(picture, axis=(0, 1)) for picture in drawn]
  assert sum(red > 0.3 and green < 0.05 for red, green, _ in reds) >= 5


@pytest.mark.parametrize(
  ("flags", "message"),
  [
    (("--output=OUT",), "--assets is missing"),
    (("--assets=absent",), "--output is missing"),
    (("--assets=absent", "--output=OUT"), "absent: no such folder"),
    (("--assets=absent", "--output=OUT", "--preview=sheet.docx"), "--preview=sheet.docx"),
    (("--assets=absent", "--output=OUT", "--size=0"), "--size=0"),
  ],
)
def test_refusals_are_one_line(tmp_path, flags, message):
  done = run_command("data.humans", *[flag.replace("OUT", str(tmp_path / "out")) for flag in flags])
  assert done.returncode == 1
  (line,) = done.stderr.strip().splitlines()
  assert line.startswith("error: ") and message in line
  assert not (tmp_path / "out").exists()
