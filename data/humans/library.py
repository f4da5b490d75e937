"""Assets in memory, loaded once per process when they are first needed."""

import functools
import pathlib
from typing import Dict, Optional, Tuple

import numpy as np

from ppn_tf.runtime.errors import InputError

from . import assets
from .body import Body
from .garments import Garment
from .joints import read_regressor
from .motion import Recording
from .rig import Rig
from .skins import paint_skins
from .textures import Texture, TexturePool, read_stills


class Library:
  """Loaded assets.

  Attributes:
    files: the folder's files.
    body, rig, regressor: MakeHuman's body, its bones, and COCO's joints.
    pool: all textures.
    skins: variants of each kind of skin.
    stills: [N, S, S, 3] uint8, pictures without people.
  """

  def __init__(self, folder: pathlib.Path):
    """Loads the body.

    Raises:
      InputError: an asset is missing.
    """
    self.files = assets.open_assets(folder)
    self.body = Body(folder)
    self.rig = Rig(folder, len(self.body.surface.vertices))
    self.regressor = read_regressor(folder, self.rig)
    self.pool = TexturePool()
    self.skins: Dict[str, Tuple[Texture, ...]] = paint_skins(self.pool, self.body.surface, self.rig)
    self.stills = read_stills(folder / assets.STILLS)
    self._garments: Dict[str, Garment] = {}
    self._recordings: Dict[int, Recording] = {}

  def get_garment(self, kind: str, name: str, file: Optional[str] = None) -> Garment:
    """Returns a garment of the folder `kind` ("clothes" or "hair")."""
    if name not in self._garments:
      path = self.files.folder / kind / name / f"{file or name}.mhclo"
      self._garments[name] = Garment(path, self.rig.weights)
    return self._garments[name]

  def get_texture(self, kind: str, name: str, size: int) -> Texture:
    """Returns the texture of a garment, next to it or in the folder "tex"."""
    file = f"{name}_diffuse.png"
    path = self.files.folder / kind / name / file
    return self.pool.load(path if path.is_file() else self.files.folder / "tex" / file, size)

  def get_recording(self, number: int) -> Recording:
    """Returns a recording of motion capture by its place in `files.motions`."""
    if number not in self._recordings:
      self._recordings[number] = Recording(self.files.motions[number])
    return self._recordings[number]

  def get_panorama(self, number: int) -> np.ndarray:
    """Returns a panorama of light [H, W, 3] float32 of mean 1."""
    return _read_panorama(self.files.panoramas[number])

  def get_still(self, number: int) -> Texture:
    """Returns the texture of a picture without people."""
    return self.pool.add(("still", number), np.asarray(self.stills[number]))


@functools.cache
def _read_panorama(path: pathlib.Path) -> np.ndarray:
  try:
    panorama = np.load(path).astype(np.float32)
  except (OSError, ValueError) as error:
    raise InputError(f"{path}: cannot be read ({error}). Get the file again.") from error
  if panorama.ndim != 3 or panorama.shape[-1] != 3:
    raise InputError(f"{path}: expected a panorama [H, W, 3]. Get the file again.")
  # The sun would be the only light.
  return np.asarray(np.minimum(panorama, 50) / (panorama.mean() + 1e-6))
