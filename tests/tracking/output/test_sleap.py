"""Tests of SLEAP's analysis files, read by sleap-io and by this project's reader of labels."""

import json

import numpy as np
import pytest

from data.clips.sleap import read_sleap_analysis
from ppn_tf.keypoints.skeletons import COCO, Skeleton
from ppn_tf.tracking.output import sleap
from ppn_tf.tracking.output.sleap import SleapTable
from tests.data.clips.own_clips import write_movie
from tests.tracking.output.recorded import LOW, NUMBERS, expected, record

h5py = pytest.importorskip("h5py")
COUNT = NUMBERS[-1] + 1


def all_frames():
  """Returns [9, 2, 17, 3]; the joint below the minimum score has no place."""
  table = expected(COUNT, at=NUMBERS)
  table[:, :, LOW, :2] = np.nan
  return table


@pytest.mark.parametrize("block", [1024, 4])
def test_dimensions_of_sleap(tmp_path, monkeypatch, block):
  monkeypatch.setattr(sleap, "BLOCK", block)
  record(SleapTable, tmp_path / "a.h5")
  table = all_frames()
  with h5py.File(tmp_path / "a.h5") as file:
    assert file["tracks"].shape == (2, 2, 17, COUNT)
    np.testing.assert_array_equal(file["tracks"], table[..., :2].transpose(1, 3, 2, 0))
    np.testing.assert_array_equal(file["point_scores"], table[..., 2].transpose(1, 2, 0))
    np.testing.assert_allclose(file["instance_scores"], table[..., 2].mean(-1).T, atol=1e-6)
    assert np.isnan(file["tracking_scores"]).all() and file["tracking_scores"].shape == (2, COUNT)
    occupied = np.isfinite(table[..., 0, 2])
    np.testing.assert_array_equal(file["track_occupancy"], occupied)
    assert file["track_occupancy"].dtype == np.uint8
    assert file["track_names"][:].tolist() == [b"person4", b"person7"]
    assert file["node_names"][0] == b"nose"
    assert file["edge_names"][4].tolist() == [b"left_shoulder", b"right_shoulder"]
    assert file["edge_inds"][:].tolist() == [list(limb) for limb in COCO.limbs]
    assert file["video_path"][()] == b"a/clip.mp4"
    assert json.loads(file["tracks"].attrs["dims"]) == ["track", "xy", "node", "frame"]


def test_sleap_io_reads_it(tmp_path):
  sleap_io = pytest.importorskip("sleap_io")
  if not hasattr(sleap_io, "load_analysis_h5"):
    pytest.skip("this version of sleap-io does not read analysis files")
  record(SleapTable, tmp_path / "a.h5")
  labels = sleap_io.load_analysis_h5(str(tmp_path / "a.h5"))
  assert [frame.frame_idx for frame in labels.labeled_frames] == list(NUMBERS)
  assert [track.name for track in labels.tracks] == ["person4", "person7"]
  assert labels.skeleton.node_names == list(COCO.joint_names)
  assert [tuple(pair) for pair in labels.skeleton.edge_inds] == list(COCO.limbs)
  last = {instance.track.name: instance for instance in labels.labeled_frames[3].instances}
  np.testing.assert_array_equal(last["person7"].numpy(), all_frames()[8, 1, :, :2])
  assert last["person7"].score == pytest.approx(all_frames()[8, 1, :, 2].mean(), abs=1e-6)


def test_movement_reads_it(tmp_path):
  load_poses = pytest.importorskip("movement.io.load_poses", reason="movement is not installed")
  record(SleapTable, tmp_path / "a.h5")
  poses = load_poses.from_sleap_file(tmp_path / "a.h5", fps=25)
  np.testing.assert_array_equal(poses.position.values.transpose(0, 3, 2, 1), all_frames()[..., :2])


def test_data_clips_reads_it(tmp_path):
  from data.clips.media import Media

  write_movie(tmp_path / "film.mp4", COUNT)
  path = tmp_path / "film.analysis.h5"
  record(SleapTable, path, video="film.mp4")
  annotations = read_sleap_analysis([path], Media(tmp_path))
  labels = [label for track in annotations.tracks.values() for label in track.labels]
  assert len(labels) == 6
  order = [COCO.joint_names.index(name) for name in annotations.skeleton.joint_names]
  places = [all_frames()[n, p, order, :2] for p in (0, 1) for n in NUMBERS if (n, p) not in LOST]
  for label, place in zip(labels, places):
    seen = np.isfinite(place).all(axis=-1)
    np.testing.assert_array_equal(label.labelled, seen)
    np.testing.assert_allclose(label.keypoints[seen], place[seen], atol=1e-4)


LOST = ((5, 0), (1, 1))


def test_skeleton_without_limbs_and_nobody(tmp_path):
  skeleton = Skeleton("own", ("a", "b"), (), (), (0, 1), ())
  record(SleapTable, tmp_path / "a.h5", skeleton=skeleton, found=((),) * 4)
  with h5py.File(tmp_path / "a.h5") as file:
    assert file["tracks"].shape == (1, 2, 2, COUNT) and np.isnan(file["tracks"]).all()
    assert file["edge_names"].shape == file["edge_inds"].shape == (0, 2)
    assert not file["track_occupancy"][:].any()


def test_one_person_has_one_track(tmp_path):
  record(SleapTable, tmp_path / "a.h5", several=False)
  with h5py.File(tmp_path / "a.h5") as file:
    assert file["track_names"][:].tolist() == [b"person1"]
    assert np.flatnonzero(file["track_occupancy"][:, 0]).tolist() == [1, 3, 8]
