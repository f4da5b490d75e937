"""Writes Penn Action's folders for the tests, including label files with defects."""

import pathlib
from typing import Any, Optional, Tuple

import numpy as np
import scipy.io
from PIL import Image

HEIGHT, WIDTH = 40, 60


def label_fields(num_frames: int = 3, train: int = 1, **changes: Any) -> dict:
  """Returns valid fields: every joint is visible, in the middle of the frame."""
  rng = np.random.default_rng(num_frames)
  x = rng.uniform(10, 50, (num_frames, 13))
  y = rng.uniform(10, 30, (num_frames, 13))
  bbox = np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], axis=1)
  fields = {
    "action": "bowl",
    "pose": "back",
    "x": x,
    "y": y,
    "visibility": np.ones((num_frames, 13), np.uint8),
    "train": np.int32(train),
    "bbox": bbox,
    "dimensions": np.array([[HEIGHT, WIDTH, num_frames]], np.uint16),
    "nframes": np.uint8(num_frames),
  }
  fields.update(changes)
  return {name: value for name, value in fields.items() if value is not None}


def write_labels(source: pathlib.Path, clip: str, fields: dict) -> pathlib.Path:
  path = source / "labels" / f"{clip}.mat"
  path.parent.mkdir(parents=True, exist_ok=True)
  scipy.io.savemat(path, fields)
  return path


def write_clip(
  source: pathlib.Path,
  clip: str,
  fields: Optional[dict] = None,
  num_frames: Optional[int] = None,
  size: Tuple[int, int] = (HEIGHT, WIDTH),
) -> pathlib.Path:
  """Writes labels and frames, and returns the folder of the frames."""
  fields = label_fields() if fields is None else fields
  write_labels(source, clip, fields)
  folder = source / "frames" / clip
  folder.mkdir(parents=True)
  for number in range(1, (num_frames or int(fields["nframes"])) + 1):
    pixels = np.random.default_rng(number).integers(0, 255, (*size, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(folder / f"{number:06d}.jpg")
  return folder


def truncate(path: pathlib.Path) -> None:
  """Truncates a file, or all files of a folder."""
  for file in path.iterdir() if path.is_dir() else [path]:
    file.write_bytes(file.read_bytes()[:-200])
