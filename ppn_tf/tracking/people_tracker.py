"""Tracking of several people through a video, each with a recurrence of their own."""

import dataclasses
from typing import List, Optional, Sequence

import numpy as np

from ppn_tf.inference.frame_times import Clock, is_over
from ppn_tf.keypoints import frame_crops
from ppn_tf.keypoints.poses import Person, Pose, similarity
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking import boxes
from ppn_tf.tracking.cuts import CutDetector
from ppn_tf.tracking.tracker import Tracker

# Newcomers may be small in the frame.
SEARCH_PARTS = (1.0, 0.75, 0.5)


@dataclasses.dataclass
class _Track:
  """A person who is tracked.

  Attributes:
    doubled_for: seconds for which an older track has had the same pose.
  """

  track_id: int
  tracker: Tracker
  pose: Pose
  doubled_for: float = 0.0


class PeopleTracker:
  """Tracks up to `max_people` people.

  With one person, it does exactly what `Tracker` does. With several, it searches the whole frame
  at the start of the video and of every shot. While fewer than `max_people` are tracked, a new
  search starts every `search_every` seconds and looks at a few places in each frame. A person is
  new if their pose is not similar to the pose of a track.

  A track ends after `drop_after` seconds without confidence, or when it has moved to the person
  of an older track. After a cut, only people who are still in the same pose keep their numbers.

  Attributes: the arguments of the constructor, and the `skeleton` and `min_score` of `tracker`.
  """

  def __init__(
    self,
    tracker: Tracker,
    max_people: int = 1,
    *,
    new_score: Optional[float] = None,
    search_every: float = 1.5,
    looks_per_second: float = 60.0,
    drop_after: float = 0.5,
    same_person: float = 0.4,
    merge_after: float = 0.1,
  ):
    """Creates a tracker of people.

    Args:
      tracker: tracker whose network and settings each person gets.
      max_people: number of people tracked at a time, at most.
      new_score: mean score from which a new person is tracked; by default 0.1 above the scores
        at which a joint shapes a crop and a person counts as found.
      search_every: seconds between the starts of two searches.
      looks_per_second: places that a search looks at in a second of the video.
      drop_after: seconds without the person after which a track ends.
      same_person: similarity from which two poses belong to one person, 0..1.
      merge_after: seconds of such similarity after which the younger track ends.
    Raises:
      InputError: max_people is below 1.
    """
    if max_people < 1:
      raise InputError(f"max_people={max_people}: too few. Track at least one person.")
    self.tracker = tracker
    self.max_people = max_people
    self.skeleton, self.min_score = tracker.skeleton, tracker.settings.min_score
    lowest = max(self.min_score, tracker.settings.lowest_confidence)
    self.new_score = lowest + 0.1 if new_score is None else new_score
    self.search_every = search_every
    self.looks_per_second = looks_per_second
    self.drop_after = drop_after
    self.same_person = same_person
    self.merge_after = merge_after
    self._cut_detector = CutDetector()
    self.reset()

  def reset(self, box: Optional[Sequence[float]] = None) -> None:
    """Forgets all people; the next `update` starts a video.

    Args:
      box: (x1, y1, x2, y2) of one person in its first frame, in pixels.
    Raises:
      InputError: the box has no area.
    """
    # Among several, a tracker that has lost its person must not switch to another person.
    alone = {} if self.max_people == 1 else {"roam": False, "cuts": False}
    self._first = self.tracker.copy(**alone)
    self._first.reset(box)
    self._has_box = box is not None
    self._cut_detector.reset()
    self._tracks: List[_Track] = []
    self._before_cut: List[_Track] = []
    self._last_id = 0
    self._clock = Clock()
    self._is_first = True  # whether the next frame begins a shot
    self._since_search = 0.0  # seconds
    self._looks = 0.0  # that the current search may take
    self._places: List[np.ndarray] = []  # boxes that the current search has yet to look at

  def update(self, frame: np.ndarray, time: Optional[float] = None) -> List[Person]:
    """Returns all people in the next frame, those tracked longest first.

    Args:
      frame: [H, W, 3] uint8 RGB.
      time: time of the frame in seconds; by default, 1 / 30 s after the preceding frame.
    Raises:
      InputError: the frame has another shape or dtype, the first box lies outside it, or the
        time is not finite.
    """
    if self.max_people == 1:
      return [Person(1, self._first.update(frame, time))]
    frame = frame_crops.check_frame(frame)
    period = self._clock.tick(time)
    if self.tracker.settings.cuts and self._cut_detector.is_cut(frame, period):
      self._before_cut, self._tracks, self._is_first = self._tracks, [], True
    for track in self._tracks:
      track.pose = track.tracker.update(frame, time)
    self._end_tracks(period)
    if self._has_box:
      self._add_track(frame, time, self._first)
      self._has_box = False
    self._search(frame, time, period)
    self._before_cut, self._is_first = [], False
    return [Person(track.track_id, track.pose) for track in self._tracks]

  def _end_tracks(self, period: float) -> None:
    """Ends tracks that are lost, and those on the person of an older track."""
    kept: List[_Track] = []
    for track in self._tracks:
      doubled = any(self._is_same(track.pose, older.pose) for older in kept)
      track.doubled_for = track.doubled_for + period if doubled else 0.0
      is_lost = is_over(track.tracker.lost_for, self.drop_after, period)
      if not is_lost and not is_over(track.doubled_for, self.merge_after, period):
        kept.append(track)
    self._tracks = kept

  def _search(self, frame: np.ndarray, time: Optional[float], period: float) -> None:
    """Looks for new people: everywhere in a first frame, else in a few places."""
    self._since_search += period
    self._looks += self.looks_per_second * period
    if self._is_first or is_over(self._since_search, self.search_every, period):
      margin = self.tracker.settings.margin
      self._places = boxes.search_boxes(frame, margin, SEARCH_PARTS)
      self._looks = len(self._places) if self._is_first else self.looks_per_second * period
      self._since_search = 0.0
    while self._looks >= 1 and self._places and len(self._tracks) < self.max_people:
      self._looks -= 1
      self._try(frame, time, self._places.pop(0))

  def _try(self, frame: np.ndarray, time: Optional[float], box: np.ndarray) -> None:
    """Tracks the person in a box if HeadNet is confident and the person is new."""
    pose = self.tracker.look(frame, box)
    if pose.confidence < self.new_score or self._is_tracked(pose):
      return
    box, score = self.tracker.search.refine(frame, box, pose.confidence)
    if score < self.new_score or self._is_tracked(self.tracker.look(frame, box)):
      return
    newcomer = self.tracker.copy(roam=False, cuts=False)
    newcomer.reset(box.tolist())
    self._add_track(frame, time, newcomer)

  def _add_track(self, frame: np.ndarray, time: Optional[float], tracker: Tracker) -> None:
    """Adds the track of a tracker that has not had a frame, unless its person is tracked."""
    pose = tracker.update(frame, time)
    if not self._is_tracked(pose):
      self._tracks.append(_Track(self._assign_id(pose), tracker, pose))

  def _assign_id(self, pose: Pose) -> int:
    """Returns the number of the person in this pose right before a cut, else a new one."""
    for track in self._before_cut:
      if self._is_same(pose, track.pose):
        self._before_cut.remove(track)
        return track.track_id
    self._last_id += 1
    return self._last_id

  def _is_tracked(self, pose: Pose) -> bool:
    return any(self._is_same(pose, track.pose) for track in self._tracks)

  def _is_same(self, first: Pose, second: Pose) -> bool:
    return similarity(first, second, self.min_score) >= self.same_person
