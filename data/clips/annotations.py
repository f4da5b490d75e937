"""COCO-style JSON of clips: joints of people by clip and frame.

docs/data.md and `python -m data.clips --help` describe the schema.
"""

import collections
import dataclasses
import json
import pathlib
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError

from .skeleton import parse_skeleton

SPLITS = ("train", "validation", "test")

_REQUIRED = {
  "images": ("id", "clip", "frame"),
  "annotations": ("image_id", "category_id", "keypoints"),
  "categories": ("id",),
  "clips": ("name",),
}


@dataclasses.dataclass
class Track:
  """Labels of one person in one clip.

  Attributes:
    clip: video file or folder of frames, relative to the source.
    annotations: (frame, annotation of the JSON).
    sizes: (height, width) of the clip's images in the JSON.
  """

  clip: str
  annotations: List[Tuple[int, Mapping[str, Any]]]
  sizes: List[Tuple[int, int]]


@dataclasses.dataclass(frozen=True)
class Annotations:
  """Content of the JSON.

  Attributes:
    skeleton: joints of the labels.
    tracks: tracks by name: the clip, with "#" and the track's id if it has one.
    splits, actions: split and activity by clip; clips may be missing.
    ignored: number of ignored annotations by reason.
    unused: entries of "clips" without an image.
  """

  skeleton: Skeleton
  tracks: Dict[str, Track]
  splits: Dict[str, str]
  actions: Dict[str, str]
  ignored: Dict[str, int]
  unused: List[str]


def read_annotations(path: pathlib.Path) -> Annotations:
  """Reads the JSON; the coordinates of a person are checked later.

  Raises:
    InputError: the file is not JSON of the schema.
  """
  content = _load(path)
  category, skeleton = _category(path, content["categories"])
  images = {image["id"]: image for image in content["images"]}
  tracks: Dict[str, Track] = {}
  ignored: Dict[str, int] = collections.Counter()
  for annotation in content["annotations"]:
    image = images.get(annotation["image_id"])
    if annotation["category_id"] != category:
      ignored["annotations of other categories"] += 1
    elif annotation.get("iscrowd"):
      ignored["annotations of crowds"] += 1
    elif image is None:
      ignored["annotations of an image_id that is not in images"] += 1
    else:
      person = annotation.get("track_id")
      name = image["clip"] if person is None else f"{image['clip']}#{person}"
      track = tracks.setdefault(name, Track(image["clip"], [], []))
      track.annotations.append((image["frame"], annotation))
      if "height" in image and "width" in image:
        track.sizes.append((image["height"], image["width"]))
  clips = content["clips"]
  named = {image["clip"] for image in content["images"]}
  return Annotations(
    skeleton,
    tracks,
    splits={clip["name"]: clip["split"] for clip in clips if "split" in clip},
    actions={clip["name"]: str(clip["action"]) for clip in clips if "action" in clip},
    ignored=dict(ignored),
    unused=[str(clip["name"]) for clip in clips if clip["name"] not in named],
  )


def parse_joints(annotation: Mapping[str, Any], num_joints: int) -> Tuple[np.ndarray, np.ndarray]:
  """Returns keypoints [K, 2] float64 and [K] bool, True for labelled joints.

  Raises:
    ValueError: "keypoints" does not hold K joints.
  """
  numbers = np.array(annotation["keypoints"], np.float64)  # null becomes NaN
  if numbers.shape != (3 * num_joints,):
    raise ValueError(
      f"{numbers.size} numbers in keypoints, expected 3 for each of {num_joints} joints"
    )
  rows = numbers.reshape(num_joints, 3)
  return rows[:, :2], np.nan_to_num(rows[:, 2]) > 0


def parse_box(annotation: Mapping[str, Any]) -> np.ndarray:
  """Returns "bbox" as [4] (x1, y1, x2, y2); zeros if it is missing or has no area."""
  try:
    x, y, width, height = (float(number) for number in annotation.get("bbox") or [])
  except (TypeError, ValueError):
    return np.zeros(4)
  box = np.array([x, y, x + width, y + height])
  return box if np.isfinite(box).all() and width > 0 and height > 0 else np.zeros(4)


def _load(path: pathlib.Path) -> Dict[str, List[Dict[str, Any]]]:
  """Reads the JSON, and checks that each entry has the required keys."""
  try:
    content = json.loads(path.read_text(encoding="utf-8"))
  except (OSError, ValueError, RecursionError) as error:
    raise InputError(f"{path}: cannot be read as JSON ({error}).") from error
  if not isinstance(content, dict):
    raise InputError(f'{path}: expected an object with "images", "annotations", "categories".')
  content = {"clips": [], **content}
  lacking = [key for key in _REQUIRED if not isinstance(content.get(key), list)]
  if lacking:
    raise InputError(f"{path}: lacks the list {', '.join(map(repr, lacking))}. See docs/data.md.")
  for key, required in _REQUIRED.items():
    _check_entries(path, key, content[key], required)
  _check_values(path, content)
  return content


def _check_entries(
  path: pathlib.Path, key: str, entries: Sequence[Any], required: Sequence[str]
) -> None:
  lacking = [
    (index, [name for name in required if not isinstance(entry, dict) or name not in entry])
    for index, entry in enumerate(entries)
  ]
  lacking = [(index, names) for index, names in lacking if names]
  if lacking:
    index, names = lacking[0]
    raise InputError(
      f"{path}: {key}[{index}] lacks {', '.join(map(repr, names))} "
      f"({len(lacking)} of {len(entries)} entries are incomplete). See docs/data.md."
    )


def _check_values(path: pathlib.Path, content: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
  image_ids = set()
  for index, image in enumerate(content["images"]):
    clip, frame, where = image["clip"], image["frame"], f"{path}: images[{index}]"
    if not isinstance(clip, str) or not clip or pathlib.PurePath(clip).is_absolute():
      raise InputError(
        f'{where}: "clip" is {clip!r}, expected a file or folder below {path.parent}.'
      )
    if ".." in pathlib.PurePath(clip).parts:
      raise InputError(f'{where}: "clip" is {clip!r}, which is not below {path.parent}.')
    if not isinstance(frame, int) or isinstance(frame, bool) or frame < 0:
      raise InputError(f'{where}: "frame" is {frame!r}, expected a number from 0.')
    if not isinstance(image["id"], (int, str)) or image["id"] in image_ids:
      raise InputError(f'{where}: "id" is {image["id"]!r}, which is not a number or not unique.')
    image_ids.add(image["id"])
  for index, annotation in enumerate(content["annotations"]):
    if not isinstance(annotation["image_id"], (int, str)):
      raise InputError(f'{path}: annotations[{index}]: "image_id" is not a number.')
  for index, clip in enumerate(content["clips"]):
    if not isinstance(clip["name"], str):
      raise InputError(f'{path}: clips[{index}]: "name" is {clip["name"]!r}, expected text.')
    if clip.get("split", "train") not in SPLITS:
      expected = ", ".join(SPLITS)
      raise InputError(
        f'{path}: clips[{index}]: "split" is {clip["split"]!r}, expected one of {expected}.'
      )


def _category(path: pathlib.Path, categories: Sequence[Mapping[str, Any]]) -> Tuple[Any, Skeleton]:
  """Returns the id and the skeleton of the only category with joints."""
  jointed = [
    (index, category)
    for index, category in enumerate(categories)
    if "keypoints" in category or "skeleton" in category
  ]
  if len(jointed) != 1:
    raise InputError(
      f'{path}: {len(jointed)} of {len(categories)} categories have "keypoints" or "skeleton"; '
      "expected exactly one."
    )
  index, category = jointed[0]
  return category["id"], parse_skeleton(category, f"{path}: categories[{index}]")
