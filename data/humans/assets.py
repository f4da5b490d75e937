"""Folder of assets: meshes, motion, light and backgrounds that people are made from.

ASSETS/mpfb2/        base mesh, targets and rig of MakeHuman
ASSETS/clothes/NAME/ garments: NAME.mhclo with its OBJ file
ASSETS/hair/NAME/    hair
ASSETS/tex/          textures of garments and hair that are not in their folders
ASSETS/mocap/        motion, .bvh or .npz
ASSETS/env/          light, panoramas [H, W, 3] as .npy
ASSETS/bg_stills.npy pictures without people, [N, S, S, 3] uint8 RGB
ASSETS/coco_regressor.npz  joints as sums of vertices

docs/data.md states where each of them comes from, and its license.
"""

import pathlib
from typing import NamedTuple, Tuple

from ppn_tf.runtime.errors import InputError

BODY = "mpfb2"
MESH = f"{BODY}/3dobjs/base.obj"
GROUPS = f"{BODY}/mesh_metadata/basemesh_vertex_groups.json"
RIG = f"{BODY}/rigs/standard/rig.default.json"
WEIGHTS = f"{BODY}/rigs/standard/weights.default.json"
TARGETS = f"{BODY}/targets"
JOINTS = "coco_regressor.npz"
STILLS = "bg_stills.npy"
_FILES = (MESH, GROUPS, RIG, WEIGHTS, JOINTS, STILLS)

SUITS = {
  "male": tuple(f"male_casualsuit0{i}" for i in range(1, 7)),
  "female": (
    "female_casualsuit01",
    "female_casualsuit02",
    "female_elegantsuit01",
    "female_sportsuit01",
  ),
}
SHOES = tuple(f"shoes0{i}" for i in range(1, 7))
HAIR = {
  "male": ("short01", "short02", "short03", "short04"),
  "female": ("bob02", "braid01", "long01", "ponytail01", "short03"),
}
HAT = "fedora01"


class Assets(NamedTuple):
  """Files of a folder that vary in number.

  Attributes:
    folder: the folder.
    motions: files of motion capture.
    panoramas: files of light.
  """

  folder: pathlib.Path
  motions: Tuple[pathlib.Path, ...]
  panoramas: Tuple[pathlib.Path, ...]


def open_assets(folder: pathlib.Path) -> Assets:
  """Checks a folder of assets.

  Raises:
    InputError: the folder or one of its files is missing.
  """
  if not folder.is_dir():
    raise InputError(f"{folder}: no such folder. Give the folder of docs/data.md as --assets.")
  for name in _FILES:
    if not (folder / name).is_file():
      raise InputError(f"{folder / name}: no such file. See docs/data.md for the assets.")
  motions = sorted(path for path in (folder / "mocap").glob("*") if path.suffix in (".bvh", ".npz"))
  panoramas = sorted((folder / "env").glob("*.npy"))
  for name, paths, kind in (("mocap", motions, ".bvh or .npz"), ("env", panoramas, ".npy")):
    if not paths:
      raise InputError(f"{folder / name}: has no {kind} files. See docs/data.md for the assets.")
  return Assets(folder, tuple(motions), tuple(panoramas))


def require(path: pathlib.Path) -> pathlib.Path:
  """Returns the path of an asset.

  Raises:
    InputError: there is no such file.
  """
  if not path.is_file():
    raise InputError(f"{path}: no such file. See docs/data.md for the assets.")
  return path
