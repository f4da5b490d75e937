"""Writes JHMDB's folders for the tests, in the layout of its archives."""

import pathlib
from typing import Optional, Sequence

import numpy as np
import scipy.io
from PIL import Image

HEIGHT, WIDTH = 30, 40
# A person in MATLAB's 1-based pixels, right joints on the picture's left:
# neck belly face Rsho Lsho Rhip Lhip Relb Lelb Rkne Lkne Rwri Lwri Rank Lank.
BODY = np.array(
  [[20, 8], [20, 14], [20, 4], [17, 9], [23, 9], [18, 17], [22, 17], [15, 13], [25, 13]]
  + [[18, 21], [22, 21], [14, 17], [26, 17], [18, 26], [22, 26]],
  np.float64,
)


def pos_img(num_frames: int) -> np.ndarray:
  """Returns BODY [2, 15, N], moving half a pixel per frame."""
  steps = np.arange(num_frames)[:, None, None] * np.array([0.5, 0.0])
  return (BODY + steps).transpose(2, 1, 0)


def part_mask(num_frames: int) -> np.ndarray:
  """Returns a mask [H, W, N] of parts 1 and 2 at rows 3 to 27 and columns 12 to 28, from 0."""
  mask = np.zeros((HEIGHT, WIDTH, num_frames), np.uint8)
  mask[3:10, 15:25] = 1
  mask[10:28, 12:29] = 2
  return mask


def write_clip(
  source: pathlib.Path,
  action: str,
  clip: str,
  num_frames: int = 3,
  joints: Optional[np.ndarray] = None,
  mask: Optional[np.ndarray] = None,
) -> pathlib.Path:
  """Writes frames, joints and mask, and returns the folder of the frames."""
  frames = source / "Rename_Images" / action / clip
  frames.mkdir(parents=True)
  for number in range(1, num_frames + 1):
    pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(frames / f"{number:05d}.png")
  for kind, fields in (
    ("joint_positions", {"pos_img": pos_img(num_frames) if joints is None else joints}),
    ("puppet_mask", {"part_mask": part_mask(num_frames) if mask is None else mask}),
  ):
    folder = source / kind / action / clip
    folder.mkdir(parents=True)
    scipy.io.savemat(folder / f"{kind}.mat", fields)
  return frames


def write_list(source: pathlib.Path, action: str, split: int, lines: Sequence[str]) -> pathlib.Path:
  """Writes sub_splits/ACTION_test_split_N.txt."""
  path = source / "sub_splits" / f"{action}_test_split_{split}.txt"
  path.parent.mkdir(exist_ok=True, parents=True)
  path.write_text("\n".join(lines) + "\n")
  return path
