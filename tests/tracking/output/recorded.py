"""Recordings of two people with known joints, for tests of formats."""

import numpy as np

from ppn_tf.keypoints.poses import Person, Pose
from ppn_tf.keypoints.skeletons import COCO
from ppn_tf.tracking.output.tables import Recording
from ppn_tf.tracking.video.frame import Frame

IMAGE = np.zeros((240, 320, 3), np.uint8)
# Numbers of the tracked frames in the source, and the people in each: --every=2, one damaged.
NUMBERS = (1, 3, 5, 8)
PEOPLE = ((4,), (4, 7), (7,), (4, 7))
LOW = 9  # the joint below the minimum score of 0.2


def joints(index, track_id, num_joints=17):
  """Returns [K, 3] float32: x, y, score."""
  k = np.arange(num_joints)
  scores = 0.5 + 0.01 * k + 0.02 * index
  scores[LOW % num_joints] = 0.125
  table = np.stack([10.25 * k + index, 100 + 3.5 * k + track_id, scores], axis=-1)
  return table.astype(np.float32)


def pose(index, track_id, found=True, skeleton=COCO):
  table = joints(index, track_id, skeleton.num_joints)
  box = (0.0, 0.0, 9.0, 9.0)
  return Pose(table[:, :2], table[:, 2], skeleton.joint_names, box, found=found)


def record(kind, target, several=True, skeleton=COCO, video="a/clip.mp4", found=PEOPLE):
  """Writes a recording of `found`; people who are not found are lost, not absent.

  Args:
    kind: class of the table.
    target: file or path.
    several: whether up to two people are tracked; else the first person.
    skeleton: joints.
    video: path of the video.
    found: numbers of the people who are found in each frame.
  """
  table = kind(target, Recording(video, 25.0, 320, 240, skeleton, 0.2, several))
  for index, (number, ids) in enumerate(zip(NUMBERS, found)):
    people = [
      Person(track_id, pose(index, track_id, track_id in ids, skeleton))
      for track_id in ((4, 7) if several else (4,))
    ]
    table.add(index, Frame(IMAGE, number / 25, number=number), people)
  table.finish()


def expected(num_frames=4, people=(4, 7), at=None):
  """Returns [num_frames, P, 17, 3], NaN where a person is not found.

  Args:
    num_frames: frames of the result.
    people: numbers of the P people.
    at: place of each tracked frame; by default 0, 1, 2...
  """
  table = np.full((num_frames, len(people), 17, 3), np.nan, np.float32)
  for index, ids in enumerate(PEOPLE):
    for p, track_id in enumerate(people):
      if track_id in ids:
        table[index if at is None else at[index], p] = joints(index, track_id)
  return table
