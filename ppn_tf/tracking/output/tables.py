"""Tables of the joints of tracked people: JSON, JSON lines, CSV.

`index` counts the tracked frames, and `frame` all frames of the source, both from 0.
Rows are written frame by frame, so that memory does not grow with the length of a video.
"""

import abc
import csv
import dataclasses
import json
from typing import Any, Dict, List, Sequence, TextIO

import numpy as np

from ppn_tf.keypoints.poses import Person, Pose
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.tracking.video.frame import Frame


@dataclasses.dataclass(frozen=True)
class Recording:
  """Properties of a tracked video.

  Attributes:
    video: path of the video, or name of a camera or stream.
    fps: mean number of tracked frames per second.
    width: width of the frames in pixels.
    height: height of the frames in pixels.
    skeleton: names and limbs of the joints.
    min_score: lowest score of a joint that counts as visible.
    several: whether more than one person may be in a frame.
  """

  video: str
  fps: float
  width: int
  height: int
  skeleton: Skeleton
  min_score: float
  several: bool


class Table(abc.ABC):
  """Output to which frames are added one by one.

  Attributes:
    is_text: whether the constructor takes a text file, which may be standard output; otherwise it
      takes the path of a file or folder to write.
  """

  is_text = False

  @abc.abstractmethod
  def __init__(self, target: Any, recording: Recording):
    """Writes the part before the first frame."""

  @abc.abstractmethod
  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    """Adds the people in tracked frame number `index`, counted from 0."""

  @abc.abstractmethod
  def finish(self) -> None:
    """Writes the part after the last frame, and passes all parts on."""


class TextTable(Table):
  """Text file whose rows are written frame by frame."""

  is_text = True

  def __init__(self, file: TextIO, recording: Recording):
    """Writes the part before the first frame to a text file."""
    self._file, self._recording = file, recording

  def end(self) -> None:  # noqa: B027
    """Writes the part after the last frame."""

  def finish(self) -> None:
    self.end()
    self._file.flush()


class JsonTable(TextTable):
  """JSON object with a list of frames; keypoints are [x, y, score]."""

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
    row: Dict[str, Any] = {"index": index, "frame": frame.number, "time": round(frame.time, 6)}
    if self._recording.several:
      row["people"] = [
        {"track_id": person.track_id, **_pose_fields(person.pose)} for person in people
      ]
    else:
      row.update(_pose_fields(people[0].pose))
    self._file.write((",\n" if index else "\n") + json.dumps(row, allow_nan=False))

  def end(self) -> None:
    self._file.write("\n]}\n")


class JsonLines(TextTable):
  """JSON object per line, flushed after each frame; keypoints are by joint name."""

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    row = frame_fields(index, frame.number, frame.time, people)
    self._file.write(json.dumps(row, allow_nan=False) + "\n")
    self._file.flush()


class CsvTable(TextTable):
  """CSV table with a row for each person in each frame."""

  def __init__(self, file: TextIO, recording: Recording):
    super().__init__(file, recording)
    columns = ["index", "frame", "time", "track_id", "found", "score", "x1", "y1", "x2", "y2"]
    for name in recording.skeleton.joint_names:
      columns += [f"{name}_x", f"{name}_y", f"{name}_score"]
    self._writer = csv.writer(file, lineterminator="\n")
    self._writer.writerow(columns)

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    for person in people:
      fields = _pose_fields(person.pose)
      joints: List[float] = sum(fields["keypoints"], [])
      self._writer.writerow(
        [index, frame.number, round(frame.time, 6)]
        + [person.track_id, int(fields["found"]), fields["score"]]
        + fields["box"]
        + joints
      )


def frame_fields(index: int, number: int, time: float, people: Sequence[Person]) -> Dict[str, Any]:
  """Returns the fields of a frame in JSON types, as in a line of JSON lines.

  Args:
    index: number among the tracked frames, from 0 on.
    number: number among the frames of the source, from 0 on.
    time: seconds.
    people: people in the frame.
  """
  rows = []
  for person in people:
    fields = _pose_fields(person.pose)
    fields["keypoints"] = dict(zip(person.pose.joint_names, fields["keypoints"]))
    rows.append({"track_id": person.track_id, **fields})
  return {"index": index, "frame": number, "time": round(time, 6), "people": rows}


def _pose_fields(pose: Pose) -> Dict[str, Any]:
  """Returns the fields of a pose in JSON types."""
  joints = np.column_stack([pose.keypoints, pose.scores]).astype(np.float64)
  return {
    "keypoints": joints.round(3).tolist(),
    "box": [round(side, 2) for side in pose.box],
    "score": round(pose.confidence, 3),
    "found": pose.found,
  }
