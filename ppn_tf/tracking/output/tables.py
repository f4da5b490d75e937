"""Tables of the joints of tracked people, written frame by frame: JSON, JSON lines, CSV.

None of them holds what it has written, so that memory does not grow with a video.
"""

import abc
import csv
import dataclasses
import json
from typing import Any, Dict, List, Sequence, TextIO

import numpy as np

from ppn_tf.keypoints.poses import Person
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.tracking.video.reader import Frame


@dataclasses.dataclass(frozen=True)
class Recording:
  """What is the same for all frames of a tracked video.

  Attributes:
    video: its path, or the name of a camera or stream.
    fps: mean frames per second that are tracked.
    width, height: of its frames in pixels.
    skeleton: the joints.
    min_score: joints below count as not seen.
    several: more than one person may be in a frame.
  """

  video: str
  fps: float
  width: int
  height: int
  skeleton: Skeleton
  min_score: float
  several: bool


class Table(abc.ABC):
  """A file that takes one frame after the other."""

  def __init__(self, file: TextIO, recording: Recording):
    """Writes what comes before the first frame into a file that is open for text."""
    self._file, self._recording = file, recording

  @abc.abstractmethod
  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    """Writes frame number `index` of those that are tracked, and the people in it."""

  def end(self) -> None:  # noqa: B027
    """Writes what comes after the last frame."""


class JsonTable(Table):
  """One object with the frames in a list; keypoints are [x, y, score]."""

  def __init__(self, file: TextIO, recording: Recording):
    super().__init__(file, recording)
    header = {
      "video": recording.video,
      "fps": recording.fps,
      "width": recording.width,
      "height": recording.height,
      "joint_names": recording.skeleton.joint_names,
    }
    file.write(json.dumps(header)[:-1] + ', "frames": [')

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    row: Dict[str, Any] = {"index": index, "time": round(frame.time, 6)}
    if self._recording.several:
      row["people"] = [{"track_id": one.track_id, **_person(one)} for one in people]
    else:
      row.update(_person(people[0]))
    self._file.write((",\n" if index else "\n") + json.dumps(row, allow_nan=False))

  def end(self) -> None:
    self._file.write("\n]}\n")


class JsonLines(Table):
  """An object a line, complete as soon as its frame is tracked; keypoints are by joint names."""

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    names = self._recording.skeleton.joint_names
    rows = []
    for one in people:
      person = _person(one)
      person["keypoints"] = dict(zip(names, person["keypoints"]))
      rows.append({"track_id": one.track_id, **person})
    row = {"index": index, "time": round(frame.time, 6), "people": rows}
    self._file.write(json.dumps(row, allow_nan=False) + "\n")
    self._file.flush()


class CsvTable(Table):
  """A row for each person in each frame."""

  def __init__(self, file: TextIO, recording: Recording):
    super().__init__(file, recording)
    columns = ["index", "time", "track_id", "found", "score", "x1", "y1", "x2", "y2"]
    for name in recording.skeleton.joint_names:
      columns += [f"{name}_x", f"{name}_y", f"{name}_score"]
    self._writer = csv.writer(file, lineterminator="\n")
    self._writer.writerow(columns)

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    for one in people:
      person = _person(one)
      joints: List[float] = sum(person["keypoints"], [])
      self._writer.writerow(
        [index, round(frame.time, 6), one.track_id, int(person["found"]), person["score"]]
        + person["box"]
        + joints
      )


def _person(one: Person) -> Dict[str, Any]:
  """What all tables say of a person in a frame."""
  pose = one.pose
  joints = np.column_stack([pose.keypoints, pose.scores]).astype(np.float64)
  return {
    "keypoints": joints.round(3).tolist(),
    "box": [round(side, 2) for side in pose.box],
    "score": round(pose.confidence, 3),
    "found": pose.found,
  }
