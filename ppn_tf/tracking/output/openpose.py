"""Folder of OpenPose's JSON files, one for each frame, with the joints of BODY_25."""

import json
import pathlib
import re
from typing import Any, Dict, List, Sequence

import numpy as np

from ppn_tf.keypoints.joint_maps import OPENPOSE_JOINTS, JointMapper
from ppn_tf.keypoints.poses import Person
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.output.origin import check_replaceable
from ppn_tf.tracking.output.tables import Recording, Table
from ppn_tf.tracking.video.frame import Frame
from ppn_tf.tracking.video.sources import source_name

_VERSION = 1.3  # of OpenPose's JSON files
_OTHER_PARTS = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d")
_SPACE_PARTS = tuple(f"{part}_keypoints_3d" for part in ("pose", "face", "hand_left", "hand_right"))


def file_name(video: str, index: int) -> str:
  """Returns the name of the file of tracked frame number `index`, counted from 0."""
  return f"{source_name(video)}_{index:012d}_keypoints.json"


def is_own_file(name: str, video: str) -> bool:
  """Returns whether a file has a name that `file_name` gives for some frame."""
  return bool(re.fullmatch(re.escape(source_name(video)) + r"_\d{12,}_keypoints\.json", name))


def check_folder(path: str, video: str, is_live: bool, overwrite: bool) -> None:
  """Checks that a folder is new, empty, or an earlier output of the same video.

  Args:
    path: the folder.
    video: the video as given, or the name of a camera or stream.
    is_live: whether the video is a camera or a stream.
    overwrite: whether to replace files of another video of the same name.
  Raises:
    InputError: the folder is a file, or holds other files.
  """
  folder = pathlib.Path(path).expanduser()
  if folder.exists() and not folder.is_dir():
    raise InputError(f"output_openpose={path}: is a file. Give a new folder.")
  names = sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []
  others = [name for name in names if not is_own_file(name, video)]
  if others:
    raise InputError(
      f"output_openpose={path}: holds {others[0]}, which is no earlier output of {video}. Give a "
      "new or empty folder."
    )
  if names and not overwrite:
    check_replaceable(str(folder / names[0]), video, is_live)


class OpenPoseFolder(Table):
  """Folder with a file for each tracked frame, numbered from 0.

  Joints follow by the rules of `joint_maps`: the neck is the middle of the shoulders, and MidHip
  that of the hips, unless the network has them. Missing joints and joints below the minimum score
  are (0, 0, 0). People who are not found are left out.
  """

  def __init__(self, target: pathlib.Path, recording: Recording):
    """Creates the folder.

    Raises:
      InputError: the network gives less than half of the joints.
    """
    self._mapper = JointMapper(recording.skeleton.joint_names, OPENPOSE_JOINTS)
    count = int(self._mapper.obtainable.sum())
    if 2 * count < len(OPENPOSE_JOINTS):
      raise InputError(
        f"output_openpose: the network gives {count} of the {len(OPENPOSE_JOINTS)} joints of "
        "BODY_25. Give output_deeplabcut or output_sleap, which keep the names of all joints."
      )
    self._folder, self._recording = target, recording
    target.mkdir()

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    video = self._recording.video
    header = {"version": _VERSION, "video": video, "frame": frame.number}
    header["time"] = round(frame.time, 6)
    rows = [json.dumps(self._row(person)) for person in people if person.pose.found]
    # The first line ends where the list begins, as in the other tables that name their video.
    text = json.dumps(header)[:-1] + ', "people": [\n' + ",\n".join(rows) + "\n]}\n"
    path = self._folder / file_name(video, index)
    path.write_text(text, encoding="utf-8")

  def finish(self) -> None:
    """Does nothing: each file is complete."""

  def _row(self, person: Person) -> Dict[str, Any]:
    table = np.column_stack(self._mapper(person.pose.keypoints, person.pose.scores))
    visible = np.isfinite(table).all(axis=1) & (table[:, 2] >= self._recording.min_score)
    triples = np.where(visible[:, None], table.round(3), 0.0)
    numbers: List[float] = triples.ravel().tolist()
    empty: Dict[str, Any] = {part: [] for part in (*_OTHER_PARTS, *_SPACE_PARTS)}
    return {"person_id": [person.track_id], "pose_keypoints_2d": numbers, **empty}
