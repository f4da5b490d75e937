"""The scores of predicted joints against a data set's labels."""

import json
import math
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ppn_tf.clips.labels import ClipLabels
from ppn_tf.keypoints import jitter, pck
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError

METRICS = ("pck_body", "pck_torso", "pck_torso_clean")
TITLES = {"pck_body": "PCK-body", "pck_torso": "PCK-torso", "pck_torso_clean": "PCK-torso clean"}
Pair = Tuple[ClipLabels, ClipPredictions]


class _Measured(NamedTuple):
  """Frames of one or more clips: distances [N, K] and which joints count [N, K], by metric."""

  distances: Dict[str, np.ndarray]
  counted: Dict[str, np.ndarray]

  @property
  def num_frames(self) -> int:
    return len(self.distances["pck_body"])

  def part(self, chosen: np.ndarray) -> "_Measured":
    """Some of the frames, by index or mask."""
    return _Measured(
      {metric: value[chosen] for metric, value in self.distances.items()},
      {metric: value[chosen] for metric, value in self.counted.items()},
    )

  def micro(self, alpha: float) -> Dict[str, float]:
    """PCK over all counted joints, in percent, by metric."""
    return {
      metric: pck.mean_pck(self.distances[metric] <= alpha, self.counted[metric])
      for metric in METRICS
    }


def _measure(pair: Pair, skeleton: Skeleton) -> _Measured:
  labels, predictions = pair
  _check(labels, predictions, skeleton)
  torso = pck.distances(
    predictions.keypoints, labels.keypoints, pck.torso_lengths(labels.keypoints, skeleton)
  )
  body = pck.distances(predictions.keypoints, labels.keypoints, pck.body_lengths(labels.boxes))
  visible = labels.visibility
  clean = visible & pck.torso_seen(visible, skeleton)[:, None]
  return _Measured(
    dict(zip(METRICS, (body, torso, torso))), dict(zip(METRICS, (visible, visible, clean)))
  )


def _check(labels: ClipLabels, predictions: ClipPredictions, skeleton: Skeleton) -> None:
  if predictions.clip != labels.clip:
    raise InputError(f"labels of clip {labels.clip} are paired with those of {predictions.clip}.")
  expected = (len(labels.keypoints), skeleton.num_joints, 2)
  if predictions.keypoints.shape != expected:
    raise InputError(
      f"predictions of clip {labels.clip}: expected {expected[0]} frames of {expected[1]} joints "
      f"as (x, y). Received: {predictions.keypoints.shape}. Predict the clip anew."
    )
  if tuple(predictions.joint_names) != skeleton.joint_names:
    raise InputError(
      f"predictions of clip {labels.clip}: expected {skeleton.name}'s joints in their order: "
      f"{', '.join(skeleton.joint_names)}. Received: {', '.join(predictions.joint_names)}."
    )
  unlabelled = labels.visibility & ~np.isfinite(labels.keypoints).all(axis=-1)
  if unlabelled.any():
    frame = int(np.argwhere(unlabelled)[0, 0])
    raise InputError(
      f"labels of clip {labels.clip}: a joint of frame {frame} is visible and has no place. "
      "Make the data set anew."
    )


def score(
  pairs: Sequence[Pair], skeleton: Skeleton, alpha: float = 0.2, num_frames: int = 0
) -> Dict[str, Any]:
  """All scores of some clips; docs/evaluation.md says what each of them is.

  Args:
    pairs: labels and predictions of each clip, with the skeleton's joints.
    skeleton: the joints.
    alpha: the threshold as a part of the reference length.
    num_frames: T of the windows that were predicted; "per_frame_index" then has
      T entries, by the frame's place in its window. 0 means whole clips.
  Returns:
    What --output_json holds, in percent; NaN where no joint counts.
  Raises:
    InputError: no clips, or predictions that do not fit their labels.
  """
  if not pairs:
    raise InputError("no clips to score. Give predictions of at least one clip of the split.")
  measured = [_measure(pair, skeleton) for pair in pairs]
  everything = _join(measured)
  table: Dict[str, Any] = {
    "num_clips": len(pairs),
    "num_frames": everything.num_frames,
    "alpha": alpha,
  }
  curves = {}
  for metric in METRICS:
    distances, counted = everything.distances[metric], everything.counted[metric]
    table[metric] = pck.summarise(distances <= alpha, counted, skeleton)
    curves[metric] = pck.curve(distances, counted)
  table["curve"] = {"alphas": pck.ALPHAS.tolist(), **{m: c.tolist() for m, c in curves.items()}}
  table["area"] = {metric: pck.area(values) for metric, values in curves.items()}
  table["not_predicted"] = sum(not_predicted(*pair) for pair in pairs)
  table["frames_without_length"] = _frames_without_length(pairs, skeleton)
  table["per_action"] = _per_action(pairs, measured, alpha)
  table["per_frame_index"] = _per_frame_index(measured, everything, alpha, num_frames)
  table["per_clip"] = {labels.clip: one.micro(alpha) for (labels, _), one in zip(pairs, measured)}
  table["jitter"] = _jitter(pairs)
  return table


def not_predicted(labels: ClipLabels, predictions: ClipPredictions) -> int:
  """How many visible joints of a clip have no finite predicted place."""
  return int(np.sum(labels.visibility & ~np.isfinite(predictions.keypoints).all(axis=-1)))


def _join(measured: Sequence[_Measured]) -> _Measured:
  return _Measured(
    {m: np.concatenate([one.distances[m] for one in measured]) for m in METRICS},
    {m: np.concatenate([one.counted[m] for one in measured]) for m in METRICS},
  )


def _frames_without_length(pairs: Sequence[Pair], skeleton: Skeleton) -> Dict[str, int]:
  """Frames in which no joint can be right, since the reference length measures nothing."""
  body = [~pck.usable(pck.body_lengths(labels.boxes)) for labels, _ in pairs]
  torso = [~pck.usable(pck.torso_lengths(labels.keypoints, skeleton)) for labels, _ in pairs]
  return {
    "pck_body": int(sum(map(np.sum, body))),
    "pck_torso": int(sum(map(np.sum, torso))),
  }


def _per_action(
  pairs: Sequence[Pair], measured: Sequence[_Measured], alpha: float
) -> Dict[str, Any]:
  by_action: Dict[str, List[_Measured]] = {}
  for (labels, _), one in zip(pairs, measured):
    by_action.setdefault(labels.action, []).append(one)
  table = {}
  for action in sorted(by_action):
    joined = _join(by_action[action])
    table[action] = {
      "num_clips": len(by_action[action]),
      "num_frames": joined.num_frames,
      **joined.micro(alpha),
    }
  return table


def _per_frame_index(
  measured: Sequence[_Measured], everything: _Measured, alpha: float, num_frames: int
) -> Dict[str, List[Any]]:
  places = np.concatenate([np.arange(one.num_frames) for one in measured])
  if num_frames:
    places %= num_frames
  table: Dict[str, List[Any]] = {name: [] for name in ("num_frames", *METRICS)}
  for place in range(places.max(initial=-1) + 1):
    chosen = everything.part(places == place)
    table["num_frames"].append(chosen.num_frames)
    for metric, value in chosen.micro(alpha).items():
      table[metric].append(value)
  return table


def _jitter(pairs: Sequence[Pair]) -> Dict[str, float]:
  predicted, labelled = [np.zeros(0)], [np.zeros(0)]
  for labels, predictions in pairs:
    ours = jitter.accelerations(predictions.keypoints)
    counted = jitter.three_in_a_row(labels.visibility) & np.isfinite(ours)
    predicted.append(ours[counted])
    labelled.append(jitter.accelerations(labels.keypoints)[counted])
  means = [
    float(np.mean(v)) if len(v) else math.nan for v in map(np.concatenate, (predicted, labelled))
  ]
  ratio = means[0] / means[1] if means[1] > 0 else math.nan
  return {"predicted": means[0], "labelled": means[1], "ratio": ratio}


def to_json(table: Dict[str, Any]) -> str:
  """Scores as JSON, which has no NaN: null stands for it."""
  return json.dumps(_null_for_nan(table), indent=2, allow_nan=False) + "\n"


def _null_for_nan(value: Any) -> Any:
  if isinstance(value, dict):
    return {name: _null_for_nan(one) for name, one in value.items()}
  if isinstance(value, list):
    return [_null_for_nan(one) for one in value]
  return None if isinstance(value, float) and not math.isfinite(value) else value
