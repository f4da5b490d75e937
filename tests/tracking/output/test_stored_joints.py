"""Tests of joints that are stored until the last frame."""

import tracemalloc

import numpy as np
import pytest

from ppn_tf.keypoints.poses import Person
from ppn_tf.keypoints.skeletons import COCO
from ppn_tf.tracking.output import deeplabcut, sleap, stored_joints
from ppn_tf.tracking.output.deeplabcut import DeepLabCutTable
from ppn_tf.tracking.output.openpose import OpenPoseFolder
from ppn_tf.tracking.output.sleap import SleapTable
from ppn_tf.tracking.output.stored_joints import StoredTable
from ppn_tf.tracking.output.tables import Recording
from ppn_tf.tracking.video.frame import Frame
from tests.tracking.output.recorded import IMAGE, NUMBERS, expected, pose, record


class Kept(StoredTable):
  """Keeps what a format can read."""

  def write(self):
    Kept.parts = [self.read(0, 4), self.read(1, 3), self.read(2, 2)]
    Kept.second = self.read_person(1)
    Kept.frames, Kept.names = (self.numbers, self.times), self.people
    Kept.files = list(self._path.parent.iterdir())


def test_joints_are_read_as_added(tmp_path, monkeypatch):
  monkeypatch.setattr(stored_joints, "BLOCK", 3)
  record(Kept, tmp_path / "a.x")
  np.testing.assert_array_equal(Kept.parts[0], expected())
  np.testing.assert_array_equal(Kept.parts[1], expected()[1:3])
  assert Kept.parts[2].shape == (0, 2, 17, 3)
  np.testing.assert_array_equal(Kept.second, expected()[:, 1])
  assert Kept.frames[0].tolist() == list(NUMBERS)
  np.testing.assert_allclose(Kept.frames[1], np.array(NUMBERS) / 25)
  assert Kept.names == ("person4", "person7")
  assert Kept.files == []  # the temporary file has no name


@pytest.mark.parametrize(
  ("kind", "name"),
  [(DeepLabCutTable, "a.csv"), (SleapTable, "a.h5"), (OpenPoseFolder, "json")],
)
def test_memory_does_not_grow_with_the_length(tmp_path, monkeypatch, kind, name):
  """Measures allocations of Python; each frame needs 24 bytes for its number and time."""
  if kind is SleapTable:
    pytest.importorskip("h5py")
  for module in (deeplabcut, sleap):
    monkeypatch.setattr(module, "BLOCK", 64)
  person = Person(1, pose(0, 1))
  peaks = []
  for length in (128, 128, 1280):  # the first run imports modules
    (tmp_path / f"{length}_{len(peaks)}").mkdir()
    tracemalloc.start()
    recording = Recording("clip.mp4", 25.0, 320, 240, COCO, 0.2, False)
    table = kind(tmp_path / f"{length}_{len(peaks)}" / name, recording)
    for index in range(length):
      table.add(index, Frame(IMAGE, index / 25, number=index), [person])
    table.finish()
    peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
  # The joints of a frame take 204 bytes in float32.
  assert peaks[2] < peaks[1] + 1152 * 150
