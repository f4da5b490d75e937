"""Tests of formats as options: suffixes, missing packages, earlier outputs, stops, failures."""

import csv
import importlib.util
import json

import numpy as np
import pytest

import ppn_tf
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.output import formats
from ppn_tf.tracking.output.origin import check_replaceable
from tests.tracking.discs import DiscEye, joints
from tests.tracking.output.test_results import BreaksDown, film, walker

NAMES = {
  "output_angles": "angles.csv",
  "output_openpose": "json",
  "output_deeplabcut": "dlc.csv",
  "output_sleap": "sleap.h5",
  "output_nwb": "joints.nwb",
}


def installed():
  """Returns the options whose packages are installed."""
  kinds = {f"output_{kind}": next(iter(files.values())) for kind, files in FORMATS.items()}
  return {
    option: name
    for option, name in NAMES.items()
    if all(importlib.util.find_spec(package) for package in kinds.get(option, ((), ""))[0])
  }


FORMATS = formats.FILE_FORMATS


@pytest.fixture(name="clip", scope="module")
def fixture_clip(tmp_path_factory):
  return film(tmp_path_factory.mktemp("clip") / "in.mp4", 20)


def track(clip, folder, eye=None, **options):
  paths = {option: folder / name for option, name in installed().items()}
  return ppn_tf.track_video(clip, model=eye or DiscEye(), smooth=False, **paths, **options)


def test_all_formats_agree(clip, tmp_path):
  track(clip, tmp_path, every=3)
  names = sorted(path.name for path in tmp_path.iterdir())
  assert names == sorted(installed().values())
  with open(tmp_path / "dlc.csv", newline="") as file:
    rows = list(csv.reader(file))
  assert rows[1][1] == "head"
  numbers = [int(row[0]) for row in rows[3:]]
  assert numbers == list(range(0, 20, 3))
  for index, (number, row) in enumerate(zip(numbers, rows[3:])):
    table = np.array(row[1:], float).reshape(13, 3)
    np.testing.assert_allclose(table[:, :2], joints(walker(number)), atol=5.0)
    (file,) = (tmp_path / "json").glob(f"*_{index:012d}_keypoints.json")
    (person,) = json.loads(file.read_text())["people"]
    wrist = np.reshape(person["pose_keypoints_2d"], (25, 3))[7]
    np.testing.assert_allclose(wrist, table[6], atol=1e-3)  # Penn Action's left wrist
    if (tmp_path / "sleap.h5").exists():
      h5py = pytest.importorskip("h5py")
      with h5py.File(tmp_path / "sleap.h5") as opened:
        np.testing.assert_allclose(opened["tracks"][0, :, :, number].T, table[:, :2], atol=1e-3)
  with open(tmp_path / "angles.csv", newline="") as file:
    degrees = [float(row["right_knee"]) for row in csv.DictReader(file)]
  # Hip, knee and ankle of a disc: (-0.6, 0.25), (-0.9, 2.1), (-1.1, 4).
  straight = 180 - np.degrees(np.arctan(0.3 / 1.85) - np.arctan(0.2 / 1.9))
  np.testing.assert_allclose(degrees, straight, atol=3)


def test_a_stop_keeps_and_a_failure_removes(clip, tmp_path):
  calls = []
  summary = track(clip, tmp_path / "a", stop=lambda: calls.append(0) or len(calls) > 6)
  assert 0 < summary.num_frames <= 6
  assert len(list((tmp_path / "a" / "json").iterdir())) == summary.num_frames
  assert len((tmp_path / "a" / "dlc.csv").read_text().splitlines()) == 3 + summary.num_frames
  with pytest.raises(RuntimeError, match="no more"):
    track(clip, tmp_path / "b", BreaksDown())
  assert list((tmp_path / "b").iterdir()) == []


@pytest.mark.parametrize("name", ["dlc.h5", "sleap.h5", "joints.nwb"])
def test_files_of_other_videos_stay(clip, tmp_path, name):
  option = {"dlc.h5": "output_deeplabcut", "sleap.h5": "output_sleap"}.get(name, "output_nwb")
  for package in FORMATS[option[7:]][name[name.index(".") :]][0]:
    if importlib.util.find_spec(package) is None:
      pytest.skip(f"{package} is not installed")
  path = tmp_path / name
  for _ in range(2):  # again, because it is of the same video
    ppn_tf.track_video(clip, model=DiscEye(), end=0.1, **{option: path})
  check_replaceable(str(path), str(clip), is_live=False)
  with pytest.raises(InputError, match=r"with the poses in .*in\.mp4\. .*overwrite=true"):
    check_replaceable(str(path), "other.mp4", is_live=False)
  path.write_bytes(b"something else")
  with pytest.raises(InputError, match="was not written by this command"):
    check_replaceable(str(path), str(clip), is_live=False)


@pytest.mark.parametrize(
  ("option", "path", "message"),
  [
    ("output_deeplabcut", "a.txt", "=a.txt: unknown format. End it in .csv or .h5"),
    ("output_deeplabcut", "-", "output_deeplabcut=-: unknown format"),
    ("output_sleap", "a.slp", r"output_sleap=a.slp: unknown format. End it in .h5\."),
    ("output_nwb", "a.h5", r"output_nwb=a.h5: unknown format. End it in .nwb\."),
  ],
)
def test_unknown_suffixes(clip, tmp_path, monkeypatch, option, path, message):
  monkeypatch.chdir(tmp_path)
  with pytest.raises(InputError, match=message):
    ppn_tf.track_video(clip, model=DiscEye(), **{option: path})
  assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
  ("option", "name", "package", "extra"),
  [
    ("output_deeplabcut", "a.h5", "tables", "labels"),
    ("output_sleap", "a.h5", "h5py", "labels"),
    ("output_nwb", "a.nwb", "ndx_pose", "nwb"),
  ],
)
def test_missing_packages(clip, tmp_path, monkeypatch, option, name, package, extra):
  find_spec = importlib.util.find_spec
  monkeypatch.setattr(
    importlib.util, "find_spec", lambda other: None if other == package else find_spec(other)
  )
  with pytest.raises(InputError, match=rf"needs .*{package}.*pip install 'ppn-tf\[{extra}\]'"):
    ppn_tf.track_video(clip, model=DiscEye(), **{option: tmp_path / name})
  assert list(tmp_path.iterdir()) == []
