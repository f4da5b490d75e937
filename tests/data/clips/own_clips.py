"""Writes a folder of own clips for the tests: videos, frames and annotations.json."""

import json
import pathlib
from typing import Any, Dict, List, Optional

import numpy as np
from PIL import Image

from ppn_tf.tracking.video.writer import write_video

HEIGHT, WIDTH = 48, 64
NAMES = ["nose", "left_shoulder", "right_shoulder", "left_hip", "right_hip"]
CATEGORY = {"id": 1, "name": "stick", "keypoints": NAMES, "skeleton": [[1, 2], [2, 4], [3, 5]]}


def picture(number: int) -> np.ndarray:
  """Returns a smooth image [H, W, 3] uint8, which is brighter for higher numbers."""
  ramp = np.linspace(0, 120, WIDTH)[None, :, None] + np.zeros((HEIGHT, 1, 3))
  return (ramp + 10 * number).astype(np.uint8)


def write_frames(folder: pathlib.Path, count: int, suffix: str = ".jpg") -> pathlib.Path:
  """Writes frames 1.jpg, 2.jpg ..., whose natural order is not alphabetical."""
  folder.mkdir(parents=True)
  for number in range(1, count + 1):
    Image.fromarray(picture(number)).save(folder / f"{number}{suffix}")
  return folder


def write_movie(path: pathlib.Path, count: int) -> pathlib.Path:
  with write_video(path, fps=25) as writer:
    for number in range(1, count + 1):
      writer.write(picture(number), number / 25)
  return path


def keypoints(frame: int, person: int = 0) -> List[float]:
  """Returns x, y, v of five joints; the nose is at (20 + frame, 5 + 3 * person)."""
  rows = [[20, 5], [25, 12], [15, 12], [23, 30], [17, 30]]
  return [number for x, y in rows for number in (x + frame, y + 3 * person, 2)]


def annotations(**lengths: int) -> Dict[str, Any]:
  """Returns the JSON of clips with one person, labelled in the first frames."""
  content: Dict[str, Any] = {"categories": [CATEGORY], "images": [], "annotations": []}
  for clip, length in lengths.items():
    for frame in range(length):
      add(content, clip, frame)
  return content


def add(
  content: Dict[str, Any], clip: str, frame: int, person: Optional[int] = None, **changes: Any
) -> Dict[str, Any]:
  """Adds an image and its annotation to the JSON, and returns the annotation."""
  image_id = len(content["images"]) + 100
  content["images"].append({"id": image_id, "clip": clip, "frame": frame})
  annotation = {
    "image_id": image_id,
    "category_id": 1,
    "keypoints": keypoints(frame, person or 0),
    "bbox": [10 + frame, 2, 20, 40],
    **({} if person is None else {"track_id": person}),
    **changes,
  }
  content["annotations"].append(annotation)
  return annotation


def save(source: pathlib.Path, content: Any) -> pathlib.Path:
  source.mkdir(exist_ok=True, parents=True)
  path = source / "annotations.json"
  path.write_text(json.dumps(content))
  return path
