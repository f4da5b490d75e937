"""Joints' places by the present frame alone, at the peaks that a PPN's answer chose.

A PPN's answer h_t = B_t + P_t is the sum of what BodyNet sees in frame t and of what was
propagated. It tells well which of several peaks is the person's joint. Where that
joint is now it tells late: a peak that has moved by more than its width since frame
t - 1 has two peaks in the sum, of which the older is often the higher.
"""

from typing import Optional, Tuple

import numpy as np

from ppn_tf.keypoints import dark, frame_crops

# BodyNet's maps count in full up to so many cells from the answer's peak, to either side and above
# and below, and fall to nothing at twice that; on the way a broad peak is drawn to the answer's.
REACH = 2.0
# Of a peak that is so high BodyNet is sure; below it, the answer counts in part.
_SURE = 0.2
# What the present frame counts for in a place's running mean: so much while the joint rests, and
# all where it is so many cells away from there.
_RESTING, _GONE = 0.4, 3.0


class PresentPlaces:
  """One person's joints, frame after frame.

  With p_t the places of the answer's peaks, q_t those of BodyNet's peaks near them, c_t =
  min(1, height / 0.2) of the latter, all in frame pixels, and d_t the distance in cells:

    x_t = p_t + c_t (q_t - p_t),  d_t = |x_t - y_(t-1)|,
    y_t = y_(t-1) + (0.4 + 0.6 min(1, d_t / 3)) (x_t - y_(t-1)),  y_0 = x_1

  What rests is averaged and what moves is not, as by a One-Euro filter (Casiez et al., CHI 2012),
  but by the distance itself and not by an estimate of the speed.
  """

  def __init__(self) -> None:
    """Begins with a clip."""
    self._places: Optional[np.ndarray] = None

  def read(
    self, answer: np.ndarray, preliminary: np.ndarray, affine: np.ndarray, stride: int
  ) -> Tuple[np.ndarray, np.ndarray]:
    """The joints in the next frame.

    Args:
      answer: h_t, [h, w, K] float32.
      preliminary: B_t, [h, w, K] float32.
      affine: [2, 3], from frame to crop pixels.
      stride: S, crop pixels per cell.
    Returns:
      keypoints [K, 2] in frame pixels, and scores [K], the answer's highest values.
    """
    chosen, scores = dark.decode(answer, stride)
    near, heights = dark.decode(preliminary * _windows(chosen, answer.shape, stride), stride)
    sure = np.clip(heights / _SURE, 0.0, 1.0)[:, None]
    now = frame_crops.to_frame(affine, chosen + sure * (near - chosen))
    before = now if self._places is None else self._places
    cell = stride / np.sqrt(abs(np.linalg.det(affine[:, :2])))
    away = np.linalg.norm(now - before, axis=1, keepdims=True) / cell
    share = _RESTING + (1 - _RESTING) * np.minimum(1, away / _GONE)
    self._places = before + share * (now - before)
    return self._places, scores


def _windows(places: np.ndarray, shape: Tuple[int, ...], stride: int) -> np.ndarray:
  """[h, w, K], about places [K, 2] in crop pixels."""
  cells = (places - (stride - 1) / 2) / stride
  columns, rows = (
    np.clip(2.0 - np.abs(np.arange(length)[:, None] - about) / REACH, 0.0, 1.0)
    for length, about in zip((shape[1], shape[0]), cells.T)
  )
  return (rows[:, None] * columns).astype(np.float32)
