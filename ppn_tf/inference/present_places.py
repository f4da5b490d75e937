"""Joint positions from the current frame, near the peaks of the final heatmaps of a PPN.

Final heatmaps h_t = B_t + P_t are the sum of preliminary heatmaps, from frame t alone, and of
propagated ones. They tell reliably which of several peaks is the joint of the person, but they
lag: a joint that has moved by more than the width of its peak since frame t - 1 has two peaks
in the sum, and the older peak is often higher.
"""

from typing import Optional, Tuple

import numpy as np

from ppn_tf.inference.frame_times import PERIOD, newest_share
from ppn_tf.keypoints import dark, frame_crops

# Cells from the final peak, along each axis, up to which preliminary heatmaps have weight 1. The
# weight falls to 0 at twice that distance, which draws a broad peak towards the final one.
REACH = 2.0
# Height of a preliminary peak from which its position replaces that of the final peak.
_CONFIDENT = 0.2
# Seconds by which the running mean of a slow joint lags behind it, and the distance in cells from
# which the mean is the current place.
_LAG, _MOVED = 0.05, 1.5


class PresentPlaces:
  """Joint positions of one person, frame by frame.

  With p_t the final peaks and q_t the preliminary peaks near them, both in frame pixels, c_t =
  min(1, height of q_t / 0.2), d_t a distance in cells, and T the seconds since frame t - 1:

    x_t = p_t + c_t (q_t - p_t),  d_t = |x_t - y_(t-1)|,  a = T / (T + 0.05),
    y_t = y_(t-1) + (a + (1 - a) min(1, d_t / 1.5)) (x_t - y_(t-1)),  y_0 = x_1

  At 30 frames per second, a = 0.4. Joints at rest are averaged and moving joints are not, as in a
  One-Euro filter (Casiez et al., CHI 2012), but depending on the distance instead of an estimated
  speed.
  """

  def __init__(self) -> None:
    """Starts a clip."""
    self._places: Optional[np.ndarray] = None

  def read(
    self,
    final: np.ndarray,
    preliminary: np.ndarray,
    affine: np.ndarray,
    stride: int,
    period: float = PERIOD,
  ) -> Tuple[np.ndarray, np.ndarray]:
    """Reads the joints in the next frame.

    Args:
      final: h_t, [h, w, K] float32.
      preliminary: B_t, [h, w, K] float32.
      affine: [2, 3], from frame to crop pixels.
      stride: S, crop pixels per cell.
      period: T, seconds since the preceding frame.
    Returns:
      keypoints [K, 2] in frame pixels, and scores [K], the highest values of h_t.
    """
    peaks, scores = dark.decode(final, stride)
    near, heights = dark.decode(preliminary * _windows(peaks, final.shape, stride), stride)
    confidences = np.clip(heights / _CONFIDENT, 0.0, 1.0)[:, None]
    current = frame_crops.to_frame(affine, peaks + confidences * (near - peaks))
    previous = current if self._places is None else self._places
    cell = stride / np.sqrt(abs(np.linalg.det(affine[:, :2])))
    distances = np.linalg.norm(current - previous, axis=1, keepdims=True) / cell
    resting = newest_share(period, _LAG)
    share = resting + (1 - resting) * np.minimum(1, distances / _MOVED)
    self._places = previous + share * (current - previous)
    return self._places.copy(), scores


def _windows(places: np.ndarray, shape: Tuple[int, ...], stride: int) -> np.ndarray:
  """Returns weights [h, w, K] about places [K, 2] in crop pixels."""
  cells = (places - (stride - 1) / 2) / stride
  columns, rows = (
    np.clip(2.0 - np.abs(np.arange(length)[:, None] - center) / REACH, 0.0, 1.0)
    for length, center in zip((shape[1], shape[0]), cells.T)
  )
  return (rows[:, None] * columns).astype(np.float32)
