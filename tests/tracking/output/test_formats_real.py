"""Tests of formats of two people in a real video, against the table in JSON."""

import csv
import json
import pathlib

import numpy as np
import pytest

import ppn_tf
from ppn_tf.keypoints.joint_maps import OPENPOSE_JOINTS
from ppn_tf.tracking.output.formats import import_packages

VIDEOS = pathlib.Path(__file__).parents[4] / "shared" / "data" / "videos" / "permissive"
VIDEO = VIDEOS / "sports2d_demo.mp4"


@pytest.mark.slow
@pytest.mark.skipif(not VIDEO.exists(), reason=f"{VIDEO.name} of the shared data is missing")
def test_people_of_a_real_video(tmp_path):
  h5py = pytest.importorskip("h5py")
  try:
    import_packages(("pynwb", "ndx_pose"))
  except ImportError:
    pytest.skip("pynwb and ndx-pose, of the extra nwb, are not installed")
  import pynwb

  paths = {
    "output_json": tmp_path / "a.json",
    "output_openpose": tmp_path / "openpose",
    "output_deeplabcut": tmp_path / "a.csv",
    "output_sleap": tmp_path / "a.h5",
    "output_nwb": tmp_path / "a.nwb",
    "output_angles": tmp_path / "angles.csv",
  }
  ppn_tf.track_video(VIDEO, start=2, end=4, max_people=2, **paths)
  table = json.loads(paths["output_json"].read_text())
  frames, names = table["frames"], table["joint_names"]
  shared = [(names.index(name), k) for k, name in enumerate(OPENPOSE_JOINTS) if name in names]
  lines = list(csv.reader(paths["output_deeplabcut"].open()))
  people = dict.fromkeys(lines[1][1:])
  degrees = [
    row
    for row in csv.DictReader(paths["output_angles"].open())
    if row["right_knee"] and row["found"]
  ]
  assert len(degrees) > 50
  assert all(20 < float(row["right_knee"]) <= 180 for row in degrees)
  assert all(abs(float(row["trunk"])) < 60 for row in degrees if row["trunk"])
  num_found = 0
  with (
    h5py.File(paths["output_sleap"]) as sleap,
    pynwb.NWBHDF5IO(str(paths["output_nwb"]), "r", load_namespaces=True) as stream,
  ):
    module = stream.read().processing["behavior"]
    tracks = [name.decode() for name in sleap["track_names"]]
    assert tracks == list(people) and len(tracks) >= 2
    for index, frame in enumerate(frames):
      (file,) = paths["output_openpose"].glob(f"*_{index:012d}_keypoints.json")
      content = json.loads(file.read_text())
      found = [person for person in frame["people"] if person["found"]]
      assert [person["person_id"] for person in content["people"]] == [
        [person["track_id"]] for person in found
      ]
      row = np.array([cell or "nan" for cell in lines[4 + index][1:]], float)
      for person, openpose in zip(found, content["people"]):
        num_found += 1
        joints = np.array(person["keypoints"])
        visible = joints[:, 2] >= 0.2
        place = tracks.index(f"person{person['track_id']}")
        np.testing.assert_allclose(row.reshape(len(tracks), 17, 3)[place], joints, atol=2e-3)
        own = sleap["tracks"][place, :, :, frame["frame"]].T
        np.testing.assert_allclose(own[visible], joints[visible, :2], atol=2e-3)
        triples = np.reshape(openpose["pose_keypoints_2d"], (25, 3))
        for k, number in shared:
          expected = joints[k] if visible[k] else np.zeros(3)
          np.testing.assert_allclose(triples[number], expected, atol=2e-3)
        nose = module[tracks[place]]["nose"]
        np.testing.assert_allclose(nose.data[index], joints[0, :2], atol=2e-3)
        assert nose.timestamps[index] == pytest.approx(frame["time"], abs=1e-6)
  assert num_found > 80
