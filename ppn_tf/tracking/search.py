"""Search for a person in a frame, by HeadNet alone."""

from typing import Optional, Tuple

import numpy as np

from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.inference.recurrence import Recurrence
from ppn_tf.keypoints import frame_crops
from ppn_tf.tracking import boxes, presence
from ppn_tf.tracking.settings import TrackerSettings

# Side of the crop about a part of a person over that of HeadNet's crop about the same box.
PART_GROWTH = 1.1


class PersonSearch:
  """Looks for a person in crops of a frame.

  Attributes: the arguments of the constructor.
  """

  def __init__(self, model: PoseModel, settings: TrackerSettings):
    self.model, self.settings = model, settings
    self._recurrence = Recurrence(model, decoder=settings.decoder)

  def crop(self, frame: np.ndarray, box: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Crops a frame about a box.

    Args:
      frame: [H, W, 3] uint8 RGB.
      box: [4], (x1, y1, x2, y2) in frame pixels.
    Returns:
      crop [h, w, 3] float32 of the model's image size, and the affine [2, 3] from frame to crop
      pixels.
    """
    return _crop(frame, box, self.settings.margin, self.model.image_size)

  def crop_for_start(self, frame: np.ndarray, box: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Crops a frame about a box as `crop` does, for HeadNet."""
    return _crop(frame, box, self.settings.look_margin, self.model.start_size)

  @property
  def has_equal_crops(self) -> bool:
    """Returns whether HeadNet takes the same crops as the following steps."""
    sizes = self.model.start_size, self.model.image_size
    return sizes[0] == sizes[1] and self.settings.look_margin == self.settings.margin

  def look(self, frame: np.ndarray, box: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Finds joints in the crop about a box [4] of a frame [H, W, 3] uint8 RGB.

    Returns:
      keypoints [K, 2] float32, (x, y) in frame pixels, and scores [K], 0..1.
    """
    keypoints, scores = self._recurrence.look(*self.crop_for_start(frame, box))
    return keypoints, np.clip(scores, 0.0, 1.0)

  def refine(
    self, frame: np.ndarray, box: np.ndarray, evidence: float = -np.inf
  ) -> Tuple[np.ndarray, float]:
    """Looks `settings.refinements` times, each time about the pose of the last look.

    Where that loses a person found before, the last box in which somebody was found remains.

    Args:
      frame: [H, W, 3] uint8 RGB.
      box: [4], the box of the first look.
      evidence: evidence of an earlier look at that box, returned without refinements.
    Returns:
      a box [4] about the person, and the evidence of the last look that counts.
    """
    looked_at = box
    for _ in range(self.settings.refinements):
      keypoints, scores = self.look(frame, box)
      latest = self.evidence(scores)
      if latest < 0 <= evidence:
        return looked_at, evidence
      looked_at, evidence = box, latest
      refined = self.joints_box(keypoints, scores, frame)
      if refined is None:
        break
      box = refined
    return box, evidence

  def find(self, frame: np.ndarray) -> Tuple[np.ndarray, float]:
    """Searches the whole frame.

    Args:
      frame: [H, W, 3] uint8 RGB.
    Returns:
      the box [4] of the look that shows most of a person, by its mean score, refined, and its
      evidence.
    """
    looks = [
      (box, self.look(frame, box)[1])
      for box in boxes.search_boxes(frame, self.settings.look_margin)
    ]
    box, scores = max(looks, key=lambda look: look[1].mean())
    return self.refine(frame, box, self.evidence(scores))

  def evidence(self, scores: np.ndarray, whole_score: Optional[float] = None) -> float:
    """Returns the evidence for a person, at least 0 if one counts as found; see `presence`.

    Args:
      scores: [K].
      whole_score: mean score of a whole person; by default `settings.lowest_confidence`.
    """
    if whole_score is None:
      whole_score = self.settings.lowest_confidence
    settings = self.settings
    return presence.evidence(scores, whole_score, settings.part_score, settings.min_score)

  def joints_box(
    self, keypoints: np.ndarray, scores: np.ndarray, frame: np.ndarray
  ) -> Optional[np.ndarray]:
    """Returns the box [4] about the confident joints of a frame.

    Args:
      keypoints: [K, 2], (x, y) in frame pixels.
      scores: [K].
      frame: [H, W, 3], whose borders limit the box.
    Returns:
      None with too few joints, or all of them in one place.
    """
    confident = scores >= self.settings.min_score
    if not confident.any() or confident.sum() < self.settings.min_joints:
      return None
    box = frame_crops.joints_box(keypoints, confident, (frame.shape[0], frame.shape[1]))
    return box if max(box[2:] - box[:2]) >= boxes.MIN_SIDE else None

  def box_to_follow(
    self, keypoints: np.ndarray, scores: np.ndarray, frame: np.ndarray
  ) -> Optional[np.ndarray]:
    """Returns the box [4] about which the next frame is cropped; see `joints_box`.

    A person who is not seen as a whole is larger than the box about the joints. If crops are
    narrower than HeadNet's, the box then grows to PART_GROWTH times HeadNet's crop.
    """
    box = self.joints_box(keypoints, scores, frame)
    ratio = self.settings.look_margin / self.settings.margin
    if box is None or ratio <= 1 or scores.mean() >= self.settings.lowest_confidence:
      return box
    center, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    half *= PART_GROWTH * ratio
    return np.concatenate([center - half, center + half])


def _crop(
  frame: np.ndarray, box: np.ndarray, margin: float, size: Tuple[int, int]
) -> Tuple[np.ndarray, np.ndarray]:
  """Returns the crop [h, w, 3] float32 about a box, and its affine [2, 3]."""
  affine = frame_crops.crop_affine(box, margin, size)
  return frame_crops.crop_frame(frame, affine, size), affine
