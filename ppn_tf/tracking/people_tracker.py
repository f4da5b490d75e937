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
from ppn_tf.tracking.motion import Motion
from ppn_tf.tracking.tracker import Tracker

# Newcomers may be small in the frame, or at its edge with others near its middle.
SEARCH_PARTS, SEARCH_EDGE = (1.0, 0.75, 0.5), 0.25
# Share of the similarity of one person from which it is uncertain whose pose a track has.
OVERLAP = 0.25
URGENCY = 3  # looks of a search for somebody lost, over those of a search for newcomers


@dataclasses.dataclass
class Track:
  """A person who is tracked, or was until a moment ago.

  Attributes:
    doubled_for: seconds for which an older track has had the same pose.
  """

  track_id: int
  tracker: Tracker
  pose: Pose
  motion: Motion
  doubled_for: float = 0.0


class PeopleTracker:
  """Tracks up to `max_people` people.

  With one person, it does exactly what `Tracker` does. With several, it searches the whole frame
  at the start of the video and of every shot. While fewer than `max_people` are found, it looks
  at a few more places in each frame. A person is new if their pose is not similar to the pose of
  a track, and is not where the motion of a lost person leads.

  A track ends after `drop_after` seconds without confidence, or when it has moved to the person
  of an older track. Whoever is found again within `forget_after` seconds, where their motion
  leads, keeps their number. After a cut, only people who are still in the same pose do.

  Attributes: the arguments of the constructor, and the `skeleton` and `min_score` of `tracker`.
  """

  def __init__(
    self,
    tracker: Tracker,
    max_people: int = 1,
    *,
    new_score: Optional[float] = None,
    looks_per_second: float = 30.0,
    drop_after: float = 0.5,
    forget_after: float = 2.0,
    same_person: float = 0.4,
    merge_after: float = 0.1,
  ):
    """Creates a tracker of people.

    Args:
      tracker: tracker whose network and settings each person gets.
      max_people: number of people tracked at a time, at most.
      new_score: mean score from which a new person is tracked, if not for a part of them alone;
        by default 0.1 above the scores at which a joint shapes a crop and a person counts as
        found.
      looks_per_second: places that a search looks at in a second of the video; `URGENCY` times
        as many while somebody is lost or nobody is tracked.
      drop_after: seconds without the person after which a track ends.
      forget_after: seconds without the person after which their number is not used again.
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
    self.looks_per_second = looks_per_second
    self.drop_after = drop_after
    self.forget_after = forget_after
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
    self._clock = Clock()
    self._tracks: List[Track] = []
    self._gone: List[Track] = []  # ended a moment ago
    self._before_cut: List[Track] = []
    self._last_id = 0
    self._begins = True  # whether the next frame begins a shot
    self._looks = 0.0  # that the search may take; negative after it took more
    self._turn = 0  # counts looks at the places of lost people
    self._places: List[np.ndarray] = []  # boxes that it has yet to look at

  def update(self, frame: np.ndarray, time: Optional[float] = None) -> List[Person]:
    """Returns all people in the next frame, in the order of their numbers.

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
      self._before_cut, self._tracks, self._gone, self._begins = self._tracks, [], [], True
    for track in self._tracks:
      track.pose = track.tracker.update(frame, time)
    self._end_tracks(period)
    if self._has_box:
      self._add(self._first, self._first.update(frame, time))
      self._has_box = False
    self._search(frame, time, period)
    self._before_cut, self._begins = [], False
    return [Person(track.track_id, track.pose.copy()) for track in self._tracks]

  def _end_tracks(self, period: float) -> None:
    """Ends tracks that are lost, and those on the person of an older track."""
    kept: List[Track] = []
    for track in self._gone:
      track.motion.wait(period)
    overlaps = self._overlaps()
    for index, track in enumerate(self._tracks):
      doubled = overlaps[index, :index].max(initial=0.0) >= self.same_person
      track.doubled_for = track.doubled_for + period if doubled else 0.0
      if track.pose.found and overlaps[index].max() < OVERLAP * self.same_person:
        track.motion.see(track.pose, period)
      else:
        track.motion.wait(period)
      is_lost = is_over(track.tracker.lost_for, self.drop_after, period)
      ends = is_lost or is_over(track.doubled_for, self.merge_after, period)
      (self._gone if ends else kept).append(track)
    self._tracks = kept
    self._gone = [track for track in self._gone if track.motion.unseen_for <= self.forget_after]

  def _overlaps(self) -> np.ndarray:
    """Returns the similarity [N, N] of the poses of any two tracks, 0 on the diagonal."""
    overlaps = np.zeros((len(self._tracks), len(self._tracks)))
    for index, track in enumerate(self._tracks):
      for older in range(index):
        overlaps[index, older] = overlaps[older, index] = similarity(
          track.pose, self._tracks[older].pose, self.min_score
        )
    return overlaps

  def _search(self, frame: np.ndarray, time: Optional[float], period: float) -> None:
    """Looks for people: everywhere in a first frame, else in a few places."""
    if self._begins or not self._places:
      margin = self.tracker.settings.look_margin
      self._places = boxes.search_boxes(frame, margin, SEARCH_PARTS, SEARCH_EDGE)
    missing = self._missing()
    if not missing and len(self._tracks) == self.max_people:
      self._looks = 0.0
      return
    urgency = URGENCY if missing or not self._tracks else 1
    self._looks = min(self._looks, 1.0) + urgency * self.looks_per_second * period
    if self._begins:
      self._looks = np.inf
    if missing and self._looks >= 1:
      # The place of one of them, then those of the whole frame from there outwards.
      self._turn += 1
      lost = missing[self._turn % len(missing)].motion.box(frame)
      self._places.sort(key=lambda box: np.abs(box[:2] + box[2:] - lost[:2] - lost[2:]).max())
      self._try(frame, time, lost)
    while self._looks >= 1 and self._places and self._wants_people():
      self._try(frame, time, self._places.pop(0))

  def _try(self, frame: np.ndarray, time: Optional[float], box: np.ndarray) -> None:
    """Tracks the person in a box if HeadNet is confident and the person is not tracked."""
    if not self._is_new(self._look(frame, box)):
      return
    self._looks -= self.tracker.settings.refinements
    box, _ = self.tracker.search.refine(frame, box)
    if not self._is_new(self._look(frame, box)):
      return
    tracker = self.tracker.copy(roam=False, cuts=False)
    tracker.reset(box.tolist())
    pose = tracker.update(frame, time)
    if self._is_new(pose):
      self._add(tracker, pose)

  def _look(self, frame: np.ndarray, box: np.ndarray) -> Pose:
    self._looks -= 1
    return self.tracker.look(frame, box)

  def _add(self, tracker: Tracker, pose: Pose) -> None:
    """Adds a new person, or somebody who was lost, in their first pose."""
    track = self._returning(pose)
    if track is not None:
      track.tracker, track.pose = tracker, dataclasses.replace(pose, restarted=True)
      track.motion.see(pose, 0.0)
    elif len(self._tracks) < self.max_people:
      track = Track(self._assign_id(pose), tracker, pose, Motion(pose, self.min_score))
    else:
      return
    self._gone = [gone for gone in self._gone if gone is not track]
    kept = [other for other in self._tracks if other is not track]
    self._tracks = sorted([*kept, track], key=lambda other: other.track_id)

  def _missing(self) -> List[Track]:
    """Returns the lost people, with those whose tracks have ended if there is room for them."""
    lost = [track for track in self._tracks if not track.pose.found]
    return lost + (self._gone if len(self._tracks) < self.max_people else [])

  def _returning(self, pose: Pose) -> Optional[Track]:
    """Returns the track of the lost person whose motion leads to a pose, if any."""
    distances = [(track.motion.distance(pose), track) for track in self._missing()]
    distance, track = min(distances, key=lambda pair: pair[0], default=(np.inf, None))
    return track if distance <= 1 else None

  def _assign_id(self, pose: Pose) -> int:
    """Returns the number of the person in this pose right before a cut, else a new one."""
    for track in self._before_cut:
      if self._is_same(pose, track.pose):
        self._before_cut.remove(track)
        return track.track_id
    self._last_id += 1
    return self._last_id

  def _wants_people(self) -> bool:
    return len(self._tracks) < self.max_people or bool(self._missing())

  def _is_new(self, pose: Pose) -> bool:
    """Returns whether a pose shows somebody who is not tracked, with enough evidence."""
    if self.tracker.search.evidence(pose.scores, self.new_score) < 0:
      return False
    return not any(track.pose.found and self._is_same(pose, track.pose) for track in self._tracks)

  def _is_same(self, first: Pose, second: Pose) -> bool:
    return similarity(first, second, self.min_score) >= self.same_person
