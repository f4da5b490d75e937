"""Tracks a drawn clip with a model in Python, by which the Java check compares its own tracking.

python android_demo/check/clip_reference.py FILE.tflite FOLDER

The person is gone for some frames, and then elsewhere. All numbers are little endian.
"""

import json
import pathlib
import sys
from typing import Sequence

import cv2
import numpy as np

from data.synthetic.clip import Settings, make_clip
from ppn_tf.tracking.tracker import Tracker

_SIZE = (240, 320)  # (H, W)
_FRAMES = 36
_LEAVES, _RETURNS = 14, 22  # first frames without the person, and with them again


def make_frames() -> np.ndarray:
  """Returns a clip [N, H, W, 3] uint8 RGB."""
  settings = Settings(seed=3, num_frames=_FRAMES, height=_SIZE[0], width=_SIZE[1], difficulty=0.0)
  drawn = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1) for jpeg in make_clip(0, settings).frames]
  frames = np.stack(drawn)[..., ::-1].copy()
  frames[_LEAVES:_RETURNS] = 128
  frames[_RETURNS:] = np.roll(frames[_RETURNS:], _SIZE[1] // 4, axis=2)
  return frames


def main(arguments: Sequence[str]) -> None:
  model, folder = arguments[0], pathlib.Path(arguments[1])
  frames = make_frames()
  tracker = Tracker.from_preset(model)
  poses = list(tracker(frames, fps=30))
  frames.tofile(folder / "clip.bin")
  for name, values in (
    ("clip_keypoints", [pose.keypoints for pose in poses]),
    ("clip_scores", [pose.scores for pose in poses]),
    ("clip_boxes", [pose.box for pose in poses]),
  ):
    np.array(values, "<f4").tofile(folder / f"{name}.bin")
  description = {
    "size": list(_SIZE),
    "found": [bool(pose.found) for pose in poses],
    "restarted": [bool(pose.restarted) for pose in poses],
  }
  (folder / "clip.json").write_text(json.dumps(description), encoding="utf-8")
  print(f"Python finds the person in {sum(description['found'])} of {len(poses)} frames")


if __name__ == "__main__":
  main(sys.argv[1:])
