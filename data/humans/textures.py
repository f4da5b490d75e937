"""Textures in one array, as compiled functions read them."""

import pathlib
from typing import Dict, NamedTuple, Tuple

import cv2
import numpy as np

from ppn_tf.runtime.errors import InputError

from .assets import require
from .colors import GAMMA

# Linear light of each 8-bit value.
LINEAR: np.ndarray = ((np.arange(256) / 255) ** GAMMA).astype(np.float32)
_LUMINANCE = np.array([0.3, 0.59, 0.11], np.float32)


class Texture(NamedTuple):
  """Place of a square texture in the pool.

  Attributes:
    start: index of its first value.
    size: width and height in pixels; 0 for a plain white.
  """

  start: int
  size: int


PLAIN = Texture(0, 0)


class TexturePool:
  """All textures of a process: RGBA, 8 bits, with sRGB-like gamma.

  Attributes:
    values: flat uint8 array of all textures.
  """

  def __init__(self) -> None:
    self.values: np.ndarray = np.zeros(4, np.uint8)
    self._places: Dict[Tuple[str, int], Texture] = {}

  def load(self, path: pathlib.Path, size: int) -> Texture:
    """Returns the texture of an image file, resized to size x size.

    Raises:
      InputError: the file is missing or no image.
    """
    key = (str(path), size)
    if key not in self._places:
      image = cv2.imread(str(require(path)), cv2.IMREAD_UNCHANGED)
      if image is None or image.ndim != 3:
        raise InputError(f"{path}: no color image. Get the file again.")
      has_alpha = image.shape[2] == 4
      image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA if has_alpha else cv2.COLOR_BGR2RGBA)
      self.add(key, cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA))
    return self._places[key]

  def add(self, key: Tuple[str, int], image: np.ndarray) -> Texture:
    """Adds an image [S, S, 3 or 4] uint8 under a name; a known name keeps its image."""
    if key not in self._places:
      if image.shape[2] == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)
      self._places[key] = Texture(len(self.values), image.shape[0])
      self.values = np.concatenate([self.values, image.ravel()])
    return self._places[key]

  def get_image(self, texture: Texture) -> np.ndarray:
    """Returns a texture as [S, S, 4] uint8."""
    count = 4 * texture.size**2
    values = self.values[texture.start : texture.start + count]
    return np.asarray(values.reshape(texture.size, texture.size, 4))

  def measure_luminance(self, texture: Texture, points: np.ndarray) -> float:
    """Returns the mean linear luminance at texture points [N, 2], of at least .02."""
    if not texture.size:
      return 1.0
    image, size = self.get_image(texture), texture.size
    columns = (points[:, 0] % 1 * size).astype(int).clip(0, size - 1)
    rows = ((1 - points[:, 1] % 1) * size).astype(int).clip(0, size - 1)
    chosen = image[rows, columns]
    opaque = chosen[chosen[:, 3] > 127][:, :3]
    if not len(opaque):
      return 1.0
    return max(0.02, float((LINEAR[opaque] @ _LUMINANCE).mean()))


def read_stills(path: pathlib.Path) -> np.ndarray:
  """Reads pictures without people, [N, S, S, 3] uint8 RGB.

  Raises:
    InputError: the file has another content.
  """
  try:
    stills = np.load(path, mmap_mode="r")
  except (OSError, ValueError) as error:
    raise InputError(f"{path}: cannot be read ({error}). Get the file again.") from error
  if stills.ndim != 4 or stills.shape[-1] != 3 or stills.dtype != np.uint8 or not len(stills):
    raise InputError(f"{path}: expected pictures [N, S, S, 3] uint8. Get the file again.")
  return stills
