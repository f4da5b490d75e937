"""Tables of tracked people as COCO keypoints (https://cocodataset.org/#format-data)."""

import array
import json
import pathlib
from typing import Any, Dict, List, Sequence, TextIO, Tuple

import numpy as np

from ppn_tf.keypoints.frame_crops import joints_box
from ppn_tf.keypoints.joint_maps import COCO_JOINTS, JointMapper
from ppn_tf.keypoints.poses import Person
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.tracking.output.origin import describe_source
from ppn_tf.tracking.output.tables import Recording, TextTable
from ppn_tf.tracking.video.frame import Frame

# Limbs of the COCO category "person"; joints count from 1.
COCO_LIMBS: Tuple[Tuple[int, int], ...] = (
  *((16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13), (6, 7), (6, 8), (7, 9)),
  *((8, 10), (9, 11), (2, 3), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7)),
)
_VISIBLE = 2  # in COCO, v = 2: labeled and visible


class CocoTable(TextTable):
  """JSON object with `images`, `annotations` and one category.

  Has the 17 joints of COCO if the network has at least half of them, by the rules of
  `joint_maps`; else the joints of the network. Missing joints and joints below the minimum score
  are (0, 0, 0), and the latter keep their scores. People who are not found are left out. Images
  are numbered as in the source, from 0.
  """

  def __init__(self, file: TextIO, recording: Recording):
    super().__init__(file, recording)
    self._mapper, category = _category(recording.skeleton)
    self._images: List[str] = []
    self._times = array.array("d")
    self._numbers = array.array("q")
    self._count = 0
    info = {"description": describe_source(recording.video), "fps": recording.fps}
    header = {"info": info, "categories": [category]}
    file.write(json.dumps(header)[:-1] + ', "annotations": [')

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    self._times.append(frame.time)
    self._numbers.append(frame.number)
    if frame.name:
      self._images.append(frame.name)
    for person in people:
      if person.pose.found:
        self._count += 1
        row = json.dumps(self._annotation(index, person), allow_nan=False)
        self._file.write((",\n" if self._count > 1 else "\n") + row)

  def end(self) -> None:
    stem, recording = pathlib.Path(self._recording.video).stem, self._recording
    self._file.write('\n], "images": [')
    for index, (number, time) in enumerate(zip(self._numbers, self._times)):
      row = {
        "id": index + 1,
        "file_name": self._images[index] if self._images else f"{stem}/{number:06d}.jpg",
        "width": recording.width,
        "height": recording.height,
        "frame_id": number,
        "time": round(time, 6),
      }
      self._file.write((",\n" if index else "\n") + json.dumps(row))
    self._file.write("\n]}\n")

  def _annotation(self, index: int, person: Person) -> Dict[str, Any]:
    keypoints, scores = self._mapper(person.pose.keypoints, person.pose.scores)
    visible = (scores >= self._recording.min_score) & np.isfinite(keypoints).all(axis=1)
    box = np.zeros(4)
    if visible.any():
      box = joints_box(keypoints, visible, (self._recording.height, self._recording.width))
    x, y = box[:2].tolist()
    width, height = (box[2:] - box[:2]).tolist()
    rows = [
      [round(px, 2), round(py, 2), _VISIBLE] if is_visible else [0, 0, 0]
      for (px, py), is_visible in zip(keypoints.tolist(), visible)
    ]
    return {
      "id": self._count,
      "image_id": index + 1,
      "category_id": 1,
      "track_id": person.track_id,
      "keypoints": sum(rows, []),
      "keypoint_scores": scores.round(3).tolist(),
      "num_keypoints": int(visible.sum()),
      "bbox": [round(side, 2) for side in (x, y, width, height)],
      "area": round(width * height, 2),
      "iscrowd": 0,
      "score": round(person.pose.confidence, 3),
    }


def _category(skeleton: Skeleton) -> Tuple[JointMapper, Dict[str, Any]]:
  """Returns the conversion to the joints of the category, and the category."""
  mapper = JointMapper(skeleton.joint_names, COCO_JOINTS)
  limbs = [list(pair) for pair in COCO_LIMBS]
  if 2 * mapper.obtainable.sum() < len(COCO_JOINTS):
    mapper = JointMapper(skeleton.joint_names, skeleton.joint_names)
    limbs = [[i + 1, j + 1] for i, j in skeleton.limbs]
  category = {"id": 1, "name": "person", "supercategory": "person"}
  return mapper, {**category, "keypoints": list(mapper.joint_names), "skeleton": limbs}
