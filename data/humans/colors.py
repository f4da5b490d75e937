"""Random colors in linear light."""

import colorsys

import numpy as np

GAMMA = 2.2
# Reflectances of skin from dark to light.
_SKINS = np.array(
  [(0.04, 0.018, 0.010), (0.11, 0.048, 0.026), (0.28, 0.13, 0.07), (0.50, 0.27, 0.17),
   (0.68, 0.42, 0.30), (0.80, 0.55, 0.43)]
)  # fmt: skip
_DARKNESS = {"african": (0.0, 2.2), "asian": (2.6, 4.8), "caucasian": (3.0, 5.0)}
_HAIRS = np.array(
  [(0.008, 0.007, 0.007), (0.02, 0.013, 0.009), (0.06, 0.032, 0.017), (0.16, 0.09, 0.045),
   (0.42, 0.29, 0.15), (0.17, 0.055, 0.02), (0.35, 0.35, 0.36)]
)  # fmt: skip


def sample_color(rng: np.random.Generator) -> np.ndarray:
  """Draws the reflectance [3] of cloth or furniture; a third are gray, black or white."""
  if rng.random() < 0.35:
    gray = rng.choice([0.02, 0.06, 0.13, 0.33, 0.68, 0.82])
    return np.asarray(gray * rng.uniform(0.9, 1.1, 3))
  color = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.15, 0.95), rng.uniform(0.15, 0.9))
  return np.asarray(np.array(color) ** GAMMA)


def sample_skin(rng: np.random.Generator, origin: str) -> np.ndarray:
  """Draws the reflectance [3] of skin of an origin of `body.Shape`."""
  place = rng.uniform(*_DARKNESS[origin])
  tone = np.array([np.interp(place, range(len(_SKINS)), column) for column in _SKINS.T])
  return np.asarray(tone * rng.uniform(0.93, 1.07, 3) * rng.uniform(0.85, 1.1))


def sample_hair(rng: np.random.Generator, origin: str, is_old: bool) -> np.ndarray:
  """Draws the reflectance [3] of hair."""
  if is_old and rng.random() < 0.6:
    return np.asarray(_HAIRS[-1] * rng.uniform(0.5, 1.3))
  dark = origin != "caucasian" and rng.random() < 0.85
  return np.asarray(_HAIRS[rng.integers(2 if dark else len(_HAIRS) - 1)] * rng.uniform(0.7, 1.4, 1))
