"""Following people through a video.

tracker = ppn_tf.Tracker.from_preset("people")
for pose in tracker(frames):
  pose.keypoints, pose.scores
"""

from ppn_tf.keypoints.poses import Person, Pose
from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.smoothing import PoseSmoother
from ppn_tf.tracking.tracker import Tracker

__all__ = ["PeopleTracker", "Person", "Pose", "PoseSmoother", "Tracker"]
