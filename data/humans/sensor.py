"""Exposure, color, focus, noise and compression of a clip's camera."""

from typing import NamedTuple, Optional

import cv2
import numpy as np

from .colors import GAMMA

_LEVELS = 4096
_BANK_MARGIN = 32


class Grade(NamedTuple):
  """Properties of a camera.

  Attributes:
    exposure: brightness 0..1 of the people's mean, with gamma.
    balance: [3], gains of red, green and blue.
    contrast: slope of the brightness, 1 for none.
    focus: standard deviation of the blur in pixels.
    noise: standard deviation of the noise, 0..1.
    coarse: share of the noise with a grain of several pixels.
    quality: of JPEG.
  """

  exposure: float
  balance: np.ndarray
  contrast: float
  focus: float
  noise: float
  coarse: float
  quality: int


def sample_grade(rng: np.random.Generator) -> Grade:
  """Draws a camera; an eighth of them work in low light, with noise."""
  dim = rng.random() < 0.12
  bright = not dim and rng.random() < 0.06
  low, high = (0.16, 0.28) if dim else (0.65, 0.85) if bright else (0.32, 0.62)
  return Grade(
    exposure=rng.uniform(low, high),
    balance=np.exp(rng.normal(0, 0.06, 3)),
    contrast=rng.uniform(0.8, 1.15),
    focus=max(0.0, rng.normal(0.1, 0.5)),
    noise=rng.uniform(0.015, 0.045) if dim else abs(rng.normal(0, 0.015)) + 0.002,
    coarse=rng.uniform(0.2, 0.7) if dim else 0.0,
    quality=int(rng.uniform(35, 95)) if rng.random() < 0.6 else 95,
  )


class Sensor:
  """Turns linear light into encoded frames; the first frame sets the exposure."""

  def __init__(self, rng: np.random.Generator, size: int):
    """Draws a camera for frames of size x size pixels."""
    self._rng, self._grade = rng, sample_grade(rng)
    side = size + _BANK_MARGIN
    fine = rng.standard_normal((side, side, 3), np.float32)
    if self._grade.coarse:
      coarse = cv2.GaussianBlur(fine, (0, 0), 1.2) * 4
      fine = (1 - self._grade.coarse) * fine + self._grade.coarse * coarse
    self._noise = (255 * self._grade.noise * fine).round().clip(-127, 127).astype(np.int8)
    levels = (np.arange(_LEVELS) / (_LEVELS - 1)) ** (1 / GAMMA)
    levels = (levels - 0.5) * self._grade.contrast + 0.5
    self._curve = (255 * levels).round().clip(0, 255).astype(np.uint8)
    self._gain: Optional[np.ndarray] = None

  def expose(self, picture: np.ndarray, coverage: np.ndarray) -> bytes:
    """Encodes a frame.

    Args:
      picture: [size, size, 3] float32, linear RGB.
      coverage: [size, size] float32, share of people and things in each pixel.
    """
    if self._gain is None:
      share = float(coverage.sum())
      people = float((picture.mean(axis=-1) * coverage).sum()) / (share + 1)
      mean = 0.7 * people + 0.3 * float(picture.mean()) if share > 20 else float(picture.mean())
      gain = np.clip(self._grade.exposure**GAMMA / (mean + 1e-3), 0.05, 8)
      self._gain = (gain * (_LEVELS - 1) * self._grade.balance).astype(np.float32)
    scaled = (picture * self._gain).clip(0, _LEVELS - 1).astype(np.uint16)
    image = self._curve[scaled]
    if self._grade.focus > 0.3:
      image = cv2.GaussianBlur(image, (0, 0), self._grade.focus)
    row, column = self._rng.integers(0, _BANK_MARGIN, 2)
    size = image.shape[0]
    noise = self._noise[row : row + size, column : column + size]
    image = cv2.add(image, noise, dtype=cv2.CV_8U)
    options = [cv2.IMWRITE_JPEG_QUALITY, self._grade.quality]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return encoded.tobytes()
