"""Pose network without weights, which every client can compute exactly."""

import itertools
from typing import Any, Dict, Optional, Tuple

import numpy as np

from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.keypoints.skeletons import PENN_ACTION

BACKGROUND = np.array([128, 128, 128], np.uint8)
_RADIUS = 127  # distance of the colors of joints from BACKGROUND
_REACH = 100.0  # distance of colors at which the value of a cell is 0
_NEWEST = 0.6  # share of a frame's own heatmaps in its final ones


def make_colors() -> np.ndarray:
  """Returns colors [13, 3] uint8, one for each joint of PENN_ACTION.

  They lie in as many directions from BACKGROUND, so that no color on the way from one of them to
  BACKGROUND is within reach of another one.
  """
  corners = [corner for corner in itertools.product((1, -1), repeat=3) if sum(corner) > -3]
  faces = [sign * face for face in np.eye(3) for sign in (1, -1)]
  directions = np.array([*corners, *faces])
  directions /= np.linalg.norm(directions, axis=1, keepdims=True)
  return np.rint(BACKGROUND + _RADIUS * directions).astype(np.uint8)


class ReferenceModel(PoseModel):
  """Finds joints by their colors.

  With m the mean color of the S x S pixels of a cell and c_k the color of joint k, heatmaps and
  final heatmaps are

    B(I) = max(0, 1 - |m - c_k| / 100),  start(I) = B(I),  step(I, h) = 0.6 B(I) + 0.4 h

  `start` may take other crops than `step`; its heatmaps have as many cells.
  """

  def __init__(
    self,
    size: Tuple[int, int] = (96, 96),
    heatmap_size: Tuple[int, int] = (24, 24),
    readout: str = "present",
    start_size: Optional[Tuple[int, int]] = None,
    start_margin: Optional[float] = None,
  ):
    """Creates a network.

    Args:
      size: (H, W) of the crops.
      heatmap_size: (h, w).
      readout: "present" if joints are also read from preliminary heatmaps B, else "answer".
      start_size: (H, W) of the crops for `start`; by default `size`.
      start_margin: margin of the crops for `start`; by default that for `step`.
    """
    self.image_size, self.heatmap_size = size, heatmap_size
    self.skeleton, self.num_joints = PENN_ACTION, PENN_ACTION.num_joints
    self.margin, self.start_margin, self._start_size = 1.25, start_margin, start_size
    self.readout = readout
    self._colors = make_colors()

  def describe(self) -> Dict[str, Any]:
    """Returns what clients require to compute this network."""
    return {
      "colors": self._colors.tolist(),
      "reach": _REACH,
      "newest": _NEWEST,
      "size": list(self.image_size),
      "margin": self.margin,
      "stride": self.stride,
      "start": {
        "size": list(self.start_size),
        "margin": self.start_margin or self.margin,
        "stride": self.start_stride,
      },
      "heatmap_size": list(self.heatmap_size),
      "readout": self.readout,
      "joint_names": list(PENN_ACTION.joint_names),
    }

  def start(self, frame: np.ndarray) -> np.ndarray:
    return self._find_colors(frame, self.start_stride)

  def step(self, frame: np.ndarray, previous: np.ndarray) -> np.ndarray:
    return self.final_and_preliminary(frame, previous)[0]

  def final_and_preliminary(
    self, frame: np.ndarray, previous: np.ndarray
  ) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    preliminary = self._find_colors(frame, self.stride)
    final = (_NEWEST * preliminary + (1 - _NEWEST) * previous).astype(np.float32)
    return final, preliminary if self.readout == "present" else None

  def _find_colors(self, frame: np.ndarray, stride: int) -> np.ndarray:
    """Returns B [h, w, K] float32 of a crop [H, W, 3] with S pixels per cell."""
    rows, columns = self.heatmap_size
    cells = np.asarray(frame, np.float64).reshape(rows, stride, columns, stride, 3)
    means = cells.mean(axis=(1, 3))[:, :, None]
    distances = np.linalg.norm(means - self._colors, axis=-1)
    return np.maximum(0, 1 - distances / _REACH).astype(np.float32)
