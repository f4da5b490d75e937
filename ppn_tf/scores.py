"""Everything that is measured on predicted joints: PCK in its kinds, and jitter.

docs/evaluation.md describes the protocol and works an example out by hand.
"""

import json
import math
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from ppn_tf.clips.labels import ClipLabels
from ppn_tf.errors import InputError
from ppn_tf.keypoints import jitter, pck
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.predictions import ClipPredictions

# Metrics by their key in the result.
METRICS = {
  "pck_body": "PCK-body",
  "pck_torso": "PCK-torso",
  "pck_torso_clean": "PCK-torso, clean",
}

Pair = Tuple[ClipLabels, ClipPredictions]
# Reference lengths [N] of frames, distances [N, K] in them, and which joints [N, K] count.
_Measured = Tuple[np.ndarray, np.ndarray, np.ndarray]


def score(
  pairs: Sequence[Pair], skeleton: Skeleton, alpha: float = 0.2, num_frames: int = 0
) -> Dict[str, Any]:
  """Scores of predicted joints against labels, in percent; NaN where nothing counts.

  Args:
    pairs: labels and predictions of each clip.
    skeleton: the joints of both.
    alpha: the threshold as a part of the reference length.
    num_frames: T of the windows that were predicted. "per_frame_index" then
      goes by a frame's place in its window; with 0 by its place in the clip.
  Returns:
    What --output_json holds; docs/evaluation.md has every key.
  Raises:
    InputError: no clips, one twice, or labels and predictions that do not fit.
  """
  _check(pairs, skeleton)
  labels = [one for one, _ in pairs]
  predicted = np.concatenate([one.keypoints for _, one in pairs])
  visible = np.concatenate([one.visibility for one in labels])
  lengths = np.array([len(one.keypoints) for one in labels])
  measured = _measure(labels, predicted, visible, skeleton)

  clips = np.repeat(np.arange(len(pairs)), lengths)
  actions, action_of_clip = np.unique([one.action for one in labels], return_inverse=True)
  places = np.concatenate([np.arange(length) for length in lengths])
  if num_frames:
    places %= num_frames
  by_clip = _micro_by(clips, len(pairs), measured, alpha)
  by_action = _micro_by(action_of_clip[clips], len(actions), measured, alpha)
  curves = {name: pck.curve(distances, counted) for name, (_, distances, counted) in
            measured.items()}  # fmt: skip
  return {
    "num_clips": len(pairs),
    "num_frames": len(visible),
    "alpha": alpha,
    "num_not_found": sum(num_not_found(*pair) for pair in pairs),
    **{name: _summary(one, skeleton, alpha) for name, one in measured.items()},
    "curve": {
      "alphas": pck.CURVE_ALPHAS.tolist(),
      **{name: values.tolist() for name, values in curves.items()},
    },
    "area": {name: pck.area(pck.CURVE_ALPHAS, values) for name, values in curves.items()},
    "per_action": {
      str(action): {
        "num_clips": int(np.sum(action_of_clip == number)),
        "num_frames": int(np.sum(lengths[action_of_clip == number])),
        **{name: values[number] for name, values in by_action.items()},
      }
      for number, action in enumerate(actions)
    },
    "per_frame_index": {
      "num_frames": np.bincount(places).tolist(),
      **_micro_by(places, int(places.max(initial=-1)) + 1, measured, alpha),
    },
    "per_clip": {
      one.clip: {name: values[number] for name, values in by_clip.items()}
      for number, one in enumerate(labels)
    },
    "jitter": _jitter(pairs),
  }


def num_not_found(labels: ClipLabels, predictions: ClipPredictions) -> int:
  """How many visible joints of a clip have no finite predicted position."""
  return int(np.sum(labels.visibility & ~np.isfinite(predictions.keypoints).all(-1)))


def to_json(scores: Dict[str, Any]) -> str:
  """Scores as a file holds them. JSON has no NaN: it becomes null."""
  return json.dumps(_null_for_nan(scores), indent=2, allow_nan=False) + "\n"


def _null_for_nan(value: Any) -> Any:
  if isinstance(value, dict):
    return {name: _null_for_nan(one) for name, one in value.items()}
  if isinstance(value, (list, tuple)):
    return [_null_for_nan(one) for one in value]
  return None if isinstance(value, float) and math.isnan(value) else value


def _check(pairs: Sequence[Pair], skeleton: Skeleton) -> None:
  """Raises InputError unless each clip is there once and its two halves fit each other."""
  if not pairs:
    raise InputError("no clip to score. Give predictions of the split's clips.")
  seen = set()
  for labels, predictions in pairs:
    clip, shape = labels.clip, labels.keypoints.shape
    if predictions.clip != clip or clip in seen:
      raise InputError(f"clip {clip}: paired with {predictions.clip}, or twice. Pair each once.")
    seen.add(clip)
    if predictions.keypoints.shape != shape:
      received = " x ".join(map(str, predictions.keypoints.shape))
      raise InputError(
        f"clip {clip}: received predictions of {received} (frames, joints, x and y), expected "
        f"{shape[0]} x {shape[1]} x 2. Predict every frame of the clip, and its joints."
      )
    if tuple(predictions.joint_names) != skeleton.joint_names:
      raise InputError(
        f"clip {clip}: received the joints {', '.join(predictions.joint_names)}; expected "
        f"{skeleton.name}'s in their order: {', '.join(skeleton.joint_names)}."
      )
    if not np.isfinite(labels.keypoints[labels.visibility]).all():
      raise InputError(
        f"clip {clip}: a visible joint's label is no number. Make the data set anew."
      )


def _measure(
  labels: Sequence[ClipLabels], predicted: np.ndarray, visible: np.ndarray, skeleton: Skeleton
) -> Dict[str, _Measured]:
  """Each metric's reference lengths, distances in them and counted joints, over all frames."""
  keypoints = np.concatenate([one.keypoints for one in labels])
  body = pck.body_lengths(np.concatenate([one.boxes for one in labels]).astype(np.float64))
  torso = pck.torso_lengths(keypoints.astype(np.float64), skeleton)
  by_torso = pck.normalised_distances(predicted, keypoints, torso)
  clean = pck.torso_visible(visible, skeleton)
  return {
    "pck_body": (body, pck.normalised_distances(predicted, keypoints, body), visible),
    "pck_torso": (torso, by_torso, visible),
    "pck_torso_clean": (torso[clean], by_torso, visible & clean[:, None]),
  }


def _summary(measured: _Measured, skeleton: Skeleton, alpha: float) -> Dict[str, Any]:
  lengths, distances, counted = measured
  return {
    **pck.summarise(distances <= alpha, counted, skeleton),
    "num_frames": len(lengths),
    "num_frames_without_length": int(np.sum(~pck.usable(lengths))),
  }


def _micro_by(
  numbers: np.ndarray, count: int, measured: Dict[str, _Measured], alpha: float
) -> Dict[str, List[float]]:
  """Each metric's PCK of the frames of each number below `count`; `numbers` has one per frame."""
  result = {}
  for name, (_, distances, counted) in measured.items():
    joints = np.bincount(numbers, counted.sum(axis=1), count)
    right = np.bincount(numbers, ((distances <= alpha) & counted).sum(axis=1), count)
    known = joints > 0
    result[name] = np.where(known, 100.0 * right / np.where(known, joints, 1), np.nan).tolist()
  return result


def _jitter(pairs: Sequence[Pair]) -> Dict[str, Any]:
  """Mean accelerations, both over the same joints: visible and found in three frames on end."""
  predicted, labelled = [], []
  for labels, predictions in pairs:
    found = np.isfinite(predictions.keypoints).all(axis=-1)
    counted = jitter.seen_thrice(labels.visibility & found)
    predicted.append(jitter.accelerations(predictions.keypoints)[counted])
    labelled.append(jitter.accelerations(labels.keypoints)[counted])
  means = [
    float(np.mean(one)) if one.size else math.nan
    for one in (np.concatenate(predicted), np.concatenate(labelled))
  ]
  return {
    "predicted": means[0],
    "labelled": means[1],
    "ratio": means[0] / means[1] if means[1] > 0 else math.nan,
    "num_triples": sum(one.size for one in predicted),
  }
