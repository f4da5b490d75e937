"""Tests of runs over many videos: tables, reruns, failures, segments."""

import csv
import json

import numpy as np
import pytest

import ppn_tf
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.bulk import track_videos as track_videos_module
from ppn_tf.tracking.bulk.local_engine import Outcome, describe_error
from ppn_tf.tracking.bulk.settings import BulkSettings
from ppn_tf.tracking.bulk.track_videos import track_videos
from tests.test_track import fixture_folder  # noqa: F401
from tests.tracking.bulk.spot_clips import draw_spot, write_clip, write_frames


class Engine:
  """Runs units in this process, and keeps them; `order` sorts them first."""

  def __init__(self, order=list):
    self.order, self.units = order, []

  def __call__(self, function, units):
    for unit in self.order(units):
      self.units.append(unit)
      try:
        yield Outcome(unit, function(unit))
      except InputError as error:
        yield Outcome(unit, reason=describe_error(error))


@pytest.fixture(name="model", scope="module")
def fixture_model(folder):
  return folder / "spot.tflite"


@pytest.fixture(name="videos", scope="module")
def fixture_videos(tmp_path_factory):
  root = tmp_path_factory.mktemp("videos")
  return [write_clip(root / f"{row}.mp4", row) for row in (50, 60)]


def track(videos, output, model, *, engine=None, parquet=False, retry_failed=False, **settings):
  """Tracks, and returns the summary and the engine."""
  engine = engine or Engine()
  summary = track_videos(
    *(videos, output, BulkSettings(model=model, **settings), engine),
    parquet=parquet,
    retry_failed=retry_failed,
  )
  return summary, engine


def read_manifest(output):
  return json.loads((output / "manifest.json").read_text())


def contents(output):
  """Returns the bytes of all outputs by path."""
  return {
    str(path.relative_to(output)): path.read_bytes()
    for path in sorted(output.rglob("*"))
    if path.is_file() and path.name != ".lock"
  }


def test_joints_are_those_of_track_video(videos, model, tmp_path):
  parquet = pytest.importorskip("pyarrow.parquet")
  summary, _ = track(videos, tmp_path / "many", model, parquet=True)
  assert (summary.num_videos, summary.num_tracked, summary.num_failed) == (2, 2, 0)
  assert summary.num_frames == 24
  table = parquet.read_table(tmp_path / "many" / "joints.parquet")
  rows = table.to_pylist()
  for number, entry in enumerate(read_manifest(tmp_path / "many")["videos"]):
    ppn_tf.track_video(
      *(videos[number],),
      model=model,
      output_jsonl=tmp_path / "one.jsonl",
      output_csv=tmp_path / "one.csv",
    )
    assert (tmp_path / "many" / entry["joints"]).read_bytes() == (
      (tmp_path / "one.jsonl").read_bytes()
    )
    with open(tmp_path / "one.csv") as file:
      expected = list(csv.reader(file))
    assert table.column_names == ["video", *expected[0]]
    for row, values in zip(rows[12 * number : 12 * number + 12], expected[1:]):
      assert row["video"] == str(videos[number])
      np.testing.assert_allclose([float(row[name]) for name in expected[0]], np.float32(values))


def test_manifest_names_videos_hashes_and_settings(videos, model, tmp_path):
  track(videos, tmp_path, model, end=0.2, box=(40, 30, 70, 70))
  manifest = read_manifest(tmp_path)
  assert manifest["settings"]["end"] == 0.2 and manifest["settings"]["box"] == [40, 30, 70, 70]
  assert len(manifest["settings"]["model_hash"]) == 64
  assert [entry["video"] for entry in manifest["videos"]] == [str(video) for video in videos]
  first = manifest["videos"][0]
  assert (first["frames"], first["seconds"], first["fps"], first["people"]) == (5, 0.2, 25.0, 1)
  assert (first["width"], first["height"], first["damaged"], first["segments"]) == (160, 120, 0, 1)
  lines = (tmp_path / first["joints"]).read_text().splitlines()
  assert json.loads(lines[0])["people"][0]["box"] == [40, 30, 70, 70]


def test_rerun_does_nothing(videos, model, tmp_path):
  track(videos, tmp_path, model, parquet=True)
  before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.name != ".lock"}
  summary, engine = track(videos, tmp_path, model, parquet=True)
  assert (summary.num_tracked, summary.num_kept, engine.units) == (0, 2, [])
  after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.name != ".lock"}
  assert after == before


def test_renamed_and_copied_videos_are_recognized(videos, model, tmp_path):
  track(videos, tmp_path / "out", model)
  copies = [tmp_path / "copy.mp4", tmp_path / "other.mp4"]
  for copy in copies:
    copy.write_bytes(videos[0].read_bytes())
  summary, engine = track(copies, tmp_path / "out", model)
  assert engine.units == [] and summary.num_kept == 1
  entries = read_manifest(tmp_path / "out")["videos"]
  assert [entry["video"] for entry in entries] == [str(copy) for copy in copies]
  assert entries[0]["joints"] == entries[1]["joints"]


def test_changed_video_and_changed_settings_are_tracked_again(videos, model, tmp_path):
  own = [tmp_path / "own.mp4", videos[1]]
  own[0].write_bytes(videos[0].read_bytes())
  track(own, tmp_path / "out", model)
  old = read_manifest(tmp_path / "out")
  write_clip(own[0], row=45)
  assert [unit.path for unit in track(own, tmp_path / "out", model)[1].units] == [str(own[0])]
  summary, engine = track(own, tmp_path / "out", model, smooth=False)
  assert len(engine.units) == 2 and summary.num_tracked == 2
  new = read_manifest(tmp_path / "out")
  assert new["settings_hash"] != old["settings_hash"]
  # A model counts by its content.
  moved = tmp_path / "moved.tflite"
  moved.write_bytes(model.read_bytes())
  assert track(own, tmp_path / "out", moved, smooth=False)[1].units == []
  changed = bytearray(moved.read_bytes())
  changed += b"\0"
  moved.write_bytes(changed)
  assert len(track(own, tmp_path / "out", moved, smooth=False)[1].units) == 2


def test_truncated_joints_are_made_again(videos, model, tmp_path):
  track(videos, tmp_path, model)
  before = contents(tmp_path)
  path = tmp_path / read_manifest(tmp_path)["videos"][1]["joints"]
  path.write_bytes(path.read_bytes()[:100])
  assert [unit.path for unit in track(videos, tmp_path, model)[1].units] == [str(videos[1])]
  assert contents(tmp_path) == before


def test_broken_videos_fail_for_themselves(videos, model, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "broken.mp4").write_bytes(videos[0].read_bytes()[:200])
  given = [videos[0], (tmp_path / "broken.mp4").relative_to(tmp_path), tmp_path / "gone.mp4"]
  summary, _ = track([*given, videos[1]], tmp_path / "out", model)
  assert (summary.num_tracked, summary.num_failed) == (2, 2)
  rows = [json.loads(line) for line in (tmp_path / "out" / "failed.jsonl").open()]
  assert [row["video"] for row in rows] == ["broken.mp4", str(tmp_path / "gone.mp4")]
  assert rows[0]["reason"].startswith("broken.mp4: not a video that can be read")
  assert rows[1]["reason"].startswith(f"{given[2]}: no such file")
  assert read_manifest(tmp_path / "out")["failed"] == 2

  before = contents(tmp_path / "out")
  summary, engine = track([*given, videos[1]], tmp_path / "out", model)
  assert engine.units == [] and summary.num_failed == 2  # the missing file has no hash to know
  assert contents(tmp_path / "out") == before
  _, engine = track([*given, videos[1]], tmp_path / "out", model, retry_failed=True)
  assert [unit.path for unit in engine.units] == [str(tmp_path / "broken.mp4")]
  assert contents(tmp_path / "out") == before
  (tmp_path / "broken.mp4").write_bytes(videos[0].read_bytes())
  given[2].write_bytes(videos[0].read_bytes())
  summary, engine = track([*given, videos[1]], tmp_path / "out", model)
  assert (summary.num_failed, engine.units) == (0, [])
  assert (tmp_path / "out" / "failed.jsonl").read_text() == ""


@pytest.fixture(name="long_video", scope="module")
def fixture_long_video(tmp_path_factory):
  """Writes 30 frames with two spots; the background changes at frame 12."""
  frames = []
  for index in range(30):
    background = (10, 10, 10) if index < 12 else (90, 20, 60)
    frames.append(np.maximum(draw_spot(40 + index, 50, background), draw_spot(120, 60)))
  return write_frames(tmp_path_factory.mktemp("long") / "long.mp4", frames)


@pytest.mark.parametrize("max_people", [1, 2])
def test_segments_join_to_one_table(long_video, model, tmp_path, max_people):
  settings = {"segment_seconds": 0.4, "max_people": max_people}
  _, engine = track([long_video], tmp_path / "forward", model, **settings)
  assert [unit.segment for unit in engine.units] == [0, 1, 2]
  backward = Engine(order=lambda units: list(units)[::-1])
  track([long_video], tmp_path / "backward", model, engine=backward, **settings)
  assert [unit.segment for unit in backward.units] == [2, 1, 0]
  assert contents(tmp_path / "backward") == contents(tmp_path / "forward")
  entry = read_manifest(tmp_path / "forward")["videos"][0]
  assert (entry["frames"], entry["segments"]) == (30, 3)
  lines = [json.loads(line) for line in (tmp_path / "forward" / entry["joints"]).open()]
  assert [line["index"] for line in lines] == [line["frame"] for line in lines] == list(range(30))
  ids = [{person["track_id"] for person in line["people"]} for line in lines]
  if max_people == 1:
    assert ids == [{1}] * 30
  else:  # people of another segment are others
    assert not set.union(*ids[:10]) & set.union(*ids[12:20])
    assert entry["people"] == len(set.union(*ids))


class Stopped(Engine):
  """Is interrupted after one unit."""

  def __call__(self, function, units):
    yield next(super().__call__(function, units))
    raise KeyboardInterrupt


def test_interrupted_run_forgets_no_failure(videos, model, tmp_path):
  broken = tmp_path / "broken.mp4"
  broken.write_bytes(b"no video")
  track([broken], tmp_path / "out", model)
  before = (tmp_path / "out" / "failed.jsonl").read_text()
  assert str(broken) in before
  with pytest.raises(KeyboardInterrupt):
    track([*videos, broken], tmp_path / "out", model, engine=Stopped())
  assert (tmp_path / "out" / "failed.jsonl").read_text() == before
  assert len(track([*videos, broken], tmp_path / "out", model)[1].units) == 1


def test_interrupted_segments_are_kept(long_video, model, tmp_path):
  settings = {"segment_seconds": 0.4}
  track([long_video], tmp_path / "unbroken", model, **settings)
  with pytest.raises(KeyboardInterrupt):
    track([long_video], tmp_path / "out", model, engine=Stopped(), **settings)
  assert not (tmp_path / "out" / "manifest.json").exists()
  _, engine = track([long_video], tmp_path / "out", model, **settings)
  assert [unit.segment for unit in engine.units] == [1, 2]
  assert contents(tmp_path / "out") == contents(tmp_path / "unbroken")


def test_unusable_model_ends_the_run(videos, tmp_path):
  with pytest.raises(InputError, match="gone.tflite: no such model"):
    track(videos, tmp_path / "out", tmp_path / "gone.tflite")
  with pytest.raises(InputError, match="not a TensorFlow Lite model"):
    track(videos, tmp_path / "out", videos[0])
  assert not (tmp_path / "out" / "manifest.json").exists()


def test_folder_of_another_run_is_refused(videos, model, tmp_path):
  with track_videos_module._locked(tmp_path):
    with pytest.raises(InputError, match="another run is writing there"):
      track(videos, tmp_path, model)
  with pytest.raises(InputError, match="cannot write there"):
    track(videos, videos[0] / "out", model)
