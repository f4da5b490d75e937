"""State of one stream or video in a worker: tracker and smoothers."""

from typing import Dict, List, Optional, Tuple

import numpy as np

from ppn_tf.keypoints.poses import Person
from ppn_tf.tracking.followed_people import smooth_people
from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.smoothing import PoseSmoother
from ppn_tf.tracking.tracker import Tracker


class Session:
  """Tracks people through the frames of one client, as `ppn-tf track` does.

  Attributes:
    people: tracker of the people.
    smoothers: smoother of each person by number; None without smoothing.
    size: (H, W) of the preceding frame; None before the first.
  """

  def __init__(self, tracker: Tracker, max_people: int, smooth: bool):
    """Starts before the first frame.

    Args:
      tracker: tracker whose network and settings each person gets.
      max_people: number of people tracked at a time, at most.
      smooth: whether a One-Euro filter smooths the joints.
    """
    self.people = PeopleTracker(tracker, max_people)
    self.smoothers: Optional[Dict[int, PoseSmoother]] = {} if smooth else None
    self.size: Optional[Tuple[int, int]] = None

  def update(self, image: np.ndarray, time: float) -> Tuple[List[Person], bool]:
    """Tracks the next frame.

    Args:
      image: [H, W, 3] uint8 RGB. With another size than the preceding frame, tracking restarts.
      time: seconds.
    Returns:
      the people, and whether tracking restarted.
    """
    size = image.shape[0], image.shape[1]
    restarted = self.size is not None and self.size != size
    if restarted:
      self.people.reset()
      self.smoothers = None if self.smoothers is None else {}
    self.size = size
    people = self.people.update(image, time)
    if self.smoothers is None:
      return people, restarted
    people, self.smoothers = smooth_people(people, time, self.smoothers, self._smoother)
    return people, restarted

  def _smoother(self) -> PoseSmoother:
    return PoseSmoother(min_score=self.people.min_score)
