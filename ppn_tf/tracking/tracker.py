"""Tracking of one person through a video, by the recurrence of a pose network."""

import dataclasses
from typing import Any, Iterable, Iterator, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.inference.frame_times import PERIOD, Clock, is_over, newest_share
from ppn_tf.inference.load import load_model
from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.inference.recurrence import Recurrence
from ppn_tf.keypoints import frame_crops
from ppn_tf.keypoints.poses import Pose
from ppn_tf.keypoints.skeletons import SKELETONS, Skeleton
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking import boxes
from ppn_tf.tracking.cuts import CutDetector
from ppn_tf.tracking.search import PersonSearch
from ppn_tf.tracking.settings import TrackerSettings

LONGEST_WAIT = 1.07  # seconds between two searches for a lost person


@dataclasses.dataclass
class TrackerState:
  """State of a tracker between frames."""

  box: np.ndarray
  recurrence: Recurrence
  search_at: float  # seconds without the person that trigger a search
  age: int = 0  # frames since HeadNet started the recurrence
  unrefreshed_for: float = 0.0  # seconds since HeadNet started or refreshed it
  lost_for: float = 0.0  # seconds without the person


class Tracker:
  """Tracks the pose of one person.

  `update` takes one frame; a call takes a whole video. Each frame is cropped about the last
  pose and passes through a `Recurrence`.

  Attributes:
    model: the pose network.
    skeleton: names and limbs of its joints.
    settings: see `TrackerSettings`.
    search: search for the person in a frame.
  """

  def __init__(
    self,
    model: PoseModel,
    skeleton: Optional[Skeleton] = None,
    settings: Optional[TrackerSettings] = None,
    **changes: Any,
  ):
    """Creates a tracker.

    Args:
      model: the pose network.
      skeleton: names and limbs of its joints; by default the known skeleton with as many joints.
      settings: settings of the tracker; by default those of `TrackerSettings`.
      **changes: single settings by name, such as `min_score=0.3`.
    Raises:
      InputError: the number of joints differs between model and skeleton.
    """
    self.model = model
    self.skeleton = _matching_skeleton(model, skeleton)
    self.settings = dataclasses.replace(settings or TrackerSettings(), **changes)
    self.search = PersonSearch(model, self.settings)
    self._cut_detector = CutDetector()
    self.reset()

  @classmethod
  def from_preset(
    cls,
    preset: Any,
    skeleton: Optional[Skeleton] = None,
    num_threads: int = 2,
    checkpoint: str = "latest",
    **settings: Any,
  ) -> "Tracker":
    """Creates a tracker from a model's name or path.

    Args:
      preset: "people", the network that comes with the package; a .tflite file, a SavedModel
        folder or the workdir of a training run; or a PoseModel, a PPN or a Framewise.
      skeleton: names and limbs of the joints; by default those stored with the model.
      num_threads: CPU threads of a .tflite model.
      checkpoint: "latest" or "best", of a run.
      **settings: fields of `TrackerSettings`. `margin`, `start_margin`, `steady_crops`,
        `restart_score` and `refresh_after` are by default those stored with the model.
    Raises:
      InputError: no such model, or not a model.
    """
    model = preset
    if not isinstance(preset, PoseModel):
      model = load_model(preset, num_threads, checkpoint)
    if model.margin:
      settings.setdefault("margin", model.margin)
    settings.setdefault("start_margin", model.start_margin)
    settings.setdefault("steady_crops", model.steady_crops)
    if model.restart_score:
      settings.setdefault("restart_score", model.restart_score)
    settings.setdefault("refresh_after", model.refresh_after)
    return cls(model, skeleton or model.skeleton, **settings)

  def copy(self, **changes: Any) -> "Tracker":
    """Returns a tracker of another person with the same network and settings.

    Args:
      **changes: settings that differ, by name.
    """
    return Tracker(self.model, self.skeleton, self.settings, **changes)

  def __call__(
    self,
    frames: Iterable[np.ndarray],
    box: Optional[Sequence[float]] = None,
    fps: float = 1 / PERIOD,
  ) -> Iterator[Pose]:
    """Yields a Pose for each frame of a video.

    Each call has a state of its own, so several videos can be tracked in turn.

    Args:
      frames: iterable of [H, W, 3] uint8 RGB frames.
      box: (x1, y1, x2, y2) of the person in the first frame, in pixels; by default the tracker
        searches the whole frame.
      fps: frames per second, above 0.
    Raises:
      InputError: the box has no area or lies outside the frame, a frame has another shape or
        dtype, or fps is not above 0.
    """
    if not fps > 0:
      raise InputError(f"fps={fps}: not a frame rate. Give frames per second above 0.")
    tracker = self.copy()
    tracker.reset(box)
    for index, frame in enumerate(frames):
      yield tracker.update(frame, index / fps)

  def reset(self, box: Optional[Sequence[float]] = None) -> None:
    """Forgets the person; the next `update` starts a video.

    Args:
      box: (x1, y1, x2, y2) of the person in its first frame, in pixels.
    Raises:
      InputError: the box has no area.
    """
    self._state: Optional[TrackerState] = None
    self._first_box: Optional[np.ndarray] = None
    self._cut_detector.reset()
    self._clock, self._period = Clock(), PERIOD
    if box is not None:
      self._first_box = boxes.check_box(box)

  def restart(self) -> None:
    """Makes HeadNet restart the recurrence with the next frame, in the box it would have had."""
    if self._state is not None:
      self._first_box, self._state = self._state.box, None

  @property
  def lost_for(self) -> float:
    """Returns the seconds since the person was last found."""
    return self._state.lost_for if self._state else 0.0

  def update(self, frame: np.ndarray, time: Optional[float] = None) -> Pose:
    """Returns the pose in the next frame.

    Args:
      frame: [H, W, 3] uint8 RGB.
      time: time of the frame in seconds; by default, 1 / 30 s after the preceding frame.
    Raises:
      InputError: the frame has another shape or dtype, the first box lies outside it, or the
        time is not finite.
    """
    frame = frame_crops.check_frame(frame)
    settings, state = self.settings, self._state
    self._period = self._clock.tick(time)
    cut = settings.cuts and self._cut_detector.is_cut(frame, self._period)
    if state is None:
      if self._first_box is not None:
        boxes.check_within(self._first_box, frame)
        return self._start(frame, self._first_box)
      return self._start(frame, self.search.find(frame)[0])
    if cut:
      return self._search(frame) or self._advance(frame)
    if settings.restart_every and state.age >= settings.restart_every and not state.lost_for:
      return self._start(frame, state.box)
    pose = self._advance(frame)
    if is_over(state.lost_for, state.search_at, self._period):
      return self._search(frame) or pose
    return pose

  def look(self, frame: np.ndarray, box: np.ndarray) -> Pose:
    """Returns the pose that HeadNet alone finds in a box [4] of a frame [H, W, 3] uint8 RGB."""
    keypoints, scores = self.search.look(frame, box)
    return self._pose(keypoints, scores, box)

  def _start(self, frame: np.ndarray, box: np.ndarray) -> Pose:
    """Starts the recurrence in a box, and takes the first step."""
    crop, affine = self.search.crop(frame, box)
    recurrence = Recurrence(self.model, self.settings.steady_crops, self.settings.decoder)
    recurrence.start(*self._crops_for_start(frame, box, crop, affine))
    self._state = TrackerState(box, recurrence, self.settings.restart_after)
    return self._step(frame, crop, affine)

  def _advance(self, frame: np.ndarray) -> Pose:
    """Takes the next step of the recurrence."""
    state = self._state
    assert state is not None
    crop, affine = self.search.crop(frame, state.box)
    initial = None
    state.unrefreshed_for += self._period
    if 0 < self.settings.refresh_after <= state.unrefreshed_for:
      crops = self._crops_for_start(frame, state.box, crop, affine)
      initial, state.unrefreshed_for = state.recurrence.initial(*crops), 0.0
    return self._step(frame, crop, affine, initial)

  def _crops_for_start(
    self, frame: np.ndarray, box: np.ndarray, crop: np.ndarray, affine: np.ndarray
  ) -> Tuple[np.ndarray, ...]:
    """Returns the arguments of `Recurrence.start`, given the crop of `step` about a box."""
    if self.search.has_equal_crops:
      return crop, affine
    return (*self.search.crop_for_start(frame, box), affine)

  def _step(
    self,
    frame: np.ndarray,
    crop: np.ndarray,
    affine: np.ndarray,
    initial: Optional[np.ndarray] = None,
  ) -> Pose:
    """Takes a step of the recurrence, and moves the box to the pose."""
    state = self._state
    assert state is not None
    keypoints, scores = state.recurrence.step(crop, affine, self._period, initial)
    pose = self._pose(keypoints, np.clip(scores, 0.0, 1.0), state.box)
    state.age += 1
    state.lost_for = 0.0 if pose.found else state.lost_for + self._period
    if pose.found:
      state.search_at = self.settings.restart_after
    box = self.search.box_to_follow(pose.keypoints, pose.scores, frame)
    if box is not None:
      share = newest_share(self._period, self.settings.box_lag)
      state.box = (1 - share) * state.box + share * box
    return pose

  def _search(self, frame: np.ndarray) -> Optional[Pose]:
    """Restarts where the person is found in a frame; returns None if nobody is found."""
    state = self._state
    assert state is not None
    # The person may still be there, or anywhere.
    box, evidence = self.search.refine(frame, state.box)
    if self.settings.roam:
      box, evidence = max((box, evidence), self.search.find(frame), key=lambda place: place[1])
    if evidence < 0:
      state.search_at = state.lost_for + min(max(state.lost_for, self._period), LONGEST_WAIT)
      return None
    return dataclasses.replace(self._start(frame, box), restarted=True)

  def _pose(self, keypoints: np.ndarray, scores: np.ndarray, box: np.ndarray) -> Pose:
    x1, y1, x2, y2 = (float(value) for value in box)
    return Pose(
      keypoints,
      scores,
      self.skeleton.joint_names,
      box=(x1, y1, x2, y2),
      found=self.search.evidence(scores) >= 0,
    )


def _matching_skeleton(model: PoseModel, skeleton: Optional[Skeleton]) -> Skeleton:
  candidates = [skeleton] if skeleton is not None else list(SKELETONS.values())
  for candidate in candidates:
    if candidate.num_joints == model.num_joints:
      return candidate
  names = ", ".join(f"{candidate.name} ({candidate.num_joints})" for candidate in candidates)
  raise InputError(
    f"the model has {model.num_joints} joints, no skeleton of {names}. "
    "Give `skeleton` with the names of its joints."
  )
