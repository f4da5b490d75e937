"""People drawn as discs, for tests with several moving people.

A white disc of radius r is a person whose joints have a fixed shape, 8 r high, around its center.
`DiscEye` replaces a network and finds the disc nearest to the center of its crop.
"""

import cv2
import numpy as np

from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.keypoints.skeletons import PENN_ACTION

# Joints of a standing person in the order of PENN_ACTION, in radii from the center of the disc.
SHAPE = np.array(
  [
    (0, -4),
    (-1, -2.75), (1, -2.75),
    (-1.75, -1.25), (1.75, -1.25),
    (-2, 0.25), (2, 0.25),
    (-0.6, 0.25), (0.6, 0.25),
    (-0.9, 2.1), (0.9, 2.1),
    (-1.1, 4), (1.1, 4),
  ]
)  # fmt: skip


def paint(people, size=(300, 480), background=20):
  """Returns a frame [H, W, 3] uint8 with a disc for each (x, y, radius)."""
  frame = np.full((*size, 3), background, np.uint8)
  for x, y, radius in people:
    center = (round(16 * x), round(16 * y))
    cv2.circle(frame, center, round(16 * radius), (255, 255, 255), cv2.FILLED, cv2.LINE_AA, 4)
  return frame


def gaussian(x, y, num_cells=48, stride=4, sigma=8.0):
  """Returns [num_cells, num_cells] with a peak of 1 at (x, y) in crop pixels."""
  # Cell 0 of stride 4 covers pixels 0..3, so its center is at 1.5.
  cells = np.arange(num_cells) * stride + (stride - 1) / 2
  columns, rows = (np.exp(-((cells - center) ** 2) / (2 * sigma**2)) for center in (x, y))
  return np.outer(rows, columns)


def joints(person):
  """Returns the joints [13, 2] of a disc (x, y, radius)."""
  return np.asarray(person[:2]) + SHAPE * person[2]


class DiscEye(PoseModel):
  """Finds the joints of the disc nearest to the center of the crop; counts its calls."""

  image_size, heatmap_size, num_joints = (192, 192), (48, 48), 13
  skeleton, margin = PENN_ACTION, 1.25

  def __init__(self, peak=0.9):
    self.peak, self.starts, self.steps = peak, 0, 0

  def start(self, frame):
    self.starts += 1
    return self._look(frame)

  def step(self, frame, previous):
    self.steps += 1
    return self._look(frame)

  def _look(self, crop):
    mask = (crop.max(axis=-1) > 130).astype(np.uint8)
    count, _, stats, centers = cv2.connectedComponentsWithStats(mask)
    labels = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= 12]
    maps = np.zeros((48, 48, 13), np.float32)
    if labels:
      k = min(labels, key=lambda label: np.linalg.norm(centers[label] - 95.5))
      radius = np.sqrt(stats[k, cv2.CC_STAT_AREA] / np.pi)
      for joint, (x, y) in enumerate(centers[k] + SHAPE * radius):
        maps[..., joint] = self.peak * gaussian(x, y)
    return maps
