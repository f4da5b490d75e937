"""Table of joint angles of tracked people as CSV."""

import csv
import math
from typing import List, Sequence, TextIO, Union

from ppn_tf.keypoints.angles import AngleMeter
from ppn_tf.keypoints.poses import Person
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.output.tables import Recording, TextTable
from ppn_tf.tracking.video.frame import Frame


class AngleTable(TextTable):
  """CSV table with a row for each person in each frame.

  Each angle has two columns: degrees, and the lowest score of its joints. Degrees are empty where
  a joint is below the minimum score, and for people who are not found.
  """

  def __init__(self, file: TextIO, recording: Recording):
    """Writes the names of the columns.

    Raises:
      InputError: the joints of the network allow no angle.
    """
    super().__init__(file, recording)
    self._meter = AngleMeter(recording.skeleton.joint_names)
    if not self._meter.names:
      raise InputError(
        "output_angles: the network's joints allow no angle; it needs right and left limbs. "
        f"Received: {', '.join(recording.skeleton.joint_names)}"
      )
    columns = ["index", "frame", "time", "track_id", "found"]
    for name in self._meter.names:
      columns += [name, f"{name}_score"]
    self._writer = csv.writer(file, lineterminator="\n")
    self._writer.writerow(columns)

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    for person in people:
      pose = person.pose
      angles = self._meter.measure(pose.keypoints, pose.scores, self._recording.min_score)
      cells: List[Union[float, str]] = []
      for degrees, score in zip(angles.degrees.tolist(), angles.scores.tolist()):
        is_empty = math.isnan(degrees) or not pose.found
        cells += ["" if is_empty else round(degrees, 2), round(score, 3)]
      self._writer.writerow(
        [index, frame.number, round(frame.time, 6), person.track_id, int(pose.found), *cells]
      )
