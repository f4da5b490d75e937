"""Follows several people through a video, each with a recurrence of their own."""

import dataclasses
from typing import List, Optional, Sequence

import numpy as np

from ppn_tf.keypoints import frame_crops
from ppn_tf.keypoints.poses import Person, Pose, similarity
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking import boxes
from ppn_tf.tracking.cuts import CutDetector
from ppn_tf.tracking.tracker import Tracker

# A newcomer may be small in the frame.
SEARCH_PARTS = (1.0, 0.75, 0.5)


@dataclasses.dataclass
class _Track:
  """Someone who is followed."""

  track_id: int
  tracker: Tracker
  pose: Pose
  doubled: int = 0  # frames in a row in which an older track has had the same pose


class PeopleTracker:
  """Tracks up to `max_people` people.

  For one person this is `Tracker` and no more. For several, the first frame and
  the first one of every shot are searched as a whole; after that, as long as there
  are fewer than `max_people`, every `search_every` frames a search begins that looks
  in a few places a frame. Who is found and not among the tracked, by the
  similarity of poses, is tracked from then on with a new number. A track ends after
  `drop_after` frames without confidence, and where it has come to the same person
  as an older one. After a cut all people are new, but for those who are found in the
  pose that they had before it.

  Attributes: the arguments of the constructor.
  """

  def __init__(
    self,
    tracker: Tracker,
    max_people: int = 1,
    *,
    new_score: Optional[float] = None,
    search_every: int = 45,
    looks_per_frame: int = 2,
    drop_after: int = 15,
    same_person: float = 0.4,
    merge_after: int = 3,
  ):
    """Creates a tracker of people.

    Args:
      tracker: of one person; its network and settings are those of all.
      max_people: at most so many are tracked at a time.
      new_score: mean score that makes someone tracked; by default 0.1 more than what a joint
        needs to be drawn and a person to be kept.
      search_every: frames from the beginning of one search to the next.
      looks_per_frame: places that a search looks at in a frame.
      drop_after: frames in a row without confidence that end a track.
      same_person: similarity of poses, 0..1, from which on they are one person's.
      merge_after: frames in a row of such similarity that end the younger track.
    Raises:
      InputError: max_people is below 1.
    """
    if max_people < 1:
      raise InputError(f"max_people={max_people}: track one person or more.")
    self.tracker = tracker
    self.max_people = max_people
    least = max(tracker.min_score, tracker.restart_score)
    self.new_score = least + 0.1 if new_score is None else new_score
    self.search_every = search_every
    self.looks_per_frame = looks_per_frame
    self.drop_after = drop_after
    self.same_person = same_person
    self.merge_after = merge_after
    self.skeleton, self.min_score = tracker.skeleton, tracker.min_score
    self._one = tracker.another()
    self._cut_detector = CutDetector()
    self.reset()

  def reset(self, box: Optional[Sequence[float]] = None) -> None:
    """Forgets everybody; the next `update` begins a video.

    Args:
      box: (x1, y1, x2, y2) of one person in its first frame.
    Raises:
      InputError: the box has no area.
    """
    self._one.reset(box)
    self._has_box = box is not None
    self._cut_detector.reset()
    self._tracks: List[_Track] = []
    self._before_cut: List[_Track] = []
    self._last_id = 0
    self._frame = 0
    self._places: List[np.ndarray] = []  # where the search has yet to look

  def update(self, frame: np.ndarray) -> List[Person]:
    """Everybody in the next frame, [H, W, 3] uint8 RGB, the longest tracked first.

    Raises:
      InputError: the frame is something else, or the box that was given lies outside it.
    """
    if self.max_people == 1:
      return [Person(1, self._one.update(frame))]
    frame = frame_crops.check_frame(frame)
    if self.tracker.cuts and self._cut_detector.is_cut(frame):
      self._before_cut, self._tracks, self._frame = self._tracks, [], 0
    for track in self._tracks:
      track.pose = track.tracker.update(frame)
    self._end_tracks()
    if self._frame == 0 and self._has_box:
      self._begin(frame, self._one)
      self._has_box = False
    self._search(frame)
    self._before_cut = []
    self._frame += 1
    return [Person(track.track_id, track.pose) for track in self._tracks]

  def _end_tracks(self) -> None:
    """Ends those that are lost and those that follow whom an older one follows."""
    kept: List[_Track] = []
    for track in self._tracks:
      double = any(self._same(track.pose, older.pose) for older in kept)
      track.doubled = track.doubled + 1 if double else 0
      if track.tracker.lost < self.drop_after and track.doubled < self.merge_after:
        kept.append(track)
    self._tracks = kept

  def _search(self, frame: np.ndarray) -> None:
    """Looks for people who are not tracked, everywhere at once only at a beginning."""
    if self._frame % self.search_every == 0:
      self._places = boxes.search_boxes(frame, self.tracker.margin, SEARCH_PARTS)
    looks = len(self._places) if self._frame == 0 else self.looks_per_frame
    while looks and self._places and len(self._tracks) < self.max_people:
      looks -= 1
      self._try(frame, self._places.pop(0))

  def _try(self, frame: np.ndarray, box: np.ndarray) -> None:
    """Tracks whom HeadNet finds in a box, and then about that pose, if that is someone new."""
    look = self.tracker.look(frame, box)
    if look.confidence < self.new_score or self._is_tracked(look):
      return
    box, score = self.tracker.seek(frame, box, look.confidence)
    if score < self.new_score or self._is_tracked(self.tracker.look(frame, box)):
      return
    newcomer = self.tracker.another()
    newcomer.reset(box.tolist())
    self._begin(frame, newcomer)

  def _begin(self, frame: np.ndarray, tracker: Tracker) -> None:
    """Begins a track, whose tracker is about to see its first frame."""
    # Else a tracker that has lost its person would take up somebody else's.
    tracker.roam = tracker.cuts = False
    pose = tracker.update(frame)
    if not self._is_tracked(pose):
      self._tracks.append(_Track(self._number(pose), tracker, pose))

  def _number(self, pose: Pose) -> int:
    """A new number, or who was in this pose right before a cut has theirs again."""
    for track in self._before_cut:
      if self._same(pose, track.pose):
        self._before_cut.remove(track)
        return track.track_id
    self._last_id += 1
    return self._last_id

  def _is_tracked(self, pose: Pose) -> bool:
    return any(self._same(pose, track.pose) for track in self._tracks)

  def _same(self, one: Pose, other: Pose) -> bool:
    return similarity(one, other, self.min_score) >= self.same_person
