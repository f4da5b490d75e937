"""Measures of joints in labeled clips beyond PCK at 0.2: fine thresholds, jitter and lag.

Lengths are in torsos: the labeled distance from a shoulder to the opposite hip in each frame.
"""

import dataclasses
import os
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Union

import numpy as np

from ppn_tf.clips import records
from ppn_tf.clips.labels import ClipLabels, read_labels
from ppn_tf.evaluation.comparison import restrict_to_common_joints
from ppn_tf.evaluation.systems import System
from ppn_tf.keypoints import jitter, pck
from ppn_tf.keypoints.joint_maps import to_skeleton
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import Skeleton

ALPHAS = (0.2, 0.1, 0.05)
# Fine thresholds leave out hips, because data sets place these differently.
FINE = 0.15
LAGS = np.arange(-20, 41) / 10  # frames
# A clip shows a lag if its labels move by at least this many torsos per frame on average.
MIN_MOTION = 0.01
Pair = Tuple[ClipLabels, ClipPredictions]


@dataclasses.dataclass(frozen=True)
class ClipMeasures:
  """Measures of one clip.

  Attributes:
    pck: PCK in percent by threshold, over visible joints; without hips below FINE.
    median: median error in torsos, without hips.
    jitter: mean acceleration in percent of the torso per frame^2, over joints that are visible in
      three consecutive frames; NaN for shorter clips.
    lag_errors: [L] mean squared distance in torsos^2 of the predictions from labels that are
      LAGS frames older; NaN for clips without motion.
  """

  pck: Dict[float, float]
  median: float
  jitter: float
  lag_errors: np.ndarray


def measure(pair: Pair, skeleton: Skeleton) -> ClipMeasures:
  """Measures the predictions of one clip, which have the skeleton's joints."""
  labels, predictions = pair
  torso = pck.torso_lengths(labels.keypoints, skeleton)
  errors = pck.distances(predictions.keypoints, labels.keypoints, torso)
  hips = np.array(["hip" in name for name in skeleton.joint_names])
  fine = labels.visibility & ~hips
  by_threshold = {
    alpha: pck.mean_pck(errors <= alpha, fine if alpha < FINE else labels.visibility)
    for alpha in ALPHAS
  }
  return ClipMeasures(
    by_threshold,
    float(np.median(errors[fine])) if fine.any() else float("nan"),
    _jitter(labels, predictions, torso),
    _lag_errors(labels, predictions, torso, fine),
  )


def _jitter(labels: ClipLabels, predictions: ClipPredictions, torso: np.ndarray) -> float:
  accelerations = jitter.accelerations(predictions.keypoints) / torso[1:-1, None]
  counted = jitter.three_in_a_row(labels.visibility) & np.isfinite(accelerations)
  return 100 * float(np.mean(accelerations[counted])) if counted.any() else float("nan")


def _lag_errors(
  labels: ClipLabels, predictions: ClipPredictions, torso: np.ndarray, counted: np.ndarray
) -> np.ndarray:
  """Compares predictions with labels of other times, constant offsets of joints left out."""
  nothing = np.full(len(LAGS), np.nan)
  first, last = int(np.ceil(LAGS.max())), len(torso) - int(np.ceil(-LAGS.min()))
  always = counted.all(axis=0) & np.isfinite(predictions.keypoints).all(axis=(0, 2))
  scale = float(np.median(torso))
  if last - first < 3 or not always.any() or not scale > 0:
    return nothing
  labeled = labels.keypoints[:, always].astype(np.float64) / scale
  predicted = predictions.keypoints[first:last, always].astype(np.float64) / scale
  if np.linalg.norm(np.diff(labeled, axis=0), axis=-1).mean() < MIN_MOTION:
    return nothing
  times = np.arange(first, last)
  errors = []
  for lag in LAGS:
    earlier = np.floor(times - lag).astype(int)
    share = (times - lag - earlier)[:, None, None]
    later = np.minimum(earlier + 1, len(labeled) - 1)
    moved = (1 - share) * labeled[earlier] + share * labeled[later]
    difference = predicted - moved
    difference -= difference.mean(axis=0)
    errors.append(np.mean(np.sum(difference**2, axis=-1)))
  return np.array(errors)


def lag(measures: Sequence[ClipMeasures]) -> float:
  """Returns the lag in frames at which the labels of all clips fit best; NaN without motion."""
  curves = [clip.lag_errors for clip in measures if np.isfinite(clip.lag_errors).all()]
  if not curves:
    return float("nan")
  return float(LAGS[np.argmin(np.sum(curves, axis=0))])


def summarize(measures: Mapping[str, ClipMeasures]) -> Dict[str, Any]:
  """Returns means over clips by the measure's name, the lag, and intervals of the fine PCK."""
  clips = list(measures.values())
  values = {f"pck@{alpha}": [clip.pck[alpha] for clip in clips] for alpha in ALPHAS}
  values["median"] = [clip.median for clip in clips]
  values["jitter"] = [clip.jitter for clip in clips]
  summary: Dict[str, Any] = {name: _mean(of_clips) for name, of_clips in values.items()}
  summary["lag"] = lag(clips)
  summary["num_clips"] = len(clips)
  summary["intervals"] = {
    f"pck@{alpha}": bootstrap(values[f"pck@{alpha}"]) for alpha in ALPHAS if alpha < FINE
  }
  return summary


def measure_systems(
  dataset: Union[str, os.PathLike], systems: Mapping[str, Mapping[str, ClipPredictions]]
) -> Dict[str, Dict[str, ClipMeasures]]:
  """Measures systems on the split "test", on the joints that all of them have.

  Args:
    dataset: folder of the records.
    systems: predictions by system and clip.
  Returns:
    Measures by system and clip.
  """
  builder = records.open_records(os.fspath(dataset))
  return measure_labeled(read_labels(builder, "test"), records.read_skeleton(builder), systems)


def measure_labeled(
  labels: Mapping[str, ClipLabels],
  skeleton: Skeleton,
  systems: Mapping[str, Mapping[str, ClipPredictions]],
) -> Dict[str, Dict[str, ClipMeasures]]:
  """Measures systems on given labels by clip; see `measure_systems`."""
  compared = {name: System({}, dict(predictions)) for name, predictions in systems.items()}
  labels, skeleton = restrict_to_common_joints(labels, skeleton, compared)
  return {
    name: {
      clip: measure((of_clip, to_skeleton(predictions[clip], skeleton)), skeleton)
      for clip, of_clip in labels.items()
    }
    for name, predictions in systems.items()
  }


def _mean(values: Sequence[float]) -> float:
  known = [value for value in values if np.isfinite(value)]
  return float(np.mean(known)) if known else float("nan")


def bootstrap(values: Sequence[float], share: float = 0.95, draws: int = 2000) -> List[float]:
  """Returns an interval of a mean over clips: two percentiles of the means of resampled clips.

  Args:
    values: one per clip.
    share: of the resampled means in the interval.
    draws: number of resamplings, always the same ones.
  """
  known = np.array([value for value in values if np.isfinite(value)])
  if not len(known):
    return [float("nan")] * 2
  chosen = np.random.default_rng(0).integers(0, len(known), (draws, len(known)))
  low, high = np.percentile(known[chosen].mean(axis=1), [50 * (1 - share), 50 * (1 + share)])
  return [float(low), float(high)]
