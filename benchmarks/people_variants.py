"""Variants of systems on labeled people, which show what parts of them are worth.

- averaged: joints of a frame-wise network, averaged over time;
- without the past: a PPN whose previous heatmaps are BodyNet's own of the same frame;
- free: a PPN tracked from the labeled box of the first frame, without labels afterwards.
"""

import os
from typing import Any, Callable, Dict, Mapping, Optional, Union

import numpy as np

from ppn_tf.clips import records
from ppn_tf.evaluation.exported_networks import ExportedNetwork
from ppn_tf.evaluation.followed_clips import follow
from ppn_tf.inference.frame_times import PERIOD
from ppn_tf.inference.present_places import PresentPlaces
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.tracker import Tracker

# Share of the current frame in the running mean, with the best scores of docs/people.md.
CURRENT_SHARE = 0.65
Path = Union[str, os.PathLike]
Predictions = Dict[str, ClipPredictions]


class WithoutPast(ExportedNetwork):
  """PPN that never receives heatmaps or places of earlier frames."""

  recurrent = False

  def __call__(self, crop: np.ndarray, affine: np.ndarray, first: bool = True) -> np.ndarray:
    model = self._model
    nothing = np.zeros((*model.heatmap_size, model.num_joints), np.float32)
    _, preliminary = model.final_and_preliminary(crop, nothing)
    if preliminary is None:
      raise InputError("without the past: a network that returns no preliminary heatmaps.")
    final, _ = model.final_and_preliminary(crop, preliminary)
    places = PresentPlaces()
    keypoints, scores = places.read(final, preliminary, affine, model.stride, PERIOD)
    in_crop = keypoints @ affine[:, :2].T + affine[:, 2]
    return np.concatenate([in_crop, scores[:, None]], axis=-1)


def average(predictions: Mapping[str, ClipPredictions]) -> Predictions:
  """Returns running means of joints: CURRENT_SHARE of the current frame, the rest of the past."""
  averaged = {}
  for clip, original in predictions.items():
    keypoints = original.keypoints.copy()
    for frame in range(1, len(keypoints)):
      keypoints[frame] = keypoints[frame - 1] + CURRENT_SHARE * (
        keypoints[frame] - keypoints[frame - 1]
      )
    averaged[clip] = ClipPredictions(clip, original.joint_names, keypoints, original.scores)
  return averaged


def predict_without_past(path: Path, dataset: Path, margin: Optional[float] = None) -> Predictions:
  """Predicts the joints of the split "test" with a PPN that ignores the past.

  Args:
    path: the .tflite file.
    dataset: folder of the records.
    margin: side of the crop over the longer side of the box; by default the network's own.
  """
  builder = records.open_records(str(dataset))
  return {clip.clip: clip for clip in WithoutPast(path).predict(builder, "test", margin=margin)}


def predict_freely(path: Path, dataset: Path, margin: Optional[float] = None) -> Predictions:
  """Tracks the people of the split "test" from the labeled boxes of their first frames.

  Args:
    path: the .tflite file.
    dataset: folder of the records.
    margin: side of the crop over the longer side of the box; by default the network's own.
  """
  builder = records.open_records(str(dataset))
  settings: Dict[str, Any] = {"margin": margin} if margin else {}
  tracker = Tracker.from_preset(str(path), **settings)
  return {clip.clip: clip for clip in follow(tracker, builder, "test", from_labeled_box=True)}


VARIANTS: Mapping[str, Callable[[Path, Path, Optional[float]], Predictions]] = {
  "without the past": predict_without_past,
  "free": predict_freely,
}
