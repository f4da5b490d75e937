"""Tests of `python -m data.pseudo_label` with a small network, on a video and photographs."""

import pathlib

import cv2
import numpy as np
import pytest

from data.clips import dataset
from data.clips.source import ClipsSource
from data.pseudo_label import sources
from ppn_tf.clips import records
from ppn_tf.keypoints.joint_maps import COCO_JOINTS
from ppn_tf.keypoints.skeletons import COCO
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.writer import write_video
from tests.commands import run_command

import tensorflow as tf

ROOT = pathlib.Path(__file__).parents[3]
SIZE, HEIGHT, WIDTH = 64, 120, 160
# Joints are on a grid; its steps and the sides of squares are in pixels.
STEP_X, STEP_Y, SQUARE = 18, 16, 9


def teacher(image):
  """Returns a network with MoveNet's tensors that spreads joints over the white area."""
  white = tf.cast(tf.reduce_min(image[0], axis=-1) > 128, tf.float32)
  columns, rows = tf.reduce_max(white, axis=0), tf.reduce_max(white, axis=1)
  number = tf.range(SIZE, dtype=tf.float32)
  k = np.arange(17)
  steps = {"x": (k % 4, 3, STEP_X), "y": (k // 4, 4, STEP_Y)}
  places = []
  for axis, is_white in (("y", rows), ("x", columns)):
    step, last, width = steps[axis]
    first = tf.reduce_min(tf.where(is_white > 0, number, float(SIZE)))
    extent = tf.reduce_max(tf.where(is_white > 0, number + 1.0, 0.0)) - first
    part = (step * width + SQUARE / 2) / (last * width + SQUARE)
    places.append((first + extent * part.astype(np.float32)) / SIZE)
  there = 0.9 * tf.reduce_max(white) * tf.ones(17)
  return tf.stack([*places, there], axis=-1)[None, None]


def person(center):
  """Returns joints [17, 2] on a grid around a position."""
  k = np.arange(17)
  return np.stack([k % 4 * STEP_X - 27, k // 4 * STEP_Y - 32], axis=1) + np.array(center)


def photograph(keypoints, height=HEIGHT, width=WIDTH):
  picture = np.full((height, width, 3), 20, np.uint8)
  for x, y in np.round(keypoints).astype(int):
    cv2.rectangle(picture, (x - 4, y - 4), (x + 4, y + 4), (255, 255, 255), -1)
  return picture


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory):
  """Writes teacher.tflite, and media/ with a video and photographs, one damaged, one empty."""
  folder = tmp_path_factory.mktemp("pseudo_label")
  spec = tf.TensorSpec([1, SIZE, SIZE, 3], tf.int32)
  concrete = tf.function(teacher, input_signature=[spec]).get_concrete_function()
  converted = tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()
  (folder / "teacher.tflite").write_bytes(converted)
  media = folder / "media" / "inside"
  media.mkdir(parents=True)
  save = lambda name, picture: cv2.imwrite(str(media / name), picture[..., ::-1])  # noqa: E731
  save("one.png", photograph(person((80, 60))))
  save("empty.png", np.full((HEIGHT, WIDTH, 3), 20, np.uint8))
  (media / "damaged.png").write_bytes(b"no picture")
  with write_video(folder / "media" / "walk.mp4", fps=25) as writer:
    for frame in range(7):
      writer.write(photograph(person((70 + 2 * frame, 60))), frame / 25)
  return folder


def run(folder, *arguments):
  return run_command("data.pseudo_label", *arguments)


def test_command_labels_media_for_records(folder, tmp_path):
  output, sheet = tmp_path / "clips", tmp_path / "sheet.png"
  command = (
    f"--teacher={folder / 'teacher.tflite'}", f"--output={output}", f"--preview={sheet}",
    "--num_frames=3", "--segment_frames=4", "--frame_steps=1,2", "--num_workers=1",
    folder / "media",
  )  # fmt: skip
  done = run(folder, *command)
  assert done.returncode == 0, done.stderr
  assert "damaged.png: cannot be decoded" in done.stderr
  # The photograph, the video's 4 + 3 frames, and its even 4 and odd 3.
  assert "5 clips, 17 frames, 289 joints, from 3 sources. 1 of them show nobody" in done.stdout
  assert cv2.imread(str(sheet)).shape[1] > 800

  again = run(folder, *command)
  assert again.returncode == 0 and "5 clips, 17 frames" in again.stdout

  source = ClipsSource(output, strict=True)
  assert source.skeleton == COCO
  builder = records.open_records(dataset.prepare(source, str(tmp_path / "records"), "made"))
  assert records.num_clips(builder, "train") == 5
  clips = {}
  for serialized in records.serialized_examples(builder, "train"):
    clip = records.parse(builder, serialized)
    clips[clip["clip"].numpy().decode()] = clip
  names = ["inside_one", *(f"walk_{place:06d}_by_{step}" for place, step in
                           ((0, 1), (4, 1), (0, 2), (1, 2)))]  # fmt: skip
  assert sorted(clips) == sorted(f"clips/{name}" for name in names)
  for place, step, count in ((0, 1, 4), (4, 1, 3), (0, 2, 4), (1, 2, 3)):
    clip = clips[f"clips/walk_{place:06d}_by_{step}"]
    expected = [person((70 + 2 * (place + step * n), 60)) for n in range(count)]
    np.testing.assert_allclose(clip["keypoints"], expected, atol=1.5)
    assert clip["visibility"].numpy().all()
  still = clips["clips/inside_one"]
  assert still["frames"].shape == [3] and still["keypoints"].shape == [3, 17, 2]

  second = run(folder, *command, "--min_score=0.5")
  assert second.returncode == 1 and "was made with --min_score=0.3, not 0.5" in second.stderr


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    (["--output=x", "media"], "--teacher is missing"),
    (["--teacher=teacher.tflite", "media"], "--output is missing"),
    (["--teacher=teacher.tflite", "--output=x"], "no arguments"),
    (["--teacher=teacher.tflite", "--output=x", "absent.mp4"], "absent.mp4: no such file"),
    (["--teacher=absent.tflite", "--output=x", "media"], "absent.tflite: no such file"),
    (["--teacher=teacher.tflite", "--output=x", "--frame_steps=0", "media"], "--frame_steps=0"),
    (["--teacher=teacher.tflite", "--output=x", "--preview=p.txt", "media"], "--preview=p.txt"),
  ],
)
def test_refusals_are_reported_in_one_line(folder, arguments, message):
  full = [argument.replace("teacher.tflite", str(folder / "teacher.tflite")) for argument in
          arguments]  # fmt: skip
  full = [str(folder / "media") if argument == "media" else argument for argument in full]
  done = run(folder, *full)
  assert done.returncode == 1
  assert done.stderr.strip().splitlines()[-1].startswith("error: ") and message in done.stderr
  assert not (ROOT / "x").exists()


def test_sources_of_equal_names_are_refused(tmp_path):
  for name in ("a.png", "a.jpg"):
    (tmp_path / name).write_bytes(b"")
  with pytest.raises(InputError, match=r"a\.jpg and .*a\.png: have the same name"):
    sources.find_sources([str(tmp_path)])


def test_large_frames_are_resized_with_their_labels(folder):
  """Resizes a photograph of twice max_side to half the size, with half the coordinates."""
  from data.pseudo_label.teacher import Teacher
  from ppn_tf.evaluation.third_party import load_third_party

  path = folder / "large.png"
  large = cv2.resize(photograph(person((80, 60))), (2 * WIDTH, 2 * HEIGHT))
  cv2.imwrite(str(path), large[..., ::-1])
  cutting = sources.Cutting(num_frames=1, max_side=WIDTH)
  teacher_network = Teacher(load_third_party(folder / "teacher.tflite"))
  (clip,) = sources.make_clips(sources.Source(path, "large"), teacher_network, cutting)
  assert clip.frames[0].shape == (HEIGHT, WIDTH, 3)
  np.testing.assert_allclose(clip.keypoints[0], person((80, 60)), atol=1.5)
  assert COCO_JOINTS == COCO.joint_names
