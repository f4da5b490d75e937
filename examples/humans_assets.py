"""Converts the assets of rendered people that are not used as they come; see docs/data.md.

python examples/humans_assets.py COCO.pth PANORAMAS PICTURES OUTPUT
"""

import base64
import pathlib
import re
import sys

import cv2
import numpy as np
import OpenEXR
import torch

NAMES = (
  "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
  "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle"
)
MIN_WEIGHT = 2e-3  # smaller weights of the regressor are noise
SIDE = 192  # pixels of a picture


def convert_joints(source: pathlib.Path, output: pathlib.Path) -> None:
  """Converts the regressor from vertices to joints."""
  table = torch.load(source, weights_only=True)
  weights = np.stack([table[name].numpy() for name in NAMES.split()])
  weights[np.abs(weights) < MIN_WEIGHT] = 0
  weights /= weights.sum(axis=1, keepdims=True)
  used = np.flatnonzero(weights.any(axis=0))
  np.savez(output / "coco_regressor.npz", idx=used, w=weights[:, used].astype(np.float32))


def convert_panoramas(source: pathlib.Path, output: pathlib.Path) -> None:
  """Converts panoramas, which are EXR in base64 in a JavaScript file each."""
  for path in source.glob("*.exr.js"):
    content = base64.b64decode(re.search(r"base64,([\w+/=]+)", path.read_text())[1])
    pathlib.Path("light.exr").write_bytes(content)
    pixels = OpenEXR.File("light.exr").channels()["RGB"].pixels
    np.save(output / "env" / path.name.replace(".exr.js", ".npy"), pixels.astype(np.float16))


def convert_pictures(source: pathlib.Path, output: pathlib.Path) -> None:
  """Crops pictures without people to squares."""
  images = [cv2.imread(str(path))[:, :, ::-1] for path in sorted(source.iterdir())]
  squares = [image[: min(image.shape[:2]), : min(image.shape[:2])] for image in images]
  sized = [cv2.resize(square, (SIDE, SIDE)) for square in squares]
  np.save(output / "bg_stills.npy", np.stack(sized))


if __name__ == "__main__":
  joints, panoramas, pictures, folder = map(pathlib.Path, sys.argv[1:])
  convert_joints(joints, folder)
  convert_panoramas(panoramas, folder)
  convert_pictures(pictures, folder)
