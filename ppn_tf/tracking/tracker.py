"""Follows one person through a video with a pose network's recurrence."""

import copy
import dataclasses
from typing import Any, Iterable, Iterator, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.inference.load import load_model
from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.inference.recurrence import Recurrence
from ppn_tf.keypoints import frame_crops
from ppn_tf.keypoints.poses import Pose
from ppn_tf.keypoints.skeletons import SKELETONS, Skeleton
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking import boxes
from ppn_tf.tracking.cuts import CutDetector

CROP_MARGIN = 1.25
MIN_SIDE = 16  # pixels; joints heaped in less are no person
LONGEST_WAIT = 32  # frames from one search for a lost person to the next


@dataclasses.dataclass
class _State:
  """What is remembered between frames."""

  box: np.ndarray
  recurrence: Recurrence
  search_at: int  # so many lost frames call for a search
  age: int = 0  # frames since HeadNet began the recurrence
  lost: int = 0  # frames in a row without confidence


class Tracker:
  """Tracks the pose of one person.

  `update` takes one frame; calling the tracker takes a whole video. Frames are cropped about
  the person and pass through `Recurrence`.

  Attributes: the arguments of the constructor.
  """

  def __init__(
    self,
    model: PoseModel,
    skeleton: Optional[Skeleton] = None,
    *,
    min_score: float = 0.2,
    min_joints: int = 4,
    smoothing: float = 0.5,
    refinements: int = 2,
    restart_score: Optional[float] = None,
    restart_after: int = 5,
    restart_every: int = 0,
    cuts: bool = True,
    roam: bool = True,
    steady_crops: bool = False,
    margin: float = CROP_MARGIN,
    decoder: str = "dark",
  ):
    """Creates a tracker.

    Args:
      model: the network.
      skeleton: names of its joints; by default the known one with as many.
      min_score: joints below do not shape the next crop.
      min_joints: with fewer joints above `min_score` the crop stays.
      smoothing: share of the crop that is kept from frame to frame, 0..1.
      refinements: looks at a frame without a box, each at the crop of the pose
        that the one before found, until the recurrence starts there.
      restart_score: a frame with a mean score below it has lost the person;
        by default 0.75 * min_score.
      restart_after: so many such frames in a row make the tracker seek anew; while
        nobody is found it waits twice as long from search to search, at most
        LONGEST_WAIT frames.
      restart_every: HeadNet begins the recurrence anew every so many frames, in the box
        where it has come to; 0: never.
      cuts: seek anew at once where another shot begins, see `cuts.CutDetector`.
      roam: seek all over the frame; else only where the person was.
      steady_crops: take the previous heatmaps along with the crop, see `Recurrence`,
        for networks trained with --steady_crops; else they stay in the crop's cells.
      margin: side of the crop over the box's longer side, as in training.
      decoder: how heatmaps are read, see `heatmaps.decode`.
    Raises:
      InputError: the model's joints are not the skeleton's.
    """
    self.model = model
    self.skeleton = _matching_skeleton(model, skeleton)
    self.min_score = min_score
    self.min_joints = min_joints
    self.smoothing = smoothing
    self.refinements = refinements
    self.restart_score = 0.75 * min_score if restart_score is None else restart_score
    self.restart_after = restart_after
    self.restart_every = restart_every
    self.cuts = cuts
    self.roam = roam
    self.steady_crops = steady_crops
    self.margin = margin
    self.decoder = decoder
    self._state: Optional[_State] = None
    self._first_box: Optional[np.ndarray] = None
    self._cut_detector = CutDetector()

  @classmethod
  def from_preset(
    cls, preset: Any, skeleton: Optional[Skeleton] = None, num_threads: int = 2, **settings: Any
  ) -> "Tracker":
    """Creates a tracker from a model's name or path.

    Args:
      preset: "people", the network that comes with the package; a .tflite file, a SavedModel
        folder or the workdir of a training run; or a PoseModel, a PPN or a Framewise.
      skeleton: names and limbs of the joints; by default those stored with the model.
      num_threads: CPU threads of a .tflite model.
      **settings: keyword arguments of the constructor. `margin`, `steady_crops` and
        `restart_score` are by default those stored with the model.
    Raises:
      InputError: no such model, or not a model.
    """
    model = preset if isinstance(preset, PoseModel) else load_model(preset, num_threads)
    if model.margin:
      settings.setdefault("margin", model.margin)
    settings.setdefault("steady_crops", model.steady_crops)
    if model.restart_score:
      settings.setdefault("restart_score", model.restart_score)
    return cls(model, skeleton or model.skeleton, **settings)

  def another(self) -> "Tracker":
    """A tracker of another person with the same network and settings."""
    twin = copy.copy(self)
    twin._cut_detector = CutDetector()
    twin.reset()
    return twin

  def __call__(
    self, frames: Iterable[np.ndarray], box: Optional[Sequence[float]] = None
  ) -> Iterator[Pose]:
    """Yields a Pose for each frame of a video.

    Args:
      frames: [H, W, 3] uint8 RGB frames, any iterable of them.
      box: (x1, y1, x2, y2) of the person in the first frame; without it the
        person is sought in the whole frame.
    Raises:
      InputError: the box has no area, or lies outside the frame; a frame is something else.
    """
    self.reset(box)
    for frame in frames:
      yield self.update(frame)

  def reset(self, box: Optional[Sequence[float]] = None) -> None:
    """Forgets the person; the next `update` begins a video.

    Raises:
      InputError: the box has no area.
    """
    self._state, self._first_box = None, None
    self._cut_detector.reset()
    if box is None:
      return
    self._first_box = np.asarray(box, np.float32)
    if not boxes.has_area(self._first_box):
      raise InputError(f"not a box: {list(box)}. Give x1,y1,x2,y2 in pixels, x1 < x2 and y1 < y2.")

  def begin_anew(self) -> None:
    """Makes the recurrence begin with the next frame, in the box where it would have gone on."""
    if self._state is not None:
      self._first_box, self._state = self._state.box, None

  @property
  def lost(self) -> int:
    """Frames in a row in which the person was not found."""
    return self._state.lost if self._state else 0

  def update(self, frame: np.ndarray) -> Pose:
    """The pose in the next frame, [H, W, 3] uint8 RGB.

    Raises:
      InputError: the frame is something else, or the box that was given lies outside it.
    """
    frame = frame_crops.check_frame(frame)
    cut = self.cuts and self._cut_detector.is_cut(frame)
    state = self._state
    if state is None:
      if self._first_box is not None:
        boxes.check_within(self._first_box, frame)
        return self._begin(frame, self._first_box)
      return self._begin(frame, self._find(frame)[0])
    if cut:
      return self._search(frame) or self._go_on(frame)
    if self.restart_every and state.age >= self.restart_every and not state.lost:
      return self._begin(frame, state.box)
    pose = self._go_on(frame)
    if state.lost >= state.search_at:
      return self._search(frame) or pose
    return pose

  def look(self, frame: np.ndarray, box: np.ndarray) -> Pose:
    """What HeadNet alone finds in a box [4] of a frame, [H, W, 3] uint8 RGB."""
    keypoints, scores = self._look(frame, box)
    return self._pose(keypoints, scores, box)

  def seek(
    self, frame: np.ndarray, box: np.ndarray, score: float = 0.0
  ) -> Tuple[np.ndarray, float]:
    """Looks again and again, each time in the box about the pose that was found before.

    Args:
      frame: [H, W, 3] uint8 RGB.
      box: [4] where to begin.
      score: the mean score of a look there, if there was one.
    Returns:
      a box [4] about the person and the last look's mean score.
    """
    for _ in range(self.refinements):
      keypoints, scores = self._look(frame, box)
      score = float(scores.mean())
      found = self._box(keypoints, scores, frame)
      if found is None:
        break
      box = found
    return box, score

  def _begin(self, frame: np.ndarray, box: np.ndarray) -> Pose:
    """Starts the recurrence in a box, and does the first step."""
    crop, affine = self._crop(frame, box)
    recurrence = self._recurrence()
    recurrence.start(crop, affine)
    self._state = _State(box, recurrence, self.restart_after)
    return self._step(frame, crop, affine)

  def _go_on(self, frame: np.ndarray) -> Pose:
    """The next step of the recurrence."""
    assert self._state is not None
    return self._step(frame, *self._crop(frame, self._state.box))

  def _step(self, frame: np.ndarray, crop: np.ndarray, affine: np.ndarray) -> Pose:
    """One step of the recurrence; moves the box after the pose."""
    state = self._state
    assert state is not None
    keypoints, scores = state.recurrence.step(crop, affine)
    scores = np.clip(scores, 0.0, 1.0)
    pose = self._pose(keypoints, scores, state.box)
    state.age += 1
    state.lost = 0 if pose.found else state.lost + 1
    if pose.found:
      state.search_at = self.restart_after
    found = self._box(pose.keypoints, pose.scores, frame)
    if found is not None:
      state.box = self.smoothing * state.box + (1 - self.smoothing) * found
    return pose

  def _search(self, frame: np.ndarray) -> Optional[Pose]:
    """Begins anew where the person is now; None if nobody is found."""
    state = self._state
    assert state is not None
    # The person may still be there, or anywhere.
    box, score = self.seek(frame, state.box)
    if self.roam:
      box, score = max((box, score), self._find(frame), key=lambda one: one[1])
    if score < self.restart_score:
      state.search_at = state.lost + int(np.clip(state.lost, 1, LONGEST_WAIT))
      return None
    return dataclasses.replace(self._begin(frame, box), restarted=True)

  def _pose(self, keypoints: np.ndarray, scores: np.ndarray, box: np.ndarray) -> Pose:
    x1, y1, x2, y2 = (float(value) for value in box)
    found = float(scores.mean()) >= self.restart_score
    return Pose(
      keypoints, scores, self.skeleton.joint_names, (x1, y1, x2, y2), restarted=False, found=found
    )

  def _find(self, frame: np.ndarray) -> Tuple[np.ndarray, float]:
    """A box about the person, sought all over the frame, and its mean score."""
    looks = [
      (box, float(self._look(frame, box)[1].mean()))
      for box in boxes.search_boxes(frame, self.margin)
    ]
    return self.seek(frame, *max(looks, key=lambda look: look[1]))

  def _look(self, frame: np.ndarray, box: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Keypoints [K, 2] and scores [K] that HeadNet finds in a box's crop."""
    keypoints, scores = self._recurrence().look(*self._crop(frame, box))
    return keypoints, np.clip(scores, 0.0, 1.0)

  def _recurrence(self) -> Recurrence:
    return Recurrence(self.model, self.steady_crops, self.decoder)

  def _crop(self, frame: np.ndarray, box: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The crop [H, W, 3] float32 about a box, and its affine [2, 3]."""
    affine = frame_crops.crop_affine(box, self.margin, self.model.image_size)
    return frame_crops.crop_frame(frame, affine, self.model.image_size), affine

  def _box(
    self, keypoints: np.ndarray, scores: np.ndarray, frame: np.ndarray
  ) -> Optional[np.ndarray]:
    """The box about the confident joints, None if they are too few."""
    confident = scores >= self.min_score
    if not confident.any() or confident.sum() < self.min_joints:
      return None
    box = frame_crops.joints_box(keypoints, confident, (frame.shape[0], frame.shape[1]))
    return box if max(box[2:] - box[:2]) >= MIN_SIDE else None


def _matching_skeleton(model: PoseModel, skeleton: Optional[Skeleton]) -> Skeleton:
  known = [skeleton] if skeleton is not None else list(SKELETONS.values())
  for candidate in known:
    if candidate.num_joints == model.num_joints:
      return candidate
  names = ", ".join(f"{candidate.name} ({candidate.num_joints})" for candidate in known)
  raise InputError(
    f"the model finds {model.num_joints} joints; the skeletons known here are {names}. "
    "Give a model of one of them."
  )
