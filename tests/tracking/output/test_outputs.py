"""Tests of outputs that exist already, of names, numbers and readers that are gone."""

import io
import json
import os
import sys

import av
import cv2
import numpy as np
import pytest

import ppn_tf
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.output.origin import check_replaceable
from ppn_tf.tracking.video.sources import source_name
from tests.tracking.discs import DiscEye
from tests.tracking.output.test_results import film

KINDS = {
  "output": "out.mp4",
  "output_json": "out.json",
  "output_coco": "coco.json",
  "contact_sheet": "sheet.png",
}


@pytest.fixture(name="cameras", scope="module")
def fixture_cameras(tmp_path_factory):
  folder = tmp_path_factory.mktemp("cameras")
  for name in ("cam1", "cam2"):
    (folder / name).mkdir()
    film(folder / name / "v.mp4", 3, (96, 128))
  return folder


def track(video, **options):
  return ppn_tf.track_video(video, model=DiscEye(), **options)


@pytest.mark.parametrize("kind", [*KINDS, "jpeg"])
def test_output_of_another_video_stays(cameras, monkeypatch, tmp_path, kind):
  monkeypatch.chdir(cameras)
  path = tmp_path / ("sheet.jpg" if kind == "jpeg" else KINDS[kind])
  kind = "contact_sheet" if kind == "jpeg" else kind
  track("cam1/v.mp4", **{kind: path})
  content = path.read_bytes()
  with pytest.raises(InputError, match=r"with the poses in cam1/v\.mp4\. .*overwrite=true"):
    track("cam2/v.mp4", **{kind: path})
  assert path.read_bytes() == content
  track("./cam1/v.mp4", **{kind: path})
  track(cameras / "cam1" / "v.mp4", **{kind: path})
  track("cam2/v.mp4", overwrite=True, **{kind: path})
  with pytest.raises(InputError, match="cam2/v.mp4"):
    track("cam1/v.mp4", **{kind: path})


@pytest.mark.parametrize("kind", list(KINDS))
def test_file_of_another_origin_stays(cameras, tmp_path, kind):
  path = tmp_path / KINDS[kind]
  film(tmp_path / "own.mp4", 1, (32, 32))
  cv2.imwrite(str(tmp_path / "own.png"), np.zeros((8, 8, 3), np.uint8))
  (tmp_path / "own.json").write_text('{"my": "notes"}')
  path.write_bytes((tmp_path / f"own{path.suffix}").read_bytes())
  with pytest.raises(InputError, match="was not written by this command"):
    track(cameras / "cam1" / "v.mp4", **{kind: path})
  path.write_bytes(b"")  # as mktemp leaves it
  track(cameras / "cam1" / "v.mp4", **{kind: path})
  assert path.stat().st_size


def test_recordings_stay(cameras, tmp_path):
  path = str(tmp_path / "out.json")
  track(cameras / "cam1" / "v.mp4", output_json=path)
  video = str(cameras / "cam1" / "v.mp4")
  check_replaceable(path, video, is_live=False)
  with pytest.raises(InputError, match="overwrite=true"):
    check_replaceable(path, video, is_live=True)


def test_frames_of_the_input_stay(tmp_path):
  folder = tmp_path / "walk.1"
  folder.mkdir()
  for index in range(2):
    cv2.imwrite(str(folder / f"{index}.png"), np.full((96, 128, 3), 90, np.uint8))
  (tmp_path / "link.png").symlink_to(folder / "1.png")
  content = (folder / "1.png").read_bytes()
  for sheet in (folder / "1.png", tmp_path / "link.png"):
    with pytest.raises(InputError, match="is a frame of the input video"):
      track(folder, contact_sheet=sheet, overwrite=True)
  with pytest.raises(InputError, match="would become a frame of the input video"):
    track(folder, contact_sheet=folder / "sheet.png")
  assert (folder / "1.png").read_bytes() == content
  assert len(list(folder.iterdir())) == 2


def test_names_of_folders_with_dots(tmp_path):
  (tmp_path / "session.1").mkdir()
  assert source_name(tmp_path / "session.1") == "session.1"
  assert source_name(tmp_path / "session.1.mp4") == "session.1"


def test_every_table_numbers_the_frames_of_the_source(cameras, tmp_path):
  film(tmp_path / "in.mp4", 40, (96, 128))
  track(
    tmp_path / "in.mp4",
    start=0.4,
    every=7,
    output_json=tmp_path / "a.json",
    output_jsonl=tmp_path / "a.jsonl",
    output_csv=tmp_path / "a.csv",
    output_coco=tmp_path / "coco.json",
  )
  expected = [10, 17, 24, 31, 38]
  table = json.loads((tmp_path / "a.json").read_text())
  lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
  rows = (tmp_path / "a.csv").read_text().splitlines()
  images = json.loads((tmp_path / "coco.json").read_text())["images"]
  assert [frame["frame"] for frame in table["frames"]] == expected
  assert [line["frame"] for line in lines] == expected
  assert [int(row.split(",")[1]) for row in rows[1:]] == expected
  assert [image["frame_id"] for image in images] == expected
  assert images[1]["file_name"] == "in/000017.jpg"
  assert [frame["index"] for frame in table["frames"]] == list(range(5))


class Closed(io.StringIO):
  """Standard output whose reader leaves after some lines."""

  def __init__(self, lines):
    super().__init__()
    self.lines = lines

  def flush(self):
    if self.getvalue().count("\n") > self.lines:
      raise BrokenPipeError


@pytest.mark.parametrize(("lines", "count"), [(0, 1), (2, 3)])
def test_reader_that_leaves_ends_the_video(cameras, tmp_path, monkeypatch, lines, count):
  monkeypatch.setattr(sys, "stdout", Closed(lines))
  film(tmp_path / "in.mp4", 20, (96, 128))
  summary = track(
    tmp_path / "in.mp4",
    output=tmp_path / "o.mp4",
    output_jsonl="-",
    output_json=tmp_path / "o.json",
    output_csv=tmp_path / "o.csv",
  )
  assert (summary.pipe_closed, summary.num_frames) == (True, count)
  assert len(json.loads((tmp_path / "o.json").read_text())["frames"]) == count
  assert len((tmp_path / "o.csv").read_text().splitlines()) == 1 + count
  with av.open(str(tmp_path / "o.mp4")) as container:
    assert len(list(container.decode(video=0))) == count


def test_reader_that_has_left_before_the_end(cameras, tmp_path, monkeypatch):
  monkeypatch.setattr(sys, "stdout", Closed(0))
  video = cameras / "cam1" / "v.mp4"
  summary = track(video, output_json="-", output_csv=tmp_path / "o.csv")
  assert (summary.pipe_closed, summary.num_frames) == (True, 3)
  assert len((tmp_path / "o.csv").read_text().splitlines()) == 4


def test_names_that_are_no_text(cameras, tmp_path):
  name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")
  try:
    os.symlink(cameras / "cam1" / "v.mp4", name)
  except OSError:
    pytest.skip("a file system whose names are text")
  outputs = {kind: f"{name}_{path}" for kind, path in KINDS.items()}
  outputs["output_csv"] = f"{name}.csv"
  for _ in range(2):
    summary = track(name, **outputs)
    assert summary.num_frames == 3
  with open(outputs["output_json"], encoding="utf-8") as file:
    assert json.load(file)["video"] == name
  with pytest.raises(InputError, match="poses in"):
    track(cameras / "cam2" / "v.mp4", **outputs)
