"""Checks of joints: finite coordinates inside the frame."""

from typing import List, Tuple

import numpy as np

from .account import Repair


def clean_joints(
  keypoints: np.ndarray, visibility: np.ndarray, size: Tuple[int, int]
) -> Tuple[np.ndarray, np.ndarray, List[Repair]]:
  """Makes joints invisible that are not finite or lie outside the frame.

  Args:
    keypoints: [N, K, 2].
    visibility: [N, K] bool, from the labels.
    size: (height, width) of the frames.
  Returns:
    Keypoints [N, K, 2] float32 without NaN, visibility [N, K] bool, and the repairs:
    joints_not_a_number, which move to (0, 0), and joints_outside.
  """
  repairs = []
  known = np.isfinite(keypoints).all(axis=-1)
  lost = int((visibility & ~known).sum())
  if lost:
    repairs.append(Repair("joints_not_a_number", f"{lost} joints made invisible", lost))
  keypoints = np.where(known[..., None], keypoints, 0.0)
  # A pixel's square ends half a pixel beyond its center.
  limit = np.array([size[1], size[0]]) - 0.5
  inside = ((keypoints >= -0.5) & (keypoints < limit)).all(axis=-1)
  outside = int((visibility & known & ~inside).sum())
  if outside:
    repairs.append(Repair("joints_outside", f"{outside} joints made invisible", outside))
  return keypoints.astype(np.float32), visibility & known & inside, repairs
