"""Two people of a real video, labelled by hand in MPII's joints, as one's own clips."""

import pathlib

import numpy as np
import pytest

from data import clips
from data.clips_source import ClipsSource
from ppn_tf.clips import records
from tests.data_doors.own_clips import save

BONN = pathlib.Path(__file__).parents[2].parent / "shared" / "data" / "bonn"
VIDEO = "060470979"
NAMES = (
  "right_ankle right_knee right_hip left_hip left_knee left_ankle pelvis thorax upper_neck "
  "head_top right_wrist right_elbow right_shoulder left_shoulder left_elbow left_wrist"
).split()
LIMBS = [[1, 2], [2, 3], [3, 7], [4, 7], [4, 5], [5, 6], [7, 8], [8, 9], [9, 10]]
LIMBS += [[11, 12], [12, 13], [13, 8], [14, 8], [14, 15], [15, 16]]


def write_source(folder: pathlib.Path) -> np.ndarray:
  """Links the frames and writes the JSON; returns the labels [2, 41, 16, 2]."""
  folder.mkdir()
  (folder / VIDEO).symlink_to(BONN / VIDEO)
  labels = np.load(BONN / f"{VIDEO}_gt_2x41x16x2.npy")
  category = {"id": 1, "name": "mpii_person", "keypoints": NAMES, "skeleton": LIMBS}
  images = [{"id": n, "clip": VIDEO, "frame": n} for n in range(labels.shape[1])]
  annotations = [
    {
      "image_id": frame,
      "category_id": 1,
      "track_id": person,
      "keypoints": [
        number
        for x, y in joints
        for number in ([0, 0, 0] if np.isnan(x + y) else [float(x), float(y), 2])
      ],
    }
    for person, track in enumerate(labels)
    for frame, joints in enumerate(track)
  ]
  content = {"categories": [category], "images": images, "annotations": annotations}
  save(folder, {**content, "clips": [{"name": VIDEO, "split": "test"}]})
  return labels


def test_two_people_of_a_real_video(tmp_path):
  if not BONN.exists():
    pytest.skip("no shared/data/bonn beside the project")
  labels = write_source(tmp_path / "bonn")
  reader = ClipsSource(tmp_path / "bonn", strict=True)
  builder = records.open_records(clips.prepare(reader, str(tmp_path / "out"), "bonn"))
  assert records.skeleton_of(builder).joint_names == tuple(NAMES)
  assert reader.account.num_frames == {"test": 2 * 41}
  found = {
    clip["clip"].numpy().decode(): clip
    for example in records.serialized_examples(builder, "test")
    for clip in [records.parse(builder, example)]
  }
  assert sorted(found) == [f"{VIDEO}#0", f"{VIDEO}#1"]
  for person, track in enumerate(labels):
    clip = found[f"{VIDEO}#{person}"]
    present = np.isfinite(track).all(axis=-1)
    np.testing.assert_array_equal(clip["visibility"], present)
    np.testing.assert_allclose(clip["keypoints"].numpy()[present], track[present], atol=1e-3)
    assert clip["image_size"].numpy().tolist() == [540, 960]
    boxes = clip["boxes"].numpy()
    for frame in range(41):
      joints = track[frame][present[frame]]
      assert (joints >= boxes[frame, :2]).all() and (joints <= boxes[frame, 2:]).all()
