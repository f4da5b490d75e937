"""A handful of clips in Penn Action's layout whose pixels tell which joint they belong to."""

import pathlib
from typing import Dict, Tuple

import numpy as np
import scipy.io
from PIL import Image

FRAME_SIZE = (120, 160)
# Two clips to train on are long, one is short; the test clips differ in length.
CLIPS: Dict[str, Tuple[int, str]] = {
  "0001": (6, "train"),
  "0002": (7, "train"),
  "0003": (3, "train"),
  "0004": (7, "test"),
  "0005": (4, "test"),
}
# A person seen from the front, right joints on the picture's left, about (0, 0).
BODY = np.array(
  [[0, -40], [-14, -28], [14, -28], [-24, -14], [24, -14], [-30, 2], [30, 2]]
  + [[-9, 6], [9, 6], [-11, 24], [11, 24], [-12, 42], [12, 42]],
  np.float64,
)
# The head, the right and the left joints: pixels say which joint they are.
GREEN, RED, BLUE = (40, 250, 40), (250, 40, 40), (40, 40, 250)


def body_at(clip: str, frame: int) -> Tuple[np.ndarray, np.ndarray]:
  """[13, 2] keypoints (x, y) and [4] box of a frame; the person walks and swings an arm."""
  center = np.array([66.0 + 5 * frame + int(clip), 58.0 + 2 * np.sin(frame)])
  keypoints = BODY + center
  keypoints[5] += [3.0 * frame, -2.0 * frame]
  low, high = keypoints.min(axis=0), keypoints.max(axis=0)
  return keypoints, np.concatenate([low - 6, high + 6])


def draw(keypoints: np.ndarray) -> np.ndarray:
  """[H, W, 3] uint8: a disc of 4 pixels' radius at each joint, in the colour of its side."""
  image = np.full((*FRAME_SIZE, 3), 30, np.uint8)
  y, x = np.mgrid[: FRAME_SIZE[0], : FRAME_SIZE[1]]
  for k, (joint_x, joint_y) in enumerate(keypoints):
    colour = GREEN if k == 0 else (RED if k % 2 else BLUE)
    image[(x - joint_x) ** 2 + (y - joint_y) ** 2 <= 16] = colour
  return image


def write_clip(source: pathlib.Path, clip: str) -> None:
  """One of CLIPS in Penn Action's layout; the right wrist of frame 1 is invisible."""
  num_frames, split = CLIPS[clip]
  folder = source / "frames" / clip
  folder.mkdir(parents=True)
  (source / "labels").mkdir(exist_ok=True)
  bodies = [body_at(clip, frame) for frame in range(num_frames)]
  for frame, (keypoints, _) in enumerate(bodies):
    Image.fromarray(draw(keypoints)).save(
      folder / f"{frame + 1:06d}.jpg", quality=95, subsampling=0
    )
  keypoints = np.stack([one for one, _ in bodies]) + 1  # MATLAB counts from 1
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
