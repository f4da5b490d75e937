"""Tests of NWB files, read by pynwb with ndx-pose, and by movement."""

import datetime
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import ppn_tf
from ppn_tf.keypoints.skeletons import COCO
from ppn_tf.tracking.output.formats import import_packages
from ppn_tf.tracking.output.nwb import NwbTable
from tests.tracking.output.recorded import NUMBERS, expected, record

try:
  import_packages(("pynwb", "ndx_pose"))
except ImportError:
  pytest.skip("pynwb and ndx-pose, of the extra nwb, are not installed", allow_module_level=True)
import pynwb  # noqa: E402, which may need a place for its cache


@pytest.fixture(name="people", scope="module")
def fixture_people(tmp_path_factory):
  """Writes a file of two people, whose video was last changed on 2 January 2020, noon UTC."""
  folder = tmp_path_factory.mktemp("nwb")
  (folder / "clip.mp4").write_bytes(b"")
  noon = datetime.datetime(2020, 1, 2, 12, tzinfo=datetime.timezone.utc)
  os.utime(folder / "clip.mp4", (noon.timestamp(),) * 2)
  record(NwbTable, folder / "a.nwb", video=str(folder / "clip.mp4"))
  return folder / "a.nwb"


def test_pynwb_reads_the_joints(people):
  with pynwb.NWBHDF5IO(str(people), "r", load_namespaces=True) as stream:
    module = stream.read().processing["behavior"]
    assert set(module.data_interfaces) == {"Skeletons", "person4", "person7"}
    for p, name in enumerate(("person4", "person7")):
      estimation = module[name]
      assert estimation.skeleton.nodes[:].tolist() == list(COCO.joint_names)
      assert estimation.skeleton.edges[:].tolist() == [list(limb) for limb in COCO.limbs]
      assert estimation.source_software == "ppn-tf"
      for k, joint in enumerate(COCO.joint_names):
        series = estimation[joint]
        place = expected()[:, p, k]
        np.testing.assert_array_equal(series.data[:], place[:, :2])
        np.testing.assert_array_equal(series.confidence[:], np.nan_to_num(place[:, 2]))
        np.testing.assert_allclose(series.timestamps[:], np.array(NUMBERS) / 25)
        assert series.unit == "pixels"


def test_file_is_valid_and_dated_by_the_video(people):
  with pynwb.NWBHDF5IO(str(people), "r", load_namespaces=True) as stream:
    assert pynwb.validate(io=stream) == []
    content = stream.read()
    expected_time = datetime.datetime(2020, 1, 2, 12, tzinfo=datetime.timezone.utc)
    assert content.session_start_time == expected_time
    assert content.session_description.endswith("clip.mp4")


def test_one_person_as_movement_reads_it(tmp_path):
  record(NwbTable, tmp_path / "a.nwb", several=False)
  with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r", load_namespaces=True) as stream:
    assert set(stream.read().processing["behavior"].data_interfaces) == {
      "Skeletons",
      "PoseEstimation",
    }
  load_poses = pytest.importorskip("movement.io.load_poses", reason="movement is not installed")
  poses = load_poses.from_nwb_file(tmp_path / "a.nwb").sel(keypoints=list(COCO.joint_names))
  values = poses.position.values.transpose(0, 3, 2, 1)
  np.testing.assert_array_equal(values, expected(people=(4,))[..., :2])


def test_nobody(tmp_path):
  record(NwbTable, tmp_path / "a.nwb", found=((),) * 4)
  with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r", load_namespaces=True) as stream:
    series = stream.read().processing["behavior"]["person1"]["nose"]
    assert np.isnan(series.data[:]).all() and not series.confidence[:].any()


def test_import_without_a_home(tmp_path):
  """Checks that a user whose home cannot be written can write these files."""
  code = """
from ppn_tf.tracking.output.formats import check_format
check_format("nwb", "a.nwb")
import ndx_pose
"""
  (tmp_path / "file").write_text("")
  done = subprocess.run(
    [sys.executable, "-c", code],
    env={
      "PATH": "",
      "HOME": str(tmp_path / "file"),
      "PYTHONPATH": str(pathlib.Path(ppn_tf.__file__).parents[1]),
    },
    capture_output=True,
    text=True,
    timeout=120,
  )
  assert done.returncode == 0, done.stderr
