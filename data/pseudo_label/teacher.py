"""What pose networks of other projects see in a frame: joints that may serve as labels."""

import dataclasses
from typing import Optional, Tuple

import numpy as np

from ppn_tf.evaluation.third_party import ThirdPartyNetwork
from ppn_tf.keypoints import crops, joint_maps
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.tracking import boxes

import tensorflow as tf

from ..clips.skeleton import mirrored_name

MARGIN = 1.25
# Looks at a frame until the crop fits the person.
REFINEMENTS = 2
# A mean score above it ends the search for a person.
CONTENT = 0.4

# Zoom, rotation in degrees, mirrored: how a teacher looks at the person, the first so many.
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
  """One frame's labels.

  Attributes:
    keypoints: [J, 2] float32, (x, y) in frame pixels.
    scores: [J] float32, 0..1.
    kept: [J] bool: confident, and agreed on.
    box: [4] float32, (x1, y1, x2, y2), about the joints that are likely there.
  """

  keypoints: np.ndarray
  scores: np.ndarray
  kept: np.ndarray
  box: np.ndarray


class Teacher:
  """One network, or two that must agree.

  Attributes:
    joint_names: the first network's J joints.
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
      network: whose joints are the labels'.
      second: another one. A joint that it has too, by name or by the rules of
        `joint_maps`, is the mean of both, and kept where they agree.
      views: how many of VIEWS the networks see. Their median is the answer, and
        a joint is kept where half of them agree with it.
      min_score: the first network's score below which a joint is no label.
      agreement: distance in parts of the box's longer side up to which places agree.
    """
    self._networks = [network] if second is None else [network, second]
    self._views = VIEWS[:views]
    self._min_score, self._agreement = min_score, agreement
    self.joint_names = network.joint_names

  def find(self, frame: np.ndarray) -> Optional[np.ndarray]:
    """The box [4] of the most conspicuous person of a frame [H, W, 3] uint8; None without one."""
    best_score, best = 0.0, None
    for box in boxes.search_boxes(frame, MARGIN):
      keypoints, scores = self._look(self._networks[0], frame, box, VIEWS[:1])
      if scores.mean() > best_score:
        best_score, best = float(scores.mean()), self._person_box(frame, keypoints[0], scores[0])
      if best_score > CONTENT:
        break
    for _ in range(REFINEMENTS):
      if best is None:
        return None
      keypoints, scores = self._look(self._networks[0], frame, best, VIEWS[:1])
      best = self._person_box(frame, keypoints[0], scores[0])
    return best

  def label(self, frame: np.ndarray, box: np.ndarray) -> Optional[Labels]:
    """Labels of the person in a box of a frame [H, W, 3] uint8; None if nobody is there."""
    places, scores = self._look(self._networks[0], frame, box, self._views)
    score: np.ndarray = np.median(scores, axis=0)
    keypoints, kept = self._consensus(places, box)
    kept &= score >= self._min_score
    for network in self._networks[1:]:
      others, _ = self._look(network, frame, box, self._views)
      theirs, agreed = self._consensus(others, box)
      known = np.isfinite(theirs).all(axis=-1)
      near = self._distance(keypoints, theirs, box) <= self._agreement
      keypoints = np.where((known & near)[:, None], (keypoints + theirs) / 2, keypoints)
      kept &= ~known | (near & agreed)
    person = self._person_box(frame, keypoints, score)
    return None if person is None else Labels(keypoints, score, kept, person)

  def _look(
    self, network: ThirdPartyNetwork, frame: np.ndarray, box: np.ndarray, views: Tuple
  ) -> Tuple[np.ndarray, np.ndarray]:
    """[V, J, 2] keypoints in frame pixels and [V, J] scores; NaN for joints that it lacks."""
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
    shown = crops.crop_frames(images, affines, network.image_size).numpy()
    found = np.stack([network(*pair) for pair in zip(shown, affines.numpy())])
    # A mirrored person's right is a left to the network.
    names = list(network.joint_names)
    mirrored = [names.index(mirrored_name(name)) for name in names]
    found = np.where(flips[:, None, None], found[:, mirrored], found)
    keypoints = crops.transform_points(crops.invert_affine(affines), found[..., :2]).numpy()
    predictions = ClipPredictions("", network.joint_names, keypoints, found[..., 2])
    seen = joint_maps.to_joints(predictions, self.joint_names)
    return seen.keypoints, seen.scores

  def _consensus(self, places: np.ndarray, box: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The median [J, 2] of places [V, J, 2], and whether half of them are near it, [J]."""
    middle: np.ndarray = np.median(places, axis=0).astype(np.float32)
    near = self._distance(places, middle, box) <= self._agreement
    return middle, 2 * near.sum(axis=0) >= len(places)

  def _distance(self, one: np.ndarray, other: np.ndarray, box: np.ndarray) -> np.ndarray:
    return np.linalg.norm(one - other, axis=-1) / max(float(np.max(box[2:] - box[:2])), 1.0)

  def _person_box(
    self, frame: np.ndarray, keypoints: np.ndarray, scores: np.ndarray
  ) -> Optional[np.ndarray]:
    likely = scores >= self._min_score / 2
    if likely.sum() < 3:
      return None
    box = crops.joints_to_box(keypoints, likely, frame.shape[:2]).numpy()
    return box if boxes.has_area(box) else None
