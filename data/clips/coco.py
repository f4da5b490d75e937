"""COCO's JSON, as people and annotation tools write it.

docs/data.md and `python -m data.clips --help` describe the schema. Entries that do not matter,
such as those of other categories, are not checked.
"""

import pathlib
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError

from .annotations import Annotations, Label
from .json_values import (
  load_json,
  to_box,
  to_identity,
  to_joints,
  to_relative_path,
  to_size,
  to_whole,
)
from .media import Media
from .skeleton import parse_skeleton

SPLITS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
_LISTS = ("images", "annotations", "categories")
# Keys of a person's number: ours, then those of tools, which may be in "attributes".
_PERSONS = ("track_id", "trackid", "instance_id")


class _Image(NamedTuple):
  clip: str
  frame: int
  size: Optional[Tuple[int, int]]


class _Missing(NamedTuple):
  """Image whose file is not below the source."""

  file_name: str


def read_coco(path: pathlib.Path, media: Media) -> Annotations:
  """Reads the JSON.

  Args:
    path: the file.
    media: files of the source, to find the frames that "file_name" names.
  Raises:
    InputError: the file is not JSON of the schema, or no annotation has joints.
  """
  content = _load(path)
  category, skeleton = _find_category(path, content)
  annotations = Annotations(skeleton)
  relevant = _select(content["annotations"], category, annotations)
  images = _read_images(path, content["images"], relevant, media)
  for index, (image_id, annotation) in relevant.items():
    _add(annotations, f"annotations[{index}]", images.get(image_id), annotation)
  if not annotations.tracks:
    counts = [f"{count} {reason}" for reason, count in annotations.ignored.items()]
    counts += [f"{len(names)} {reason}" for reason, names in annotations.dropped.items()]
    raise InputError(f"{path}: no annotation has joints ({', '.join(counts) or 'none is there'}).")
  _read_clips(path, content.get("clips") or [], annotations)
  return annotations


def _load(path: pathlib.Path) -> Dict[str, Any]:
  content = load_json(path)
  if not isinstance(content, dict):
    raise InputError(f'{path}: expected an object with "images", "annotations", "categories".')
  lacking = [key for key in _LISTS if not isinstance(content.get(key), list)]
  if lacking:
    raise InputError(f"{path}: lacks the list {', '.join(map(repr, lacking))}. See docs/data.md.")
  return content


def _find_category(path: pathlib.Path, content: Mapping[str, Any]) -> Tuple[str, Skeleton]:
  """Returns the id and the skeleton of the only category with joints that has annotations."""
  categories = content["categories"]
  jointed = {}
  for index, category in enumerate(categories):
    if isinstance(category, dict) and (category.get("keypoints") or category.get("skeleton")):
      jointed[index] = to_identity(category.get("id"))
  if len(jointed) > 1:
    used = {
      to_identity(annotation.get("category_id"))
      for annotation in content["annotations"]
      if isinstance(annotation, dict) and annotation.get("keypoints")
    }
    jointed = {index: number for index, number in jointed.items() if number in used} or jointed
  if len(jointed) != 1:
    raise InputError(
      f'{path}: {len(jointed)} of {len(categories)} categories have "keypoints" or "skeleton", and '
      "annotations; expected exactly one. Remove the others."
    )
  ((index, number),) = jointed.items()
  where = f"{path}: categories[{index}]"
  if number is None:
    raise InputError(f'{where}: "id" is {categories[index].get("id")!r}, expected a number.')
  return number, parse_skeleton(categories[index], where)


def _select(
  entries: Sequence[Any], category: str, annotations: Annotations
) -> Dict[int, Tuple[str, Mapping[str, Any]]]:
  """Returns the annotations with joints: (id of the image, entry) by index; counts all others."""
  relevant: Dict[int, Tuple[str, Mapping[str, Any]]] = {}
  for index, entry in enumerate(entries):
    name = f"annotations[{index}]"
    if not isinstance(entry, dict):
      annotations.dropped["annotations that are no objects"].append(name)
    elif entry.get("category_id") is None:
      annotations.dropped["annotations without a category_id"].append(name)
    elif to_identity(entry["category_id"]) != category:
      annotations.ignored["annotations of other categories"] += 1
    elif to_whole(entry.get("iscrowd")):
      annotations.ignored["annotations of crowds"] += 1
    elif not entry.get("keypoints"):
      annotations.ignored["annotations without joints"] += 1
    else:
      image_id = to_identity(entry.get("image_id"))
      if image_id is None:
        annotations.dropped["annotations without an image_id"].append(name)
      else:
        relevant[index] = image_id, entry
  return relevant


def _read_images(
  path: pathlib.Path,
  entries: Sequence[Any],
  relevant: Mapping[int, Tuple[str, Any]],
  media: Media,
) -> Dict[str, Any]:
  """Returns an _Image or _Missing by id, of those that annotations with joints refer to.

  Raises:
    InputError: two images have the same id, or one has no usable clip and frame.
  """
  wanted = {image_id for image_id, _ in relevant.values()}
  images: Dict[str, Any] = {}
  for index, entry in enumerate(entries):
    image_id = to_identity(entry.get("id")) if isinstance(entry, dict) else None
    if image_id is None or image_id not in wanted:
      continue
    image = _read_image(f"{path}: images[{index}]", entry, media)
    if images.setdefault(image_id, image) != image:
      raise InputError(f'{path}: images[{index}]: "id" is {entry["id"]!r}, which is not unique.')
  return images


def _read_image(where: str, entry: Mapping[str, Any], media: Media) -> Any:
  size = to_size(entry.get("height"), entry.get("width"))
  lacking = [repr(key) for key in ("clip", "frame") if key not in entry]
  if lacking and "file_name" in entry:
    name = entry["file_name"]
    if not isinstance(name, str) or not name.strip():
      raise InputError(f'{where}: "file_name" is {name!r}, expected the path of an image.')
    found = media.find_frame(name.strip().replace("\\", "/"))
    return _Missing(name) if found is None else _Image(*found, size)
  if lacking:
    raise InputError(f"{where} lacks {', '.join(lacking)}. See docs/data.md.")
  clip, frame = to_relative_path(entry["clip"]), to_whole(entry["frame"])
  if clip is None:
    raise InputError(
      f'{where}: "clip" is {entry["clip"]!r}, expected a file or folder below {media.folder}.'
    )
  if frame is None or frame < 0:
    raise InputError(f'{where}: "frame" is {entry["frame"]!r}, expected a number from 0.')
  return _Image(clip, frame, size)


def _add(annotations: Annotations, name: str, image: Any, entry: Mapping[str, Any]) -> None:
  """Adds an annotation to its track, or to those that are dropped."""
  if image is None:
    annotations.ignored["annotations of an image_id that is not in images"] += 1
    return
  if isinstance(image, _Missing):
    annotations.dropped["labels of images that are missing or not unique"].append(image.file_name)
    return
  try:
    keypoints, labelled = to_joints(entry["keypoints"], annotations.skeleton.num_joints)
  except ValueError as error:
    reason = f"annotations with {error}"
    annotations.dropped[reason].append(f"{name} ({image.clip}, frame {image.frame})")
    return
  track = annotations.track(image.clip, _find_person(entry))
  track.labels.append(Label(image.frame, keypoints, labelled, to_box(entry.get("bbox"))))
  if image.size is not None:
    track.sizes.append(image.size)


def _find_person(entry: Mapping[str, Any]) -> Optional[str]:
  """Returns the text of a person's number, as `track_id` or in CVAT's `attributes`."""
  attributes = entry.get("attributes")
  for holder in (entry, attributes if isinstance(attributes, dict) else {}):
    for key in _PERSONS:
      person = to_identity(holder.get(key))
      if person is not None:
        return person
  return None


def _read_clips(path: pathlib.Path, entries: Any, annotations: Annotations) -> None:
  """Adds splits and activities of labelled clips.

  Raises:
    InputError: the split of a labelled clip is unknown, or it has two.
  """
  labelled = {track.clip for track in annotations.tracks.values()}
  if not isinstance(entries, list):
    raise InputError(f'{path}: "clips" must be a list. See docs/data.md.')
  for index, entry in enumerate(entries):
    where = f"{path}: clips[{index}]"
    if not isinstance(entry, dict) or "name" not in entry:
      raise InputError(f"{where} lacks 'name'. See docs/data.md.")
    clip = to_relative_path(entry["name"])
    if clip is None:
      raise InputError(f'{where}: "name" is {entry["name"]!r}, expected a path below the source.')
    if clip not in labelled:
      annotations.unused.append(clip)
      continue
    if entry.get("split") is not None:
      split = SPLITS.get(str(entry["split"]).strip().lower())
      if split is None:
        expected = ", ".join(dict.fromkeys(SPLITS.values()))
        raise InputError(f'{where}: "split" is {entry["split"]!r}, expected one of {expected}.')
      other = annotations.splits.setdefault(clip, split)
      if other != split:
        raise InputError(f"{where}: puts {clip} into {split}, but it is in {other}. Keep one.")
    if entry.get("action") is not None:
      annotations.actions.setdefault(clip, str(entry["action"]))
