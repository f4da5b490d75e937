"""Differences of exported networks from their original along whole clips."""

from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from ppn_tf.clips import pipeline
from ppn_tf.clips.labels import ClipLabels, read_labels
from ppn_tf.config.experiment import Experiment
from ppn_tf.evaluation import scores
from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.inference.recurrence import unroll
from ppn_tf.keypoints import multi_scale
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import Skeleton

import tensorflow as tf

from .forms import Form


def read_clips(
  builder: Any, split: str, image_size: Tuple[int, int], experiment: Experiment
) -> Iterator[Dict[str, Any]]:
  """Yields the crops of whole clips, rounded like those of a client.

  Args:
    builder: the data set.
    split: its split.
    image_size: (H, W) of the crops in pixels.
    experiment: settings of the crops.
  Yields:
    clip (its name), frames [T, H, W, 3] float32, affines [T, 2, 3] and image_size by name.
  """
  windows = pipeline.evaluation_windows(
    builder,
    split,
    num_frames=pipeline.chunk_length(1),
    image_size=image_size,
    box_margin=experiment.clips.box_margin,
    steady_crops=experiment.clips.steady_crops,
  )
  current: Dict[str, Any] = {}
  for window in windows.prefetch(2):
    name, valid = window["clip"].numpy().decode(), window["valid"].numpy()
    part = {key: window[key][0].numpy()[valid] for key in ("frames", "affines")}
    part["frames"] = np.round(part["frames"])
    if current and current["clip"] != name:
      yield current
      current = {}
    joined = {
      key: np.concatenate([current[key], part[key]]) if current else part[key] for key in part
    }
    current = {"clip": name, "image_size": window["image_size"].numpy(), **joined}
  if current:
    yield current


class FormResult:
  """Predictions of a form and its differences from the network.

  Attributes:
    skeleton: joints of the labels.
    pairs: labels and predictions of each clip.
    drift: for each clip, mean absolute difference of the heatmaps by frame, [T].
    largest: largest absolute difference of a heatmap cell.
  """

  def __init__(self, skeleton: Skeleton) -> None:
    self.skeleton = skeleton
    self.pairs: List[Tuple[ClipLabels, ClipPredictions]] = []
    self.drift: List[np.ndarray] = []
    self.largest = 0.0

  def pck(self, alpha: float) -> float:
    """Returns PCK-torso in percent."""
    return float(scores.score(self.pairs, self.skeleton, alpha)["pck_torso"]["micro"])

  def mean_drift(self) -> np.ndarray:
    """Returns the drift by frame, [longest T], averaged over the clips that have the frame."""
    longest = max(map(len, self.drift))
    return np.array(
      [np.mean([drift[t] for drift in self.drift if len(drift) > t]) for t in range(longest)]
    )


def compare_forms(
  forms: Sequence[Form],
  network: PoseModel,
  builder: Any,
  split: str,
  experiment: Experiment,
  num_clips: int = 0,
) -> Dict[str, FormResult]:
  """Runs the network and all forms of it along clips, each on its own outputs.

  Args:
    forms: exported forms of the network.
    network: the network.
    builder: the data set.
    split: its split.
    experiment: settings of crops and joints.
    num_clips: number of clips; 0: all.
  Returns:
    Results by the title of the form; those of the network at "".
  """
  labels = read_labels(builder, split)
  count = min(num_clips or len(labels), len(labels))
  models = {"": network, **{form.title: form.model for form in forms}}
  results = {title: FormResult(experiment.skeleton) for title in models}
  clips = read_clips(builder, split, network.image_size, experiment)
  for _, clip in tqdm(zip(range(count), clips), total=count, unit="clip", desc="verify"):
    expected = _unroll(network, clip["frames"])
    for title, model in models.items():
      maps = expected if model is network else _unroll(model, clip["frames"])
      result, difference = results[title], np.abs(maps - expected)
      predictions = _decode(maps, clip, network.stride, experiment.skeleton)
      result.pairs.append((labels[clip["clip"]], predictions))
      result.drift.append(difference.mean(axis=(1, 2, 3)))
      result.largest = max(result.largest, float(difference.max()))
  return results


def _unroll(model: PoseModel, frames: np.ndarray) -> np.ndarray:
  """Returns final heatmaps [T, h, w, K] along a clip."""
  return np.stack(list(unroll(model, frames))[1:])


def _decode(
  maps: np.ndarray, clip: Dict[str, Any], stride: int, skeleton: Skeleton
) -> ClipPredictions:
  """Decodes joints from heatmaps, in frame pixels."""
  keypoints, confidences = multi_scale.read(
    tf.constant(maps[None]), tf.constant(clip["affines"][None]), stride, clip["image_size"], "dark"
  )
  return ClipPredictions(clip["clip"], skeleton.joint_names, keypoints.numpy(), confidences.numpy())
