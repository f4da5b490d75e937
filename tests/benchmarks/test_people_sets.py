"""Tests of the four sets of labeled people, with small sources in the same layouts."""

import io
import json
import tarfile

import av
import numpy as np
import pytest
from PIL import Image

from benchmarks import people_sets, people_sources
from ppn_tf.clips import records
from ppn_tf.clips.labels import read_labels
from ppn_tf.runtime.errors import InputError
from tests import tiny_clips
from tests.commands import run_command

STILLS = (9, 12, 30)
# Another order than that of LIMB_JOINTS.
ORDER = people_sources.LIMB_JOINTS[::-1]


@pytest.fixture(name="source", scope="module")
def fixture_source(tmp_path_factory):
  """Writes a video of 4 frames, 41 frames of two people, and three stills."""
  root = tmp_path_factory.mktemp("people") / "came as"
  tiny_clips.write_clip(root / "penn", "0005")
  (root / "penn_action").mkdir()
  (root / "penn" / "labels" / "0005.mat").rename(root / "penn_action" / "0502.mat")
  with av.open(str(root / "penn_action" / "0502.mp4"), "w") as video:
    stream = video.add_stream("mpeg4", rate=25, width=160, height=120, pix_fmt="yuv420p")
    for frame in range(4):
      picture = tiny_clips.draw(tiny_clips.body_at("0005", frame)[0])
      video.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    video.mux(stream.encode())
  boards = root / "bonn" / people_sources.VIDEO
  boards.mkdir(parents=True)
  for frame in range(1, 42):
    Image.new("RGB", (96, 54), (frame, 0, 0)).save(boards / f"{frame:05d}.jpg")
  labels = np.random.default_rng(0).uniform(5, 50, (2, 41, 16, 2))
  labels[:, :, 6:8] = np.nan
  labels[1, 3, 0] = np.nan
  np.save(root / "bonn" / f"{people_sources.VIDEO}_gt_2x41x16x2.npy", labels)
  (root / "lspet_val").mkdir()
  with tarfile.open(root / "lspet_val" / "crops192.tar", "w") as archive:
    for number in STILLS:
      content = io.BytesIO()
      Image.new("RGB", (192, 192), (number, 0, 0)).save(content, "JPEG")
      entry = tarfile.TarInfo(f"{number:05d}.jpg")
      entry.size = len(content.getvalue())
      archive.addfile(entry, io.BytesIO(content.getvalue()))
  write_lspet_labels(root, people_sources.LSP_NAMES)
  write_eval_clip(root / "eval_clips" / "pitch", "head", 2)
  write_eval_clip(root / "eval_clips" / "walk", "", 3)
  return root


def write_eval_clip(folder, first_name, num_frames):
  """Writes a clip, as a video if it has no head, with joints of which one is not visible."""
  folder.mkdir(parents=True)
  names = [first_name] if first_name else []
  names += [name.replace("right_", "r_").replace("left_", "l_") for name in ORDER]
  joints = np.arange(num_frames * len(names) * 2, dtype=np.float32).reshape(num_frames, -1, 2) / 2
  visible = np.ones(joints.shape[:2], bool)
  visible[1, -1] = False
  np.savez(folder / "labels.npz", joints=joints, visible=visible, names=np.array(names))
  if first_name:
    for number in range(num_frames):
      Image.new("RGB", (96, 64)).save(folder / f"{number + 1:06d}.jpg")
    return
  with av.open(str(folder / "video.mp4"), "w") as video:
    stream = video.add_stream("mpeg4", rate=25, width=96, height=64, pix_fmt="yuv420p")
    for _ in range(num_frames):
      video.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 96, 3), np.uint8), "rgb24")))
    video.mux(stream.encode())


def write_lspet_labels(root, names):
  joints = np.random.default_rng(1).uniform(32, 160, (3, 14, 2)).astype(np.float32)
  joints[:, 0], joints[:, 13] = 32, 160
  path = root / "lspet_val" / "labels.npz"
  np.savez(path, joints=joints, index=np.array(STILLS), names=np.array(names))


def make_sets(source, data_dir):
  return run_command("benchmarks.people_sets", f"--source={source}", f"--data_dir={data_dir}")


@pytest.mark.slow
def test_sets_have_the_labels_of_their_sources(source, tmp_path):
  done = make_sets(source, tmp_path / "records")
  assert done.returncode == 0, done.stderr
  sets = {}
  for name, people in people_sets.SETS.items():
    builder = records.open_records(tmp_path / "records" / people.records)
    sets[name] = records.read_skeleton(builder), read_labels(builder, "test")
  skeleton, clips = sets["0502"]
  assert skeleton.name == "penn_action" and len(clips["0502"].keypoints) == 4
  expected = np.stack([tiny_clips.body_at("0005", frame)[0] for frame in range(4)])
  np.testing.assert_allclose(clips["0502"].keypoints, expected, atol=1e-4)

  skeleton, clips = sets["bonn"]
  labels = np.load(source / "bonn" / f"{people_sources.VIDEO}_gt_2x41x16x2.npy")
  assert sorted(clips) == [f"{people_sources.VIDEO}#{person}" for person in (0, 1)]
  assert skeleton.joint_names[8:10] == ("upper_neck", "head_top")
  for person in (0, 1):
    clip = clips[f"{people_sources.VIDEO}#{person}"]
    visible = ~np.isnan(labels[person, ..., 0])
    np.testing.assert_array_equal(clip.visibility, visible)
    np.testing.assert_allclose(clip.keypoints[visible], labels[person][visible], atol=1e-4)

  skeleton, clips = sets["lspet_val"]
  assert sorted(clips) == ["00009", "00012", "00030"]
  assert skeleton.torso == (skeleton.joint_names.index("left_shoulder"), 2)
  assert skeleton.joint_names[0] == "right_ankle" and skeleton.joint_names[13] == "head_top"
  # Joints span 32 to 160. The box is 1.2 times as large; with a margin of 1.25, it is the still.
  np.testing.assert_allclose(clips["00012"].boxes, [[19.2, 19.2, 172.8, 172.8]], atol=1e-4)

  skeleton, clips = sets["eval_clips"]
  assert skeleton.joint_names == people_sources.LIMB_JOINTS and sorted(clips) == ["pitch", "walk"]
  assert skeleton.torso == (1, 6)  # left shoulder, right hip
  # In "pitch", the head comes first, then the joints in ORDER; the last joint of frame 1 is hidden.
  expected = np.arange(2 * 13 * 2).reshape(2, 13, 2)[:, :0:-1] / 2
  visible = np.ones((2, 12), bool)
  visible[1, 0] = False
  np.testing.assert_array_equal(clips["pitch"].visibility, visible)
  np.testing.assert_allclose(clips["pitch"].keypoints[visible], expected[visible])
  assert len(clips["walk"].keypoints) == 3
  kept = make_sets(source, tmp_path / "records")
  assert kept.returncode == 0 and kept.stdout.count(": kept, ") == 4


def test_clip_without_all_frames_is_refused(source, tmp_path):
  write_eval_clip(tmp_path / "changed" / "eval_clips" / "short", "head", 3)
  (tmp_path / "changed" / "eval_clips" / "short" / "000002.jpg").unlink()
  with pytest.raises(InputError, match="short: has 2 frames, but labels of 3"):
    people_sources.write_eval_clips(tmp_path / "changed", tmp_path / "out")


def test_nan_joints_are_not_labeled():
  joints = np.array([[3.0, 4.0], [np.nan, 7.0], [5.0, 6.0]])
  assert people_sources.coco_joints(joints) == [3, 4, 2, 0, 0, 0, 5, 6, 2]


def test_missing_file_is_named(source, tmp_path):
  done = make_sets(tmp_path / "nowhere", tmp_path / "records")
  (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
  assert "nowhere/penn_action/0502.mp4: no such file, but set 0502 requires it" in line
  assert done.returncode == 1 and not (tmp_path / "records").exists()


def test_unexpected_joints_are_refused(source, tmp_path):
  changed = tmp_path / "changed" / "lspet_val"
  changed.mkdir(parents=True)
  write_lspet_labels(changed.parent, ("l_ankle", *people_sources.LSP_NAMES[1:]))
  with pytest.raises(InputError, match="labels.npz: expected the joints .*'l_ankle'"):
    people_sources.write_lspet(changed.parent, tmp_path / "out")


def test_missing_still_is_named(source, tmp_path):
  changed = tmp_path / "changed" / "lspet_val"
  changed.mkdir(parents=True)
  write_lspet_labels(changed.parent, people_sources.LSP_NAMES)
  with tarfile.open(changed / "crops192.tar", "w"):
    pass
  with pytest.raises(InputError, match="crops192.tar: no 00009.jpg"):
    people_sources.write_lspet(changed.parent, tmp_path / "out")


def test_annotations_name_all_stills(source, tmp_path):
  people_sources.write_lspet(source, tmp_path / "out")
  content = json.loads((tmp_path / "out" / "annotations.json").read_text())
  assert [clip["name"] for clip in content["clips"]] == ["00009", "00012", "00030"]
  assert {clip["split"] for clip in content["clips"]} == {"test"}
  assert [image["frame"] for image in content["images"]] == [0, 0, 0]
