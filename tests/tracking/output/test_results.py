"""Tests of ppn_tf.tracking.output.results: all outputs of a tracked video."""

import csv
import gc
import json
import time
import tracemalloc

import av
import cv2
import numpy as np
import pytest

from ppn_tf import PeopleTracker, Tracker
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.output.results import Outputs, write_results
from ppn_tf.tracking.video.sources import Excerpt, LiveVideo, open_source
from tests.tracking.discs import DiscEye, joints, paint
from tests.tracking.video.test_writer import clicks, write_with_sound


def walker(t):
  return (80 + 2.0 * t, 150, 18)


def film(path, num_frames=40, size=(300, 480), people=lambda t: [walker(t)], rate=25):
  with av.open(str(path), "w") as container:
    stream = container.add_stream("libx264", rate=rate)
    stream.height, stream.width = size
    stream.pix_fmt = "yuv444p" if size[0] % 2 or size[1] % 2 else "yuv420p"
    for t in range(num_frames):
      frame = av.VideoFrame.from_ndarray(paint(people(t), size), format="rgb24")
      container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
  return path


def all_outputs(folder):
  return Outputs(
    overlay=str(folder / "a.mp4"),
    json=str(folder / "a.json"),
    jsonl=str(folder / "a.jsonl"),
    csv=str(folder / "a.csv"),
    coco=str(folder / "coco.json"),
    sheet=str(folder / "a.png"),
  )


def track(source, outputs, max_people=1, eye=None, part=None, **arguments):
  tracker = PeopleTracker(Tracker.from_preset(eye or DiscEye()), max_people)
  excerpt = part(open_source(source)) if part else Excerpt(open_source(source))
  return write_results(tracker, excerpt, outputs, **arguments)


def test_all_outputs_agree(tmp_path):
  film(tmp_path / "in.mp4")
  out = tmp_path / "out"
  summary = track(tmp_path / "in.mp4", all_outputs(out), smoother=None)
  assert (summary.num_frames, summary.num_people, summary.sound_lost) == (40, 1, False)
  assert (summary.video, summary.num_damaged) == (str(tmp_path / "in.mp4"), 0)
  assert not summary.is_live and summary.seconds > 0
  assert sorted(summary.paths) == sorted(map(str, out.iterdir()))
  assert len(summary.paths) == 6
  table = json.loads((out / "a.json").read_text())
  lines = [json.loads(line) for line in (out / "a.jsonl").read_text().splitlines()]
  rows = list(csv.DictReader((out / "a.csv").open()))
  coco = json.loads((out / "coco.json").read_text())
  assert [len(records) for records in (table["frames"], lines, rows, coco["images"])] == [40] * 4
  for t, (frame, line, row) in enumerate(zip(table["frames"], lines, rows)):
    keypoints = np.array(frame["keypoints"])
    np.testing.assert_allclose(keypoints[:, :2], joints(walker(t)), atol=5.0)
    assert list(line["people"][0]["keypoints"].values()) == frame["keypoints"]
    assert float(row["head_x"]) == frame["keypoints"][0][0]
    assert float(row["score"]) == frame["score"]
    assert frame["time"] == pytest.approx(t / 25, abs=1e-6)
  triples = np.reshape(coco["annotations"][7]["keypoints"], (17, 3))
  ankle = table["frames"][7]["keypoints"][table["joint_names"].index("left_ankle")]
  assert triples[15].tolist() == pytest.approx([*ankle[:2], 2], abs=0.01)
  with av.open(str(out / "a.mp4")) as container:
    pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
  assert len(pictures) == 40
  assert (np.ptp(pictures[20].astype(int), axis=-1) > 60).sum() > 300
  assert cv2.imread(str(out / "a.png")) is not None


def test_part_of_a_video_with_sound(tmp_path):
  source = write_with_sound(tmp_path / "in.mp4")
  outputs = Outputs(overlay=str(tmp_path / "out.mp4"), json=str(tmp_path / "out.json"))
  original = clicks(source)
  summary = track(source, outputs, part=lambda video: Excerpt(video, 1.0, 4.0, 3))
  assert (summary.num_frames, summary.sound_lost) == (30, False)
  times = [frame["time"] for frame in json.loads((tmp_path / "out.json").read_text())["frames"]]
  np.testing.assert_allclose(times, 1 + np.arange(30) / 10, atol=1e-6)
  with av.open(str(tmp_path / "out.mp4")) as container:
    shown = [frame.time for frame in container.decode(video=0)]
  np.testing.assert_allclose(shown, np.arange(30) / 10, atol=1e-3)
  heard = [t for t in clicks(tmp_path / "out.mp4") if 0.2 < t < 2.8]
  assert heard == pytest.approx([t - 1 for t in original if 1.2 < t < 3.8], abs=0.02)


def test_smoothing_does_not_affect_the_tracker(tmp_path):
  film(tmp_path / "in.mp4", 30)
  results = []
  for name in ("raw", "smooth"):
    eye = DiscEye()
    outputs = Outputs(json=str(tmp_path / f"{name}.json"))
    track(tmp_path / "in.mp4", outputs, eye=eye, **({"smoother": None} if name == "raw" else {}))
    frames = json.loads((tmp_path / f"{name}.json").read_text())["frames"]
    results.append([[frame["keypoints"], frame["box"]] for frame in frames])
  keypoints, boxes = zip(*(zip(*frames) for frames in results))
  assert boxes[0] == boxes[1]
  assert keypoints[0] != keypoints[1]
  moved = np.abs(np.array(keypoints[0]) - np.array(keypoints[1]))
  assert 0 < moved[..., :2].max() < 2.5
  assert moved[..., 2].max() == 0


def test_stopped_video_keeps_tracked_frames(tmp_path):
  film(tmp_path / "in.mp4")
  calls = []

  def stop():
    calls.append(None)
    return len(calls) > 12

  out = tmp_path / "out"
  summary = track(tmp_path / "in.mp4", all_outputs(out), stop=stop)
  assert 0 < summary.num_frames < 40
  assert len(list(out.iterdir())) == 6
  table = json.loads((out / "a.json").read_text())
  assert len(table["frames"]) == summary.num_frames
  with av.open(str(out / "a.mp4")) as container:
    assert len(list(container.decode(video=0))) == summary.num_frames


def test_stopped_before_the_first_frame(tmp_path):
  film(tmp_path / "in.mp4", 5)
  with pytest.raises(KeyboardInterrupt):
    track(tmp_path / "in.mp4", all_outputs(tmp_path / "out"), stop=lambda: True)
  assert list((tmp_path / "out").iterdir()) == []


class Slow(DiscEye):
  def step(self, frame, previous):
    time.sleep(0.02)
    return super().step(frame, previous)


@pytest.mark.parametrize("waits", [True, False])
def test_stream_keeps_all_frames_and_camera_drops_late_ones(tmp_path, waits):
  film(tmp_path / "in.mkv", 60)
  with open(tmp_path / "in.mkv", "rb") as file:
    video = LiveVideo("live", file, waits=waits)
    outputs = Outputs(json=str(tmp_path / "out.json"))
    tracker = PeopleTracker(Tracker.from_preset(Slow()))
    summary = write_results(tracker, Excerpt(video), outputs, smoother=None)
  frames = json.loads((tmp_path / "out.json").read_text())["frames"]
  assert len(frames) == summary.num_frames
  assert (summary.num_frames == 60) == waits
  numbers = [25 * frame["time"] for frame in frames]  # each frame has its own time
  np.testing.assert_allclose(numbers, np.round(numbers), atol=0.05)
  assert np.diff(numbers).min() > 0.9
  assert numbers[-1] == pytest.approx(59, abs=0.05)


class BreaksDown(DiscEye):
  def step(self, frame, previous):
    if self.steps == 10:
      raise RuntimeError("no more")
    return super().step(frame, previous)


def test_failure_leaves_no_output(tmp_path):
  film(tmp_path / "in.mp4")
  out = tmp_path / "out"
  with pytest.raises(RuntimeError, match="no more"):
    track(tmp_path / "in.mp4", all_outputs(out), eye=BreaksDown())
  assert list(out.iterdir()) == []


@pytest.mark.parametrize("num_frames", [1, 2])
@pytest.mark.parametrize("size", [(47, 63), (2, 2), (300, 480)])
def test_short_and_small_videos(tmp_path, num_frames, size):
  film(tmp_path / "in.mp4", num_frames, size)
  summary = track(tmp_path / "in.mp4", all_outputs(tmp_path / "out"))
  assert summary.num_frames == num_frames


def test_4k(tmp_path):
  film(tmp_path / "in.mp4", 2, (2160, 3840), lambda t: [(1900 + t, 1000, 150)])
  outputs = Outputs(overlay=str(tmp_path / "o.mp4"), json=str(tmp_path / "o.json"))
  assert track(tmp_path / "in.mp4", outputs, smoother=None).num_people == 1
  keypoints = json.loads((tmp_path / "o.json").read_text())["frames"][1]["keypoints"]
  np.testing.assert_allclose(np.array(keypoints)[:, :2], joints((1901, 1000, 150)), atol=25)


def test_nobody(tmp_path):
  film(tmp_path / "in.mp4", 12, people=lambda t: [])
  summary = track(tmp_path / "in.mp4", all_outputs(tmp_path / "out"))
  assert (summary.num_frames, summary.num_people) == (12, 0)
  frames = json.loads((tmp_path / "out" / "a.json").read_text())["frames"]
  assert not any(frame["found"] for frame in frames)
  assert json.loads((tmp_path / "out" / "coco.json").read_text())["annotations"] == []


def test_several_people(tmp_path):
  film(tmp_path / "in.mp4", 20, people=lambda t: [(100 + t, 150, 16), (380, 150, 18)])
  summary = track(tmp_path / "in.mp4", all_outputs(tmp_path / "out"), max_people=3)
  assert summary.num_people == 2
  frames = json.loads((tmp_path / "out" / "a.json").read_text())["frames"]
  assert [[person["track_id"] for person in frame["people"]] for frame in frames] == [[1, 2]] * 20
  rows = list(csv.DictReader((tmp_path / "out" / "a.csv").open()))
  assert len(rows) == 40


@pytest.mark.parametrize(
  ("outputs", "message"),
  [
    (Outputs(overlay="in.mp4"), "in.mp4: is the input video"),
    (Outputs(json="x.json", coco="./x.json"), "x.json: is another output too"),
    (Outputs(csv="-", jsonl="-"), "-: is another output too"),
    (Outputs(sheet="a.pdf"), "End it in .png or .jpg"),
    (Outputs(overlay="a.docx"), "End its name in .mp4"),
    (Outputs(overlay=""), "nothing to write"),
  ],
)
def test_invalid_outputs(tmp_path, monkeypatch, outputs, message):
  monkeypatch.chdir(tmp_path)
  film(tmp_path / "in.mp4", 2)
  with pytest.raises(InputError, match=message):
    track("in.mp4", outputs)
  assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_memory_does_not_grow_with_the_length(tmp_path):
  """Measures allocations of Python, which include frames and rows that are kept."""

  class Endless:
    path, time_base, num_frames, damaged, strict, fps = "x", None, None, 0, False, 25.0

    def frames(self, start=0.0):
      from ppn_tf.tracking.video.reader import Frame

      for t in range(self.length):
        yield Frame(image, t / 25)

  class Constant(DiscEye):
    """Returns the same heatmaps for every frame, because tracing slows Python down."""

    def _look(self, crop):
      return maps

  maps = DiscEye()._look(paint([(90, 90, 10)], (192, 192)))
  image = paint([(60, 60, 10)], (96, 128))
  peaks = []
  for length in (40, 240):
    video = Endless()
    video.length = length
    names = ("json", "jsonl", "csv", "coco")
    outputs = Outputs(**{name: str(tmp_path / f"{name}_{length}") for name in names})
    tracker = PeopleTracker(Tracker.from_preset(Constant()))
    gc.collect()
    tracemalloc.start()
    write_results(tracker, Excerpt(video), outputs)
    peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
  assert peaks[1] < peaks[0] + 200_000
