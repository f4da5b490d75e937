"""Golden cases of whole clips, in which a person is tracked, lost and found elsewhere."""

import dataclasses
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np

from ppn_tf.keypoints.poses import Pose
from ppn_tf.tracking.smoothing import BETA, MIN_CUTOFF, PoseSmoother
from ppn_tf.tracking.tracker import Tracker

from .reference_model import BACKGROUND, ReferenceModel, make_colors

_SIZE = (72, 128)  # (H, W) of frames
_FRAMES = 100
_LEAVES, _RETURNS = 36, 58  # first frames without the person, and with them again
_OTHER_BACKGROUND = np.array([150, 110, 128], np.uint8)
_UPPER = 7  # joints from the head to the wrists
_DISC, _SMALL_DISC = 3.2, 2.5  # pixels, radius of the discs that stand for joints
# Joints of a standing person in the order of PENN_ACTION: (x, y) from the middle, in pixels.
_BODY = np.array(
  [
    (0, -21),
    (-7, -13), (7, -13),
    (-12, -5), (12, -5),
    (-14, 4), (14, 4),
    (-5, 4), (5, 4),
    (-6, 13), (6, 13),
    (-7, 22), (7, 22),
  ],
  np.float64,
)  # fmt: skip


def clips() -> Iterator[Dict[str, Any]]:
  """Yields clips with all results of tracking."""
  frames = [_draw(place_joints(t)) for t in range(_FRAMES)]
  even = [t / 30 for t in range(_FRAMES)]
  yield _track("lost and found elsewhere", ReferenceModel(), frames, even, steady_crops=True)
  # A new shot begins when the person returns.
  shots = [
    _draw(place_joints(t), BACKGROUND if t < _RETURNS else _OTHER_BACKGROUND)
    for t in range(_FRAMES)
  ]
  larger = ReferenceModel(start_size=(120, 120), start_margin=1.75)
  refreshed: Dict[str, Any] = {"steady_crops": True, "refresh_after": 0.09}
  yield _track("start sees a larger crop, and a cut", larger, shots, even, **refreshed)
  uneven = [0.04 * t + 0.005 * (t % 2) for t in range(_FRAMES)]
  model = ReferenceModel((72, 96), (18, 24), readout="answer")
  yield _track(
    "final heatmaps alone, wide crops, a first box, uneven times",
    model,
    frames,
    uneven,
    box=[12.0, 10.0, 46.0, 62.0],
    restart_score=0.25,
  )
  slow = [t / 10 for t in range(_FRAMES)]
  yield _track("ten frames per second", larger, frames, slow, **refreshed)
  upper = [_draw(place_joints(t), num_joints=_UPPER) for t in range(_LEAVES)]
  larger = ReferenceModel(start_margin=1.75)
  yield _track("a part of a person", larger, upper, even[:_LEAVES], restart_score=0.75)
  # The cells of a crop about the joints blend small discs more than those of the whole frame.
  small = [_draw(place_joints(t), radius=_SMALL_DISC) for t in range(10, _LEAVES)]
  yield _track(
    "looks that lose the person",
    ReferenceModel(),
    small,
    even[: len(small)],
    restart_score=0.87,
    part_score=1.0,
  )


def place_joints(t: int) -> Optional[np.ndarray]:
  """Returns joints [K, 2] in frame t, or None without the person."""
  if _LEAVES <= t < _RETURNS:
    return None
  x = 28 + 0.5 * t if t < _LEAVES else 106 - 0.4 * (t - _RETURNS)
  swing = np.zeros_like(_BODY)
  swing[3:7, 1] = 3 * np.sin(t / 4)
  swing[5:7, 0] = [2 * np.cos(t / 5), -2 * np.cos(t / 5)]
  swing[9:13, 0] = 2 * np.sin(t / 3)
  return _BODY + swing + [x, 36 + 1.5 * np.sin(t / 7)]


def _draw(
  joints: Optional[np.ndarray],
  background: np.ndarray = BACKGROUND,
  num_joints: int = len(_BODY),
  radius: float = _DISC,
) -> np.ndarray:
  """Returns a frame [H, W, 3] uint8 with a disc for each of the first joints."""
  frame = np.empty((*_SIZE, 3))
  frame[:] = background
  rows, columns = np.mgrid[: _SIZE[0], : _SIZE[1]]
  for (x, y), color in zip(joints[:num_joints] if joints is not None else [], make_colors()):
    cover = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)[..., None]
    frame += cover * (color - frame)
  return np.rint(frame).astype(np.uint8)


def _track(
  name: str,
  model: ReferenceModel,
  frames: Sequence[np.ndarray],
  times: Sequence[float],
  box: Optional[Sequence[float]] = None,
  **settings: Any,
) -> Dict[str, Any]:
  """Returns a case: a clip, settings, and the poses of all frames."""
  tracker = Tracker.from_preset(model, **settings)
  tracker.reset(box)
  smoother = PoseSmoother(min_score=tracker.settings.min_score)
  poses = [tracker.update(frame, time) for frame, time in zip(frames, times)]
  smoothed = [smoother(pose, time).keypoints for pose, time in zip(poses, times)]
  return {
    "name": name,
    "model": model.describe(),
    "settings": _describe_settings(tracker),
    "smoothing": {"min_cutoff": MIN_CUTOFF, "beta": BETA, "min_score": tracker.settings.min_score},
    "first_box": box,
    "times": times,
    "frames": np.stack(frames),
    **_collect(poses),
    "smoothed": np.stack(smoothed),
  }


def _describe_settings(tracker: Tracker) -> Dict[str, Any]:
  """Returns the settings of a tracker with numbers in place of defaults."""
  settings = dataclasses.asdict(tracker.settings)
  settings["restart_score"] = tracker.settings.lowest_confidence
  settings["start_margin"] = tracker.settings.look_margin
  return settings


def _collect(poses: Sequence[Pose]) -> Dict[str, Any]:
  """Returns the values of poses over all frames."""
  found: List[bool] = [pose.found for pose in poses]
  return {
    "box": np.array([pose.box for pose in poses], np.float32),
    "found": found,
    "restarted": [pose.restarted for pose in poses],
    "keypoints": np.stack([pose.keypoints for pose in poses]),
    "scores": np.stack([pose.scores for pose in poses]),
  }
