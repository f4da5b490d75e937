"""Tests of own clips through source, command and records."""

import pathlib

import numpy as np
import pytest

from data.builder import clip_records
from data.builder.account import ClipError
from data.clips import dataset
from data.clips.frames import read_part
from data.clips.source import ClipsSource
from ppn_tf.clips import records
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError
from tests.commands import run_command
from tests.data.clips.own_clips import (
  HEIGHT,
  WIDTH,
  add,
  annotations,
  picture,
  save,
  write_frames,
  write_movie,
)
from tests.data.penn_action import penn_files

ROOT = pathlib.Path(__file__).parents[3]


def read(folder: pathlib.Path, split: str) -> dict:
  builder = records.open_records(folder)
  clips = [
    {name: value.numpy() for name, value in records.parse(builder, example).items()}
    for example in records.serialized_examples(builder, split)
  ]
  return {clip["clip"].decode(): clip for clip in clips}


@pytest.fixture(name="source")
def fixture_source(tmp_path):
  """Writes a film of two people (split test), a folder of JPEGs and one of PNGs."""
  source = tmp_path / "my own"
  write_frames(source / "walk", 12)
  write_frames(source / "run", 3, ".png")
  write_movie(source / "film.mp4", 9)
  content = annotations(walk=12, run=2)
  for frame in (2, 3, 4):
    add(content, "film.mp4", frame, person=1)
  for frame in (5, 8):
    add(content, "film.mp4", frame, person=2)
  content["clips"] = [
    {"name": "film.mp4", "split": "test", "action": "dance"},
    {"name": "walk", "split": "train"},
    {"name": "run", "split": "train"},
  ]
  save(source, content)
  return source


def test_records_have_the_content_of_the_json(source, tmp_path):
  reader = ClipsSource(source, strict=True)
  folder = dataset.prepare(reader, str(tmp_path / "out"), "mine")
  assert folder == tmp_path / "out" / "clips" / "mine" / "1.0.0"
  assert reader.account.num_frames == {"train": 12 + 2, "test": 3 + 4}
  train, test = read(folder, "train"), read(folder, "test")
  assert sorted(train) == ["run", "walk"] and sorted(test) == ["film.mp4#1", "film.mp4#2"]

  walk = train["walk"]
  files = [source / "walk" / f"{number}.jpg" for number in range(1, 13)]
  assert walk["frames"].tolist() == [file.read_bytes() for file in files]
  assert walk["keypoints"][11].tolist() == [[31, 5], [36, 12], [26, 12], [34, 30], [28, 30]]
  assert walk["visibility"].all() and walk["boxes"][11].tolist() == [21, 2, 41, 42]
  assert walk["image_size"].tolist() == [HEIGHT, WIDTH] and walk["action"] == b""
  assert len(train["run"]["frames"]) == 2
  pixels = records.decode_frames(train["run"]["frames"]).numpy()
  np.testing.assert_array_equal(pixels, [picture(1), picture(2)])

  first, second = test["film.mp4#1"], test["film.mp4#2"]
  assert first["action"] == b"dance" and first["keypoints"][0, 0].tolist() == [22, 8]
  pixels = records.decode_frames(first["frames"]).numpy().astype(float)
  for number, image in zip((3, 4, 5), pixels):
    assert np.abs(image - picture(number)).mean() < 3  # neighbours differ by 10
  # Frames between two labels have no joints; their boxes are interpolated.
  assert second["visibility"].tolist() == [[True] * 5, [False] * 5, [False] * 5, [True] * 5]
  np.testing.assert_allclose(second["boxes"][:, 0], [15, 16, 17, 18], atol=1e-5)
  (repair,) = reader.account.repairs["film.mp4#2"]
  assert (repair.kind, repair.count) == ("unlabelled_frames", 2)


def test_records_have_their_skeleton(source, tmp_path):
  dataset.prepare(ClipsSource(source), str(tmp_path / "out"), "mine")
  assert records.read_skeleton(records.open_records(tmp_path / "out")) == Skeleton(
    name="stick",
    joint_names=("nose", "left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    flip_pairs=((1, 2), (3, 4)),
    limbs=((0, 1), (1, 3), (2, 4)),
    torso=(1, 4),
    groups=(("Nose", (0,)), ("Shoulder", (1, 2)), ("Hip", (3, 4))),
  )


def test_nan_joints_and_boxes_without_area_are_repaired(tmp_path):
  content = annotations()
  write_frames(tmp_path / "a", 3)
  for frame, bbox in enumerate(([1, 1, 0, 5], None, [2, 2, 4, 4])):
    add(content, "a", frame, bbox=bbox)
  first, second, third = (annotation["keypoints"] for annotation in content["annotations"])
  first[0] = float("nan")
  second[3] = None
  third[0], third[3] = -7, WIDTH
  save(tmp_path, content)
  labels, _ = ClipsSource(tmp_path).read_clip("a")
  assert [(repair.kind, repair.count) for repair in labels.repairs] == [
    ("joints_not_a_number", 2),
    ("joints_outside", 2),
    ("box_from_joints", 2),
  ]
  assert np.argwhere(~labels.visibility).tolist() == [[0, 0], [1, 1], [2, 0], [2, 1]]
  # The other four joints span (15, 12) to (25, 30), enlarged by a fifth around (20, 21).
  np.testing.assert_allclose(labels.boxes[0], [14, 10.2, 26, 31.8], atol=1e-5)
  assert labels.boxes[2].tolist() == [2, 2, 6, 6]


def test_defective_clips_are_skipped_and_named(tmp_path):
  source = tmp_path / "mine"
  for name in ("fine", "torn", "short", "twice", "joints", "sizes", "unlabelled"):
    write_frames(source / name, 3)
  content = annotations(fine=3, torn=3, short=4, twice=3, joints=2, sizes=3, nowhere=2)
  add(content, "twice", 0)
  add(content, "joints", 2, keypoints=[1, 2, 3])
  add(content, "text", 0)
  add(content, "film.mp4", 8)
  for image in content["images"]:
    if image["clip"] == "sizes":
      image.update(height=2 * HEIGHT, width=2 * WIDTH)
  save(source, content)
  penn_files.truncate(source / "torn")
  (source / "text").write_text("no film")
  movie = write_movie(source / "film.mp4", 9)
  movie.write_bytes(movie.read_bytes()[:-400])
  reader = ClipsSource(source, test_fraction=0)
  assert reader.splits() == {"train": [*"fine torn short twice joints sizes text film.mp4".split()]}
  assert [labels.clip for labels, _ in reader.read_clips("train", reader.splits()["train"])] == [
    "fine",
    "joints",
  ]
  problems = {
    clip: (problem.kind, str(problem)) for clip, problem in reader.account.skipped.items()
  }
  assert {clip: kind for clip, (kind, _) in problems.items()} == {
    "torn": "unreadable frame",
    "short": "frames and labels disagree",
    "twice": "several people",
    "sizes": "labels for another size",
    "nowhere": "no frames",
    "text": "unreadable video",
    "film.mp4": "unreadable video",
  }
  assert all("\n" not in message for _, message in problems.values())
  assert "3 frames, but the last labelled frame is 3 (the first is 0)" in problems["short"][1]
  assert "frames are 48x64 (height x width), but the labels are for 96x128" in problems["sizes"][1]
  assert reader.account.left_out == {
    "frames without labels": ["unlabelled"],
    "annotations with 3 numbers in keypoints, expected 3 for each of 5 joints": [
      "annotations[21] (joints, frame 2)"
    ],
  }
  assert "joints: stick, 5 joints, 2 mirrored pairs" in reader.account.summarize()


def test_video_shorter_than_its_labels_is_refused(tmp_path):
  movie = write_movie(tmp_path / "film.mp4", 4)
  frames, size = read_part(movie, 1, 3)
  assert len(frames) == 3 and size == (HEIGHT, WIDTH)
  with pytest.raises(ClipError, match="film.mp4: 4 frames, but the last labelled frame is 4"):
    read_part(movie, 1, 4)


def test_clips_too_large_for_a_record_are_refused(tmp_path, monkeypatch):
  movie, folder = write_movie(tmp_path / "film.mp4", 4), write_frames(tmp_path / "a", 4)
  monkeypatch.setattr("data.clips.frames.MAX_BYTES", 1000)
  for path in (movie, folder):
    with pytest.raises(ClipError, match="exceeds 1 GB. Label it as several clips"):
      read_part(path, 0, 3)


def test_test_clips_are_selected_by_name(tmp_path):
  names = [f"clip{number}" for number in range(10)]
  for name in names:
    write_frames(tmp_path / name, 1)
  content = annotations(**dict.fromkeys(names, 1))
  content["clips"] = [{"name": "clip0", "split": "validation"}]
  save(tmp_path, content)
  splits = ClipsSource(tmp_path, test_fraction=0.3).splits()
  assert splits["validation"] == ["clip0"] and len(splits["test"]) == 3
  content["annotations"].reverse()
  save(tmp_path, content)
  again = ClipsSource(tmp_path, test_fraction=0.3).splits()
  assert {split: set(clips) for split, clips in again.items()} == {
    split: set(clips) for split, clips in splits.items()
  }
  assert set(ClipsSource(tmp_path).splits()["test"]) < set(splits["test"])


def test_command_writes_then_keeps_then_refuses(source, tmp_path, capsys):
  command = ["data.clips", f"--data_dir={tmp_path / 'out'}"]
  arguments = [f"--source={source}", "--name=mine"]
  done = run_command(*command, *arguments)
  folder = tmp_path / "out" / "clips" / "mine" / "1.0.0"
  assert done.returncode == 0, done.stderr
  assert done.stdout.splitlines()[:3] == [
    "train: 2 clips, 14 frames",
    "test: 2 clips, 7 frames",
    "joints: stick, 5 joints, 2 mirrored pairs",
  ]
  assert done.stdout.endswith(f"data set: --dataset={folder}\n")
  clip_records.keep(folder, ClipsSource(source))
  assert "kept the existing data set" in capsys.readouterr().out
  with pytest.raises(InputError, match="annotations.json has changed since or flags differ"):
    clip_records.keep(folder, ClipsSource(source, test_fraction=0.5))
  done = run_command(*command, f"--source={source}")
  assert done.returncode == 1
  assert done.stderr.splitlines()[-1].startswith("error: --name=my own: expected letters")


def test_folders_of_other_data_sets_are_recognized(tmp_path):
  penn_files.write_clip(tmp_path, "0001")
  with pytest.raises(InputError, match="lacks annotations.json.*looks like .*data.penn_action`"):
    ClipsSource(tmp_path)
