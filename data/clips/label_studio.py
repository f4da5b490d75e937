"""JSON of Label Studio: keypoints in percent of the picture, by task."""

import collections
import pathlib
import re
import urllib.parse
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.reader import IMAGE_SUFFIXES

from .annotations import Annotations, Label
from .json_values import load_json, to_size
from .media import Media
from .named_joints import build_skeleton, order_joints, split_missing

# Uploaded files get eight digits in front of their name.
_UPLOAD = re.compile(r"^[0-9a-f]{8}-")


class _Region(NamedTuple):
  """Keypoint or rectangle of a picture."""

  label: str
  value: Mapping[str, Any]
  key: str
  parent: Optional[str]
  size: Tuple[int, int]
  is_keypoint: bool


def read_label_studio(path: pathlib.Path, media: Media) -> Annotations:
  """Reads the export "JSON" or "JSON-MIN".

  Keypoints below a rectangle are those of one person. The label of the rectangle is the person's
  name if the file has several such labels.

  Args:
    path: the file.
    media: files of the source, to find the pictures.
  Raises:
    InputError: the file is no such export, or has no keypoints.
  """
  tasks = load_json(path)
  if not isinstance(tasks, list):
    raise InputError(f"{path}: expected a list of tasks, Label Studio's export as JSON.")
  regions = {
    index: list(_read_regions(task)) for index, task in enumerate(tasks) if isinstance(task, dict)
  }
  every = [region for own in regions.values() for region in own]
  names = list(dict.fromkeys(region.label for region in every if region.is_keypoint))
  if not names:
    raise InputError(f"{path}: no task has keypoints. Export tasks with keypoint labels as JSON.")
  annotations = Annotations(build_skeleton(names, [], media.folder, path))
  order = order_joints(names, annotations.skeleton)
  people = {region.label for region in every if not region.is_keypoint}
  for index, own in regions.items():
    if not any(region.is_keypoint for region in own):
      annotations.ignored["tasks without keypoints"] += 1
      continue
    found = _find_picture(tasks[index], media)
    if found is None:
      annotations.dropped["tasks whose picture is missing or not unique"].append(f"task {index}")
      continue
    for person, keypoints, box, size in _group(own, names, len(people) > 1):
      if keypoints is None:
        reason = "people with two keypoints of a name; put each person below a rectangle"
        annotations.dropped[reason].append(f"{found[0]}, frame {found[1]}")
        continue
      joints, labelled = split_missing(keypoints[order])
      track = annotations.track(found[0], person)
      track.labels.append(Label(found[1], joints, labelled, box))
      track.sizes.append(size)
  return annotations


def _read_regions(task: Mapping[str, Any]) -> Iterator[_Region]:
  """Yields the keypoints and rectangles of a task's last annotation that was not cancelled."""
  written = [
    annotation.get("result") or []
    for annotation in task.get("annotations") or []
    if isinstance(annotation, dict) and not annotation.get("was_cancelled")
  ]
  # JSON-MIN has the values of each control as a list under the control's name.
  short = [
    {"value": value, **value}
    for values in task.values()
    if isinstance(values, list)
    for value in values
    if isinstance(value, dict)
  ]
  for number, result in enumerate(written[-1] if written else short):
    value = result.get("value") if isinstance(result, dict) else None
    if not isinstance(value, dict):
      continue
    size = to_size(result.get("original_height"), result.get("original_width"))
    for kind in ("keypointlabels", "rectanglelabels"):
      labels = value.get(kind)
      if isinstance(labels, list) and labels and size is not None:
        yield _Region(
          str(labels[0]),
          value,
          str(result.get("id", number)),
          result.get("parentID"),
          size,
          kind == "keypointlabels",
        )


def _group(
  regions: Sequence[_Region], names: Sequence[str], named: bool
) -> Iterator[Tuple[Optional[str], Optional[np.ndarray], np.ndarray, Tuple[int, int]]]:
  """Yields (name, keypoints [K, 2] or None if a name is there twice, box [4], size) of people."""
  rectangles = {region.key: region for region in regions if not region.is_keypoint}
  keypoints: Dict[Optional[str], List[_Region]] = collections.defaultdict(list)
  for region in regions:
    if region.is_keypoint:
      # The only rectangle of a picture is the box of its keypoints.
      only = next(iter(rectangles)) if len(rectangles) == 1 else None
      keypoints[region.parent if region.parent in rectangles else only].append(region)
  for key, own in keypoints.items():
    height, width = own[0].size
    scale = np.array([width, height]) / 100
    positions = np.full((len(names), 2), np.nan)
    for region in own:
      place = [region.value.get("x", np.nan), region.value.get("y", np.nan)]
      positions[names.index(region.label)] = np.array(place, np.float64) * scale
    is_unique = len({region.label for region in own}) == len(own)
    box = np.zeros(4)
    if key is not None:
      value = rectangles[key].value
      sides = [float(value.get(side, 0)) for side in ("x", "y", "width", "height")]
      box = np.array([sides[0], sides[1], sides[0] + sides[2], sides[1] + sides[3]])
      box *= np.tile(scale, 2)
    name = rectangles[key].label if named and key is not None else None
    yield name, positions if is_unique else None, box, own[0].size


def _find_picture(task: Mapping[str, Any], media: Media) -> Optional[Tuple[str, int]]:
  """Finds the picture of a task by its path or, if that is unique, by its name."""
  data = task.get("data") if isinstance(task.get("data"), dict) else task
  texts = [value for value in (data or {}).values() if isinstance(value, str)]
  for text in texts:
    # Local files are written as /data/local-files/?d=PATH.
    written = urllib.parse.unquote(text.split("?d=")[-1].split("?")[0]).replace("\\", "/")
    written = re.sub(r"^\w+://[^/]*/", "", written)
    if pathlib.PurePosixPath(written).suffix.lower() not in IMAGE_SUFFIXES:
      continue
    name = pathlib.PurePosixPath(written).name
    for variant in (written, name, _UPLOAD.sub("", name)):
      found = media.find_frame(variant)
      if found is not None:
        return found
  return None
