"""Joints of all frames in a temporary file, for formats that are written after the last frame."""

import abc
import array
import pathlib
import tempfile
from typing import Dict, List, Sequence, Tuple

import numpy as np

from ppn_tf.keypoints.poses import Person
from ppn_tf.tracking.output.tables import Recording, Table
from ppn_tf.tracking.video.frame import Frame

BLOCK = 1024  # frames that formats read and write at a time


class StoredTable(Table):
  """Table that stores joints until the last frame, and then writes its file.

  Stores 24 bytes in memory for each frame, and 16 + 12 K bytes on disk for each person found in a
  frame, next to the output. The file has no name, and the system removes it with the process.
  """

  def __init__(self, target: pathlib.Path, recording: Recording):
    """Creates the temporary file in the folder of the output."""
    self._path, self._recording = target, recording
    self._file = tempfile.TemporaryFile(dir=target.parent)
    num_joints = recording.skeleton.num_joints
    self._dtype = np.dtype(
      [("index", np.int64), ("track_id", np.int64), ("joints", np.float32, (num_joints, 3))]
    )
    self._numbers, self._times = array.array("q"), array.array("d")
    self._offsets = array.array("q", [0])  # number of records before each frame
    self._track_ids: Dict[int, None] = {}
    self._records = np.zeros(0, self._dtype)

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    self._numbers.append(frame.number)
    self._times.append(frame.time)
    num_found = 0
    for person in people:
      if not person.pose.found:
        continue
      track_id = person.track_id if self._recording.several else 1
      self._track_ids[track_id] = None
      joints = np.column_stack([person.pose.keypoints, person.pose.scores])
      record = np.zeros((), self._dtype)
      record["index"], record["track_id"], record["joints"] = index, track_id, joints
      self._file.write(record.tobytes())
      num_found += 1
    self._offsets.append(self._offsets[-1] + num_found)

  def finish(self) -> None:
    with self._file:
      self._file.flush()
      if self._track_ids:
        self._records = np.memmap(self._file, self._dtype, mode="r")
      self.write()
      del self._records

  @abc.abstractmethod
  def write(self) -> None:
    """Writes the file, given the joints of all frames."""

  @property
  def numbers(self) -> np.ndarray:
    """Numbers of the T tracked frames in the source, [T] int64."""
    return np.frombuffer(self._numbers, np.int64)

  @property
  def times(self) -> np.ndarray:
    """Times of the T tracked frames in seconds, [T] float64."""
    return np.frombuffer(self._times, np.float64)

  @property
  def track_ids(self) -> List[int]:
    """Numbers of the P people who were found, in ascending order; [1] if nobody was."""
    return sorted(self._track_ids) or [1]

  @property
  def people(self) -> Tuple[str, ...]:
    """Names of the P people."""
    return tuple(f"person{track_id}" for track_id in self.track_ids)

  def read(self, begin: int, end: int) -> np.ndarray:
    """Returns the joints of frames `begin` to `end` (exclusive).

    Returns:
      [end - begin, P, K, 3] float32, (x, y, score); NaN where a person is not found.
    """
    track_ids = self.track_ids
    shape = (end - begin, len(track_ids), self._recording.skeleton.num_joints, 3)
    joints = np.full(shape, np.nan, np.float32)
    part = self._records[self._offsets[begin] : self._offsets[end]]
    places = np.searchsorted(track_ids, part["track_id"])
    joints[part["index"] - begin, places] = part["joints"]
    return joints

  def read_person(self, place: int) -> np.ndarray:
    """Returns the joints [T, K, 3] of one of the P people in all frames, like `read`."""
    count = len(self._numbers)
    blocks = ((begin, min(begin + BLOCK, count)) for begin in range(0, count, BLOCK))
    return np.concatenate([self.read(begin, end)[:, place] for begin, end in blocks])
