"""Contact sheet of the overlay of a video."""

import pathlib
from typing import List

import numpy as np
from PIL import Image, PngImagePlugin

from ppn_tf.tracking.output import drawing

TILE_SIZE = (240, 320)
MAX_TILES = 24


class SheetSampler:
  """Keeps small copies of frames for a contact sheet of a video of unknown length."""

  def __init__(self, every: int = 0):
    """Creates a sampler.

    Args:
      every: frames from one tile to the next; 0 keeps at most MAX_TILES - 1 frames, evenly
        spread.
    """
    self.tiles: List[np.ndarray] = []
    self._thin_out = every == 0
    self._every = every or 1

  def add(self, index: int, picture: np.ndarray) -> None:
    """Offers frame `index`, [H, W, 3] uint8 RGB."""
    if index % self._every:
      return
    self.tiles.append(drawing.fit_image(picture, *TILE_SIZE))
    if self._thin_out and len(self.tiles) == MAX_TILES:
      self.tiles, self._every = self.tiles[::2], 2 * self._every

  def write(self, path: pathlib.Path, comment: str) -> None:
    """Writes the frames kept as a .png or .jpg, with a comment in the file."""
    sheet = Image.fromarray(drawing.contact_sheet(self.tiles))
    if path.suffix.lower() == ".png":
      info = PngImagePlugin.PngInfo()
      info.add_itxt("comment", comment)
      sheet.save(path, pnginfo=info)
    else:
      sheet.save(path, quality=95, comment=comment.encode())
