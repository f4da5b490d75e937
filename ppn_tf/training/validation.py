"""Scores of a network during training, on a validation split."""

from ppn_tf.clips import pipeline
from ppn_tf.clips.labels import read_labels
from ppn_tf.evaluation import scores
from ppn_tf.evaluation.evaluator import Evaluator
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.models.ppn import Framewise

import tensorflow_datasets as tfds


class Validation:
  """Computes PCK-torso of a model on a split with its current weights.

  It uses one crop per frame, decoded by DARK, because that is fast; `ppn_tf.evaluate` uses the
  scales of the paper.

  Attributes:
    split: name of the split.
  """

  def __init__(
    self,
    model: Framewise,
    builder: tfds.core.DatasetBuilder,
    split: str,
    skeleton: Skeleton,
    *,
    num_frames: int,
    box_margin: float = 1.25,
    steady_crops: bool = False,
    alpha: float = 0.2,
  ):
    """Reads the labels of the split.

    Args:
      model: the network.
      builder: records of one data set.
      split: name of the split to score.
      skeleton: their joints.
      num_frames: T of the windows.
      box_margin: side of the crops over the longer side of the box.
      steady_crops: see `pipeline.evaluation_windows`.
      alpha: PCK's threshold.
    """
    self.split = split
    self._labels = read_labels(builder, split)
    self._skeleton, self._alpha = skeleton, alpha
    self._evaluator = Evaluator(model, skeleton, decoder="dark")
    self._windows = pipeline.evaluation_windows(
      builder,
      split,
      num_frames=num_frames,
      image_size=model.image_size,
      box_margin=box_margin,
      steady_crops=steady_crops,
    ).prefetch(2)

  def __call__(self) -> float:
    """Returns PCK-torso in percent of all visible joints."""
    pairs = [(self._labels[clip.clip], clip) for clip in self._evaluator(self._windows)]
    return scores.score(pairs, self._skeleton, self._alpha)["pck_torso"]["micro"]
