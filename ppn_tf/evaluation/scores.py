"""Scores predicted joints against the labels of a data set."""

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
  """Holds the measurements of the frames of one or more clips, by metric.

  Attributes:
    distances: [N, K] float, in reference lengths.
    counted: [N, K] bool, whether a joint counts.
  """

  distances: Dict[str, np.ndarray]
  counted: Dict[str, np.ndarray]

  @property
  def num_frames(self) -> int:
    return len(self.distances["pck_body"])

  def select(self, frames: np.ndarray) -> "_Measured":
    """Returns some of the frames, by index or mask."""
    return _Measured(
      {metric: value[frames] for metric, value in self.distances.items()},
      {metric: value[frames] for metric, value in self.counted.items()},
    )

  def micro(self, alpha: float) -> Dict[str, float]:
    """Returns PCK over all counted joints in percent, by metric."""
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
    raise InputError(
      f"labels of clip {labels.clip} are paired with predictions of {predictions.clip}."
    )
  expected = (len(labels.keypoints), skeleton.num_joints, 2)
  if predictions.keypoints.shape != expected:
    raise InputError(
      f"predictions of clip {labels.clip}: expected {expected[0]} frames of {expected[1]} joints "
      f"as (x, y). Received: {predictions.keypoints.shape}. Predict the clip again."
    )
  if tuple(predictions.joint_names) != skeleton.joint_names:
    raise InputError(
      f"predictions of clip {labels.clip}: expected the joints of {skeleton.name} in this order: "
      f"{', '.join(skeleton.joint_names)}. Received: {', '.join(predictions.joint_names)}."
    )
  unlabelled = labels.visibility & ~np.isfinite(labels.keypoints).all(axis=-1)
  if unlabelled.any():
    frame = int(np.argwhere(unlabelled)[0, 0])
    raise InputError(
      f"labels of clip {labels.clip}: a visible joint of frame {frame} has no coordinates. "
      "Build the data set again."
    )


def score(
  pairs: Sequence[Pair], skeleton: Skeleton, alpha: float = 0.2, num_frames: int = 0
) -> Dict[str, Any]:
  """Computes all scores of a set of clips; docs/evaluation.md defines each of them.

  Args:
    pairs: labels and predictions of each clip, with the skeleton's joints.
    skeleton: joints of the labels.
    alpha: threshold as a fraction of the reference length.
    num_frames: T of the predicted windows; "per_frame_index" then has T entries,
      by position in the window. 0 means whole clips.
  Returns:
    Scores in percent, as in --output_json; NaN if no joint counts.
  Raises:
    InputError: If there are no clips, or predictions do not fit their labels.
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
  table["not_predicted"] = sum(count_missing(*pair) for pair in pairs)
  table["frames_without_length"] = _frames_without_length(pairs, skeleton)
  table["per_action"] = _per_action(pairs, measured, alpha)
  table["per_frame_index"] = _per_frame_index(measured, everything, alpha, num_frames)
  table["per_clip"] = {labels.clip: clip.micro(alpha) for (labels, _), clip in zip(pairs, measured)}
  table["jitter"] = _jitter(pairs)
  return table


def count_missing(labels: ClipLabels, predictions: ClipPredictions) -> int:
  """Counts the visible joints of a clip without finite predicted coordinates."""
  return int(np.sum(labels.visibility & ~np.isfinite(predictions.keypoints).all(axis=-1)))


def _join(measured: Sequence[_Measured]) -> _Measured:
  return _Measured(
    {m: np.concatenate([clip.distances[m] for clip in measured]) for m in METRICS},
    {m: np.concatenate([clip.counted[m] for clip in measured]) for m in METRICS},
  )


def _frames_without_length(pairs: Sequence[Pair], skeleton: Skeleton) -> Dict[str, int]:
  """Counts frames whose reference length is unusable; all their joints are wrong."""
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
  for (labels, _), clip in zip(pairs, measured):
    by_action.setdefault(labels.action, []).append(clip)
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
  positions = np.concatenate([np.arange(clip.num_frames) for clip in measured])
  if num_frames:
    positions %= num_frames
  table: Dict[str, List[Any]] = {name: [] for name in ("num_frames", *METRICS)}
  for position in range(positions.max(initial=-1) + 1):
    frames = everything.select(positions == position)
    table["num_frames"].append(frames.num_frames)
    for metric, value in frames.micro(alpha).items():
      table[metric].append(value)
  return table


def _jitter(pairs: Sequence[Pair]) -> Dict[str, float]:
  predicted, labelled = [np.zeros(0)], [np.zeros(0)]
  for labels, predictions in pairs:
    accelerations = jitter.accelerations(predictions.keypoints)
    counted = jitter.three_in_a_row(labels.visibility) & np.isfinite(accelerations)
    predicted.append(accelerations[counted])
    labelled.append(jitter.accelerations(labels.keypoints)[counted])
  means = [
    float(np.mean(v)) if len(v) else math.nan for v in map(np.concatenate, (predicted, labelled))
  ]
  ratio = means[0] / means[1] if means[1] > 0 else math.nan
  return {"predicted": means[0], "labelled": means[1], "ratio": ratio}


def to_json(table: Dict[str, Any]) -> str:
  """Returns scores as JSON, with null for NaN."""
  return json.dumps(_replace_nan(table), indent=2, allow_nan=False) + "\n"


def _replace_nan(value: Any) -> Any:
  if isinstance(value, dict):
    return {name: _replace_nan(item) for name, item in value.items()}
  if isinstance(value, list):
    return [_replace_nan(item) for item in value]
  return None if isinstance(value, float) and not math.isfinite(value) else value
