"""Tracked people as COCO writes keypoints (https://cocodataset.org/#format-data)."""

import array
import json
import pathlib
from typing import Any, Dict, List, Sequence, TextIO, Tuple

import numpy as np

from ppn_tf.keypoints.frame_crops import joints_box
from ppn_tf.keypoints.joint_maps import COCO_JOINTS, sources
from ppn_tf.keypoints.poses import Person
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.tracking.output.tables import Recording, Table
from ppn_tf.tracking.video.reader import Frame

# COCO's own limbs of its category "person", joints counted from 1.
COCO_LIMBS: Tuple[Tuple[int, int], ...] = (
  *((16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13), (6, 7), (6, 8), (7, 9)),
  *((8, 10), (9, 11), (2, 3), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7)),
)
_SEEN = 2


class CocoTable(Table):
  """An object with `images`, `annotations` and the one category.

  The joints are COCO's 17 if the network has at least half of them, by the rules
  of `joint_maps`, and those it has not are (0, 0, 0); else they are the network's own.
  A joint below the least score is (0, 0, 0) too, and has its score all the same.
  Who is not found is left out.
  """

  def __init__(self, file: TextIO, recording: Recording):
    super().__init__(file, recording)
    self._rules, category = _category(recording.skeleton)
    self._images: List[str] = []
    self._times = array.array("d")
    self._count = 0
    info = {"description": f"poses in {recording.video}", "fps": recording.fps}
    header = {"info": info, "categories": [category]}
    file.write(json.dumps(header)[:-1] + ', "annotations": [')

  def add(self, index: int, frame: Frame, people: Sequence[Person]) -> None:
    self._times.append(frame.time)
    if frame.name:
      self._images.append(frame.name)
    for one in people:
      if one.pose.found:
        self._count += 1
        row = json.dumps(self._annotation(index, one), allow_nan=False)
        self._file.write((",\n" if self._count > 1 else "\n") + row)

  def end(self) -> None:
    stem, sides = pathlib.Path(self._recording.video).stem, self._recording
    self._file.write('\n], "images": [')
    for index, time in enumerate(self._times):
      row = {
        "id": index + 1,
        "file_name": self._images[index] if self._images else f"{stem}/{index:06d}.jpg",
        "width": sides.width,
        "height": sides.height,
        "frame_id": index,
        "time": round(time, 6),
      }
      self._file.write((",\n" if index else "\n") + json.dumps(row))
    self._file.write("\n]}\n")

  def _annotation(self, index: int, one: Person) -> Dict[str, Any]:
    keypoints = np.zeros((len(self._rules), 2))
    scores = np.zeros(len(self._rules))
    for k, ids in enumerate(self._rules):
      if ids:
        keypoints[k] = one.pose.keypoints[ids].mean(axis=0)
        scores[k] = one.pose.scores[ids].min()
    seen = (scores >= self._recording.min_score) & np.isfinite(keypoints).all(axis=1)
    box = np.zeros(4)
    if seen.any():
      box = joints_box(keypoints, seen, (self._recording.height, self._recording.width))
    x, y = box[:2].tolist()
    width, height = (box[2:] - box[:2]).tolist()
    rows = [
      [round(px, 2), round(py, 2), _SEEN] if shown else [0, 0, 0]
      for (px, py), shown in zip(keypoints.tolist(), seen)
    ]
    return {
      "id": self._count,
      "image_id": index + 1,
      "category_id": 1,
      "track_id": one.track_id,
      "keypoints": sum(rows, []),
      "keypoint_scores": scores.round(3).tolist(),
      "num_keypoints": int(seen.sum()),
      "bbox": [round(side, 2) for side in (x, y, width, height)],
      "area": round(width * height, 2),
      "iscrowd": 0,
      "score": round(one.pose.confidence, 3),
    }


def _category(skeleton: Skeleton) -> Tuple[List[List[int]], Dict[str, Any]]:
  """For each joint of the category the network's joints whose mean it is, and the category."""
  names = skeleton.joint_names
  rules = [[names.index(name) for name in sources(joint, names) or ()] for joint in COCO_JOINTS]
  if 2 * sum(map(bool, rules)) >= len(COCO_JOINTS):
    joints, limbs = COCO_JOINTS, [list(pair) for pair in COCO_LIMBS]
  else:
    rules = [[k] for k in range(len(names))]
    joints, limbs = names, [[i + 1, j + 1] for i, j in skeleton.limbs]
  category = {"id": 1, "name": "person", "supercategory": "person"}
  return rules, {**category, "keypoints": list(joints), "skeleton": limbs}
