"""Tone mapping of HDR pictures (PQ and HLG, ITU-R BT.2100) to SDR (BT.1886, BT.709)."""

import functools

import numpy as np
from PIL import Image, ImageFilter

# AVColorTransferCharacteristic of FFmpeg.
_PQ, _HLG = 16, 18
_PEAK = 1000.0  # luminance of the brightest tone that is told apart, in cd/m^2
_WHITE = 203.0  # luminance of white paper in HDR, shown as white in SDR (ITU-R BT.2408)
_TABLE_SIZE = 65  # tones per channel, the most that Pillow takes
# Linear BT.2020 to linear BT.709 (ITU-R BT.2407, 2.2).
_TO_BT709 = np.array(
  [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)


def to_sdr(image: np.ndarray, transfer: int) -> np.ndarray:
  """Maps the tones and colors of an HDR picture to those of an SDR display.

  Args:
    image: [H, W, 3] uint8 R'G'B', in BT.2020 if it is HDR.
    transfer: AVColorTransferCharacteristic; other pictures than PQ and HLG return unchanged.
  Returns:
    [H, W, 3] uint8 R'G'B'.
  """
  if transfer not in (_PQ, _HLG):
    return image
  return np.asarray(Image.fromarray(image).filter(_table(transfer)))


@functools.cache
def _table(transfer: int) -> ImageFilter.Color3DLUT:
  """Returns the table of a transfer function; it interpolates between 65^3 colors."""
  ramp = np.linspace(0.0, 1.0, _TABLE_SIZE)
  blue, green, red = np.meshgrid(ramp, ramp, ramp, indexing="ij")  # red varies fastest
  signal = np.stack([red, green, blue], axis=-1).reshape(-1, 3)
  light = pq_to_light(signal) if transfer == _PQ else hlg_to_light(signal)
  # The same gain for all channels preserves hues.
  brightest = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
  light = np.clip(light * compress(brightest) / brightest @ _TO_BT709.T / _WHITE, 0.0, 1.0)
  return ImageFilter.Color3DLUT(_TABLE_SIZE, (light ** (1 / 2.4)).ravel().tolist())


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def pq_to_light(signal: np.ndarray) -> np.ndarray:
  """Returns the luminance in cd/m^2 of a PQ signal in 0..1 (SMPTE ST 2084, EOTF)."""
  power = np.asarray(signal, np.float64) ** (1 / _M2)
  return 10000.0 * (np.maximum(power - _C1, 0.0) / (_C2 - _C3 * power)) ** (1 / _M1)


def light_to_pq(light: np.ndarray) -> np.ndarray:
  """Returns the PQ signal in 0..1 of a luminance in cd/m^2."""
  power = (np.asarray(light, np.float64) / 10000.0) ** _M1
  return ((_C1 + _C2 * power) / (1.0 + _C3 * power)) ** _M2


def hlg_to_light(signal: np.ndarray) -> np.ndarray:
  """Returns R, G, B [..., 3] in cd/m^2 of an HLG signal in 0..1 on a display of 1000 cd/m^2.

  BT.2100, table 5: inverse OETF, then OOTF with a system gamma of 1.2.
  """
  a = 0.17883277
  b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
  signal = np.asarray(signal, np.float64)
  scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
  luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
  return _PEAK * scene * np.maximum(luminance, 1e-9)[..., None] ** 0.2


def compress(light: np.ndarray) -> np.ndarray:
  """Returns the luminance in cd/m^2 that SDR shows for one of HDR.

  ITU-R BT.2390-10, 5.4.1: dark tones stay, and a spline in PQ compresses bright ones, so that
  the peak becomes white.
  """
  peak, white = light_to_pq(np.array(_PEAK)), light_to_pq(np.array(_WHITE))
  tone, limit = np.minimum(light_to_pq(light) / peak, 1.0), white / peak
  knee = 1.5 * limit - 0.5
  t = (tone - knee) / (1 - knee)
  spline = (
    (2 * t**3 - 3 * t**2 + 1) * knee
    + (t**3 - 2 * t**2 + t) * (1 - knee)
    + (-2 * t**3 + 3 * t**2) * limit
  )
  return pq_to_light(np.where(tone < knee, tone, spline) * peak)
