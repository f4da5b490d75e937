"""Tests of heatmaps: Gaussian values computed by hand, and decoders on drawn joints."""

from typing import Tuple

import numpy as np
import pytest
import scipy.ndimage

from ppn_tf.keypoints import heatmaps


def test_encode_by_hand():
  # At stride 4, cell (0, 0) is centred at pixel 1.5. The keypoints are at cells (x, y) =
  # (3, 1) and (3.5, 2.25).
  maps = heatmaps.encode([[13.5, 5.5], [15.5, 10.5]], (8, 6), 4, sigma=2.0).numpy()
  assert maps.shape == (8, 6, 2)
  assert maps[1, 3, 0] == pytest.approx(1.0)
  assert maps[1, 4, 0] == pytest.approx(0.8824969)  # exp(-1 / 8)
  assert maps[2, 2, 0] == pytest.approx(0.7788008)  # exp(-2 / 8)
  assert maps[5, 3, 0] == pytest.approx(0.1353353)  # exp(-16 / 8)
  assert maps[2, 3, 1] == pytest.approx(0.9616906)  # exp(-(0.5^2 + 0.25^2) / 8)
  # Half the standard deviation: the exponent is four times as large.
  narrow = heatmaps.encode([[13.5, 5.5]], (8, 6), 4, sigma=1.0).numpy()
  assert narrow[1, 4, 0] == pytest.approx(0.6065307)  # exp(-1 / 2)


def joints(count: int, margin: float, size: int = 128) -> np.ndarray:
  """Returns random keypoints [4, count, 2] at least `margin` pixels inside a crop."""
  return np.random.default_rng(1).uniform(margin, size - 1 - margin, (4, count, 2))


@pytest.mark.parametrize("stride", [4, 8])
@pytest.mark.parametrize(
  ("method", "tolerance"),
  # The quarter decoder errs by at most half a cell minus its step, 0.25 cells.
  [("dark", 0.02), ("quarter", lambda stride: stride / 4), ("argmax", lambda stride: stride / 2)],
)
def test_decode_inverts_encode(method, tolerance, stride):
  # The distance from the border covers the blur radius and the neighbours of the Taylor step.
  drawn = joints(13, 5 * stride)
  maps = heatmaps.encode(drawn, (128 // stride, 128 // stride), stride)
  keypoints, scores = heatmaps.decode(maps, stride, method)
  limit = tolerance(stride) if callable(tolerance) else tolerance
  assert keypoints.shape == (4, 13, 2) and scores.shape == (4, 13)
  assert np.abs(keypoints - drawn).max() <= limit + 1e-4
  assert scores.numpy().min() > 0.9


@pytest.mark.parametrize("method", heatmaps.DECODERS)
def test_peaks_on_the_border_stay_on_the_border(method):
  # Joints beyond a corner and two edges of a crop of 32 x 48 pixels.
  drawn = [[-3.0, -3.0], [52.0, 12.0], [20.0, 40.0]]
  keypoints, _ = heatmaps.decode(heatmaps.encode(drawn, (8, 12), 4), 4, method)
  # The nearest cells are (0, 0), (11, y) and (x, 7).
  np.testing.assert_allclose(keypoints[0], [1.5, 1.5])
  assert keypoints[1, 0] == 45.5 and keypoints[2, 1] == 29.5
  assert np.abs(keypoints[1, 1] - 12) <= 2 and np.abs(keypoints[2, 0] - 20) <= 2


@pytest.mark.parametrize("method", heatmaps.DECODERS)
def test_maps_without_a_peak_give_finite_positions(method):
  maps = np.stack([np.zeros((8, 8)), -np.ones((8, 8)), np.full((8, 8), 0.3)], -1)
  keypoints, scores = heatmaps.decode(maps, 4, method)
  assert np.isfinite(keypoints).all()
  np.testing.assert_allclose(scores, [0, -1, 0.3], rtol=1e-6)


def test_unknown_method():
  with pytest.raises(ValueError, match="Received: 'darker'"):
    heatmaps.decode(np.zeros((8, 8, 1)), 4, "darker")


def dark(heatmap: np.ndarray, blur_sigma: float) -> Tuple[np.ndarray, bool]:
  """Returns (x, y) in cells by DARK's Eqs. 6-9, and whether the peak is a proper maximum.

  Zhang et al., CVPR 2020: smooth the map (Eq. 9), take its logarithm, and step
  from the highest cell m to mu = m - D''(m)^-1 D'(m) (Eq. 8).
  """
  y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
  smooth = scipy.ndimage.gaussian_filter(heatmap, blur_sigma, mode="constant", truncate=3.0)
  d = np.log(np.maximum(smooth, 1e-10))
  if not (0 < y < heatmap.shape[0] - 1 and 0 < x < heatmap.shape[1] - 1):
    return np.array([x, y], np.float64), False
  gradient = np.array([d[y, x + 1] - d[y, x - 1], d[y + 1, x] - d[y - 1, x]]) / 2
  mixed = (d[y + 1, x + 1] - d[y + 1, x - 1] - d[y - 1, x + 1] + d[y - 1, x - 1]) / 4
  hessian = np.array(
    [
      [d[y, x + 1] - 2 * d[y, x] + d[y, x - 1], mixed],
      [mixed, d[y + 1, x] - 2 * d[y, x] + d[y - 1, x]],
    ]
  )
  step = -np.linalg.solve(hessian, gradient)
  proper = bool((np.linalg.eigvalsh(hessian) < -1e-4).all() and np.abs(step).max() < 1)
  return np.array([x, y]) + step, proper


def test_dark_follows_the_paper_on_noisy_maps():
  rng = np.random.default_rng(2)
  maps = heatmaps.encode(joints(13, 20), (32, 32), 4).numpy()[0]
  maps = (maps + rng.normal(0, 0.05, maps.shape)).astype(np.float32)
  keypoints, _ = heatmaps.decode(maps, 4, "dark")
  compared = 0
  for k in range(13):
    cells, proper = dark(maps[..., k].astype(np.float64), 1.0)
    if proper:
      np.testing.assert_allclose(keypoints[k], 4 * cells + 1.5, atol=2e-3)
      compared += 1
  assert compared >= 10
