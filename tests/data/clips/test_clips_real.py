"""Tests of own clips on a real video of two people, labelled by hand with MPII's joints."""

import pathlib

import numpy as np
import pytest

from benchmarks import people_sources
from data.clips import dataset
from data.clips.source import ClipsSource
from ppn_tf.clips import records
from ppn_tf.keypoints.joint_maps import MPII_JOINTS

SHARED = pathlib.Path(__file__).parents[3].parent / "shared" / "data"
VIDEO = people_sources.VIDEO


def test_two_people_in_a_real_video(tmp_path):
  if not (SHARED / "bonn").exists():
    pytest.skip("no shared/data/bonn next to the project")
  people_sources.write_bonn(SHARED, tmp_path / "bonn")
  labels = np.load(SHARED / "bonn" / f"{VIDEO}_gt_2x41x16x2.npy")
  reader = ClipsSource(tmp_path / "bonn", strict=True)
  builder = records.open_records(dataset.prepare(reader, str(tmp_path / "out"), "bonn"))
  assert records.read_skeleton(builder).joint_names == MPII_JOINTS
  assert reader.account.num_frames == {"test": 2 * 41}
  clips = {
    clip["clip"].numpy().decode(): clip
    for example in records.serialized_examples(builder, "test")
    for clip in [records.parse(builder, example)]
  }
  assert sorted(clips) == [f"{VIDEO}#0", f"{VIDEO}#1"]
  for person, track in enumerate(labels):
    clip = clips[f"{VIDEO}#{person}"]
    present = np.isfinite(track).all(axis=-1)
    np.testing.assert_array_equal(clip["visibility"], present)
    np.testing.assert_allclose(clip["keypoints"].numpy()[present], track[present], atol=1e-3)
    assert clip["image_size"].numpy().tolist() == [540, 960]
    boxes = clip["boxes"].numpy()
    for frame in range(41):
      joints = track[frame][present[frame]]
      assert (joints >= boxes[frame, :2]).all() and (joints <= boxes[frame, 2:]).all()
