"""Labels from third-party pose networks."""

import dataclasses
from typing import Optional, Tuple

import numpy as np

from ppn_tf.evaluation.third_party import ThirdPartyNetwork
from ppn_tf.keypoints import crops, joint_maps
from ppn_tf.keypoints.joint_names import flip_order
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.tracking import boxes

import tensorflow as tf

MARGIN = 1.25
# Times that the crop is fitted to the person.
REFINEMENTS = 2
# A higher mean score ends the search for a person.
SUFFICIENT_SCORE = 0.4

# (zoom, rotation in degrees, whether mirrored) of up to six views of the person.
VIEWS: Tuple[Tuple[float, float, bool], ...] = (
  (1.0, 0.0, False),
  (1.0, 0.0, True),
  (0.85, 12.0, False),
  (0.85, -12.0, True),
  (1.1, -8.0, False),
  (1.1, 8.0, True),
)


@dataclasses.dataclass(frozen=True)
class Labels:
  """Labels of a frame.

  Attributes:
    keypoints: [J, 2] float32, (x, y) in frame pixels.
    scores: [J] float32, 0..1.
    kept: [J] bool, True for confident joints on which views and teachers agree.
    box: [4] float32, (x1, y1, x2, y2), box of the likely joints.
  """

  keypoints: np.ndarray
  scores: np.ndarray
  kept: np.ndarray
  box: np.ndarray


class Teacher:
  """One network, or two that must agree.

  Attributes:
    joint_names: names of the first network's J joints.
  """

  def __init__(
    self,
    network: ThirdPartyNetwork,
    second: Optional[ThirdPartyNetwork] = None,
    views: int = 1,
    min_score: float = 0.3,
    agreement: float = 0.05,
  ):
    """Creates a teacher.

    Args:
      network: network that defines the joints.
      second: second network. A joint that it also has, by name or by the rules of `joint_maps`,
        becomes the mean of both, and is kept if they agree.
      views: number of VIEWS. The label is their median, and is kept if half of them agree with it.
      min_score: minimum score of the first network for a label.
      agreement: maximum distance of positions that agree, relative to the box's longer side.
    """
    self._networks = [network] if second is None else [network, second]
    self._views = VIEWS[:views]
    self._min_score, self._agreement = min_score, agreement
    self.joint_names = network.joint_names

  def find(self, frame: np.ndarray) -> Optional[np.ndarray]:
    """Returns the box [4] of the most confident person in a frame [H, W, 3] uint8, or None."""
    best_score, best = 0.0, None
    for box in boxes.search_boxes(frame, MARGIN):
      keypoints, scores = self._predict(self._networks[0], frame, box, VIEWS[:1])
      if scores.mean() > best_score:
        best_score, best = float(scores.mean()), self._person_box(frame, keypoints[0], scores[0])
      if best_score > SUFFICIENT_SCORE:
        break
    for _ in range(REFINEMENTS):
      if best is None:
        return None
      keypoints, scores = self._predict(self._networks[0], frame, best, VIEWS[:1])
      best = self._person_box(frame, keypoints[0], scores[0])
    return best

  def label(self, frame: np.ndarray, box: np.ndarray) -> Optional[Labels]:
    """Labels the person in a box [4] of a frame [H, W, 3] uint8; returns None without a person."""
    positions, scores = self._predict(self._networks[0], frame, box, self._views)
    score: np.ndarray = np.median(scores, axis=0)
    keypoints, kept = self._consensus(positions, box)
    kept &= score >= self._min_score
    for network in self._networks[1:]:
      second_positions, _ = self._predict(network, frame, box, self._views)
      second, agreed = self._consensus(second_positions, box)
      known = np.isfinite(second).all(axis=-1)
      near = self._distance(keypoints, second, box) <= self._agreement
      keypoints = np.where((known & near)[:, None], (keypoints + second) / 2, keypoints)
      kept &= ~known | (near & agreed)
    person = self._person_box(frame, keypoints, score)
    return None if person is None else Labels(keypoints, score, kept, person)

  def _predict(
    self, network: ThirdPartyNetwork, frame: np.ndarray, box: np.ndarray, views: Tuple
  ) -> Tuple[np.ndarray, np.ndarray]:
    """Returns [V, J, 2] keypoints in frame pixels and [V, J] scores; NaN for missing joints."""
    zooms, degrees, flips = (np.array(column) for column in zip(*views))
    center, side = crops.box_to_crop(tf.constant(box, tf.float32), MARGIN)
    affines = crops.crop_affine(
      tf.tile(center[None], [len(views), 1]),
      side / zooms.astype(np.float32),
      network.image_size,
      np.radians(degrees).astype(np.float32),
      flips,
    )
    images = tf.tile(tf.constant(frame)[None], [len(views), 1, 1, 1])
    images = crops.crop_frames(images, affines, network.image_size).numpy()
    outputs = np.stack([network(*pair) for pair in zip(images, affines.numpy())])
    # The network takes a mirrored person's right joints for left ones.
    mirrored = flip_order(network.joint_names)
    outputs = np.where(flips[:, None, None], outputs[:, mirrored], outputs)
    keypoints = crops.transform_points(crops.invert_affine(affines), outputs[..., :2]).numpy()
    predictions = ClipPredictions("", network.joint_names, keypoints, outputs[..., 2])
    mapped = joint_maps.to_joints(predictions, self.joint_names)
    return mapped.keypoints, mapped.scores

  def _consensus(self, positions: np.ndarray, box: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Returns the median [J, 2] of positions [V, J, 2], and [J] bool: half of them are near it."""
    median: np.ndarray = np.median(positions, axis=0).astype(np.float32)
    near = self._distance(positions, median, box) <= self._agreement
    return median, 2 * near.sum(axis=0) >= len(positions)

  def _distance(self, first: np.ndarray, second: np.ndarray, box: np.ndarray) -> np.ndarray:
    return np.linalg.norm(first - second, axis=-1) / max(float(np.max(box[2:] - box[:2])), 1.0)

  def _person_box(
    self, frame: np.ndarray, keypoints: np.ndarray, scores: np.ndarray
  ) -> Optional[np.ndarray]:
    likely = scores >= self._min_score / 2
    if likely.sum() < 3:
      return None
    box = crops.joints_to_box(keypoints, likely, frame.shape[:2]).numpy()
    return box if boxes.has_area(box) else None
