"""Writes small clips in Penn Action's layout, with colours that identify the joints."""

import pathlib
from typing import Dict, Tuple

import numpy as np
import scipy.io
from PIL import Image

FRAME_SIZE = (120, 160)
# Two training clips are long and one is short; the test clips differ in length.
CLIPS: Dict[str, Tuple[int, str]] = {
  "0001": (6, "train"),
  "0002": (7, "train"),
  "0003": (3, "train"),
  "0004": (7, "test"),
  "0005": (4, "test"),
}
# A person around (0, 0), seen from the front, with right joints on the left of the image.
BODY = np.array(
  [[0, -40], [-14, -28], [14, -28], [-24, -14], [24, -14], [-30, 2], [30, 2]]
  + [[-9, 6], [9, 6], [-11, 24], [11, 24], [-12, 42], [12, 42]],
  np.float64,
)
# Colours of the head, the right joints and the left joints.
GREEN, RED, BLUE = (40, 250, 40), (250, 40, 40), (40, 40, 250)


def body_at(clip: str, frame: int) -> Tuple[np.ndarray, np.ndarray]:
  """Returns [13, 2] keypoints (x, y) and the [4] box of a person who walks and swings an arm."""
  center = np.array([66.0 + 5 * frame + int(clip), 58.0 + 2 * np.sin(frame)])
  keypoints = BODY + center
  keypoints[5] += [3.0 * frame, -2.0 * frame]
  low, high = keypoints.min(axis=0), keypoints.max(axis=0)
  return keypoints, np.concatenate([low - 6, high + 6])


def draw(keypoints: np.ndarray) -> np.ndarray:
  """Returns an image [H, W, 3] uint8 with a disc of radius 4 in its colour at each joint."""
  image = np.full((*FRAME_SIZE, 3), 30, np.uint8)
  y, x = np.mgrid[: FRAME_SIZE[0], : FRAME_SIZE[1]]
  for k, (joint_x, joint_y) in enumerate(keypoints):
    colour = GREEN if k == 0 else (RED if k % 2 else BLUE)
    image[(x - joint_x) ** 2 + (y - joint_y) ** 2 <= 16] = colour
  return image


def write_clip(source: pathlib.Path, clip: str) -> None:
  """Writes a clip of CLIPS in Penn Action's layout; the right wrist of frame 1 is invisible."""
  num_frames, split = CLIPS[clip]
  folder = source / "frames" / clip
  folder.mkdir(parents=True)
  (source / "labels").mkdir(exist_ok=True)
  bodies = [body_at(clip, frame) for frame in range(num_frames)]
  for frame, (keypoints, _) in enumerate(bodies):
    Image.fromarray(draw(keypoints)).save(
      folder / f"{frame + 1:06d}.jpg", quality=95, subsampling=0
    )
  keypoints = np.stack([joints for joints, _ in bodies]) + 1  # MATLAB counts from 1
  visibility = np.ones((num_frames, 13), np.uint8)
  visibility[1, 5] = 0
  fields = {
    "action": "walk",
    "pose": "front",
    "x": keypoints[..., 0],
    "y": keypoints[..., 1],
    "visibility": visibility,
    "train": 1 if split == "train" else -1,
    "bbox": np.stack([box for _, box in bodies]) + 1,
    "dimensions": np.array([[*FRAME_SIZE, num_frames]]),
    "nframes": num_frames,
  }
  scipy.io.savemat(source / "labels" / f"{clip}.mat", fields)
