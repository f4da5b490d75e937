"""Tests of ppn_tf.track_video: the command as a function."""

import csv
import json

import numpy as np
import pytest

import ppn_tf
from ppn_tf.runtime.errors import InputError
from tests.tracking.discs import DiscEye, joints
from tests.tracking.output.test_results import film, walker


@pytest.fixture(name="clip", scope="module")
def fixture_clip(tmp_path_factory):
  return film(tmp_path_factory.mktemp("clip") / "in.mp4", 20)


def test_overlay_and_joints(clip, tmp_path):
  eye = DiscEye()
  summary = ppn_tf.track_video(
    clip, tmp_path / "out.mp4", model=eye, output_json=tmp_path / "out.json", smooth=False
  )
  assert (summary.num_frames, summary.num_people) == (20, 1)
  assert summary.paths == (str(tmp_path / "out.mp4"), str(tmp_path / "out.json"))
  assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "out.mp4"]
  frames = json.loads((tmp_path / "out.json").read_text())["frames"]
  for t, frame in enumerate(frames):
    np.testing.assert_allclose(np.array(frame["keypoints"])[:, :2], joints(walker(t)), atol=5.0)


def test_options(clip, tmp_path):
  summary = ppn_tf.track_video(
    str(clip),
    model=DiscEye(),
    max_people=2,
    box=[40, 80, 120, 220],
    start=0.2,
    end=0.6,
    every=2,
    output_csv=str(tmp_path / "out.csv"),
    output_jsonl=tmp_path / "out.jsonl",
    output_coco=tmp_path / "coco.json",
    contact_sheet=tmp_path / "sheet.png",
    sheet_every=2,
    min_score=0.95,
  )
  assert summary.num_frames == 5
  with open(tmp_path / "out.csv") as file:
    rows = list(csv.DictReader(file))
  assert [float(row["time"]) for row in rows] == pytest.approx([0.2, 0.28, 0.36, 0.44, 0.52])
  assert [float(rows[0][side]) for side in ("x1", "y1", "x2", "y2")] == [40, 80, 120, 220]
  # No joint reaches a score of 0.95, so the box does not follow the person.
  assert {row["x1"] for row in rows} == {"40.0"}
  annotations = json.loads((tmp_path / "coco.json").read_text())["annotations"]
  assert all(row["num_keypoints"] == 0 for row in annotations)
  assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 5
  assert (tmp_path / "sheet.png").stat().st_size > 0


def test_smoothing(clip, tmp_path):
  def x_positions(name, **options):
    path = tmp_path / f"{name}.json"
    ppn_tf.track_video(clip, model=DiscEye(), output_json=path, **options)
    return np.array([f["keypoints"] for f in json.loads(path.read_text())["frames"]])[..., 0]

  plain, smooth = x_positions("plain", smooth=False), x_positions("smooth")
  slow = x_positions("slow", beta=0.0, min_cutoff=0.1)
  assert 0 < np.abs(smooth - plain).max() < 5
  assert np.abs(slow - plain).max() > 15  # the person walks 38 pixels
  np.testing.assert_array_equal(smooth[0], plain[0])


def test_stop_keeps_the_tracked_frames(clip, tmp_path):
  calls = []
  summary = ppn_tf.track_video(
    clip,
    model=DiscEye(),
    output_json=tmp_path / "out.json",
    stop=lambda: calls.append(None) or len(calls) > 6,
  )
  frames = json.loads((tmp_path / "out.json").read_text())["frames"]
  assert 0 < len(frames) == summary.num_frames <= 6


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    ({}, "nothing to write. Give output=PATH, output_json=PATH"),
    ({"output": "out.avi.txt"}, "End its name in .mp4"),
    ({"output": "in.mp4"}, "in.mp4: is the input video"),
    ({"output": "o.mp4", "box": [5, 5, 1, 9]}, r"box=\[5, 5, 1, 9\]: not a box"),
    ({"output": "o.mp4", "start": 2.0, "end": 1.0}, "start=2, end=1: not a part of a video"),
    ({"output": "o.mp4", "every": 0}, "every=0: not a step"),
    ({"output": "o.mp4", "max_people": 0}, "max_people=0: too few"),
    ({"output": "o.mp4", "contact_sheet": "a.pdf"}, "contact_sheet=a.pdf: not an image"),
    ({"output": "o.mp4", "model": "gone.tflite"}, "gone.tflite: no such model"),
    ({"output": "o.mp4", "video": "gone.mp4"}, "gone.mp4: no such file"),
  ],
)
def test_errors_name_arguments(clip, tmp_path, monkeypatch, arguments, message):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "in.mp4").write_bytes(clip.read_bytes())
  with pytest.raises(InputError, match=message) as caught:
    ppn_tf.track_video(**{"video": "in.mp4", "model": DiscEye(), **arguments})
  assert "--" not in str(caught.value) and "\n" not in str(caught.value)
  assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_unknown_option(clip):
  with pytest.raises(TypeError, match="unexpected keyword argument 'min_scor'"):
    ppn_tf.track_video(clip, "out.mp4", model=DiscEye(), min_scor=0.3)
