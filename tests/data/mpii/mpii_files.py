"""Writes MPII's label file for the tests, with the nested structs of the real file."""

import pathlib
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import scipy.io
from PIL import Image

HEIGHT, WIDTH = 60, 80


def struct_array(structs: Sequence[Dict[str, Any]], column: bool = False) -> np.ndarray:
  """Returns a MATLAB struct array 1xN or Nx1 with common fields."""
  fields = list(structs[0]) if structs else []
  array = np.empty((1, len(structs)), [(field, object) for field in fields])
  for index, struct in enumerate(structs):
    array[0, index] = tuple(struct[field] for field in fields)
  return array.T if column else array


EMPTY = np.zeros((0, 0))


def points(joints: Dict[int, Sequence[float]], visible: Any = "1") -> np.ndarray:
  """Returns annopoints of joints by MPII's number, in 1-based pixels."""
  point = [
    {"x": float(x), "y": float(y), "id": float(number), "is_visible": visible}
    for number, (x, y) in joints.items()
  ]
  return struct_array([{"point": struct_array(point)}])


def rect(
  joints: Optional[np.ndarray] = EMPTY,
  scale: Any = 0.25,
  objpos: Optional[Sequence[float]] = (40, 30),
) -> Dict[str, Any]:
  """Returns an entry of annorect."""
  position = EMPTY if objpos is None else struct_array([{"x": objpos[0], "y": objpos[1]}])
  head = {"x1": 30.0, "y1": 5.0, "x2": 40.0, "y2": 15.0}
  return {**head, "annopoints": joints, "scale": scale, "objpos": position}


def image(name: str, rects: List[Dict[str, Any]], video: Any = EMPTY) -> Dict[str, Any]:
  """Returns an entry of annolist."""
  return {
    "image": struct_array([{"name": name}]),
    "annorect": struct_array(rects) if rects else EMPTY,
    "frame_sec": 11.0,
    "vididx": video,
  }


def write(
  source: pathlib.Path, images: List[Dict[str, Any]], in_training: Sequence[int], **changes: Any
) -> pathlib.Path:
  """Writes the label file and an image for each name, and returns the label file."""
  (source / "images").mkdir(parents=True)
  for number, entry in enumerate(images):
    pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(source / "images" / entry["image"][0, 0]["name"])
  acts = [{"cat_name": "sports", "act_name": "curling", "act_id": 1.0} for _ in images]
  release = {
    "annolist": struct_array(images),
    "img_train": np.array([in_training], np.float64),
    "version": "12",
    "single_person": np.array([[EMPTY]] * len(images), object),
    "act": struct_array(acts, column=True),
    "video_list": np.array([["video"]], object),
    **changes,
  }
  path = source / "mpii_human_pose_v1_u12_1.mat"
  scipy.io.savemat(path, {"RELEASE": struct_array([release])})
  return path
