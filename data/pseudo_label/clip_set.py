"""Folder of labelled clips for `data.clips`, written source by source.

OUTPUT/pseudo_label.json     settings of all labels in the folder
OUTPUT/SOURCE.done.json      clips and labels of a source, written last
OUTPUT/clips/CLIP/00000.jpg
OUTPUT/annotations.json      all labels in the format of docs/data.md
"""

import json
import pathlib
from typing import Any, Dict, Iterable, List, Mapping, Sequence

import numpy as np

from ppn_tf.keypoints import crops
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

from ..builder.held_out import held_out
from ..builder.pictures import encode_jpeg
from .sources import MadeClip

_SETTINGS = "pseudo_label.json"
_DONE = ".done.json"


class ClipSet:
  """Folder of labelled clips; existing content is kept."""

  def __init__(self, folder: pathlib.Path, settings: Mapping[str, Any]):
    """Opens a new folder, or an unfinished one with the same settings.

    Raises:
      InputError: the folder has other content, or labels with other settings.
    """
    self.folder = folder
    expected = json.loads(json.dumps(dict(settings)))
    path = folder / _SETTINGS
    if path.is_file():
      existing = json.loads(path.read_text(encoding="utf-8"))
      for name in sorted({*existing, *expected}):
        if existing.get(name) != expected.get(name):
          raise InputError(
            f"{folder}: was made with {name}={existing.get(name)!r}, not {expected.get(name)!r}. "
            "Give another --output, or remove the folder."
          )
      return
    if folder.exists() and any(folder.iterdir()):
      raise InputError(f"{folder}: exists without {_SETTINGS}. Give a new folder.")
    with complete_or_absent(path) as partial:
      partial.write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")

  def has(self, source: str) -> bool:
    """Returns whether a source is finished, even without clips."""
    return (self.folder / f"{source}{_DONE}").is_file()

  def write_source(self, source: str, clips: Iterable[MadeClip]) -> int:
    """Writes the clips of a source, and returns their number."""
    rows = []
    for clip in clips:
      with complete_or_absent(self.folder / "clips" / clip.name) as partial:
        partial.mkdir()
        for number, frame in enumerate(clip.frames):
          (partial / f"{number:05d}.jpg").write_bytes(encode_jpeg(frame))
      rows.append(_describe(clip))
    with complete_or_absent(self.folder / f"{source}{_DONE}") as partial:
      partial.write_text(json.dumps(rows), encoding="utf-8")
    return len(rows)

  def write_annotations(
    self, sources: Sequence[str], joint_names: Sequence[str], validation_fraction: float
  ) -> Dict[str, int]:
    """Writes annotations.json.

    Args:
      sources: names of sources. All clips of a source are in the same split.
      joint_names: names of J joints.
      validation_fraction: fraction of the sources held out for validation.
    Returns:
      Numbers of "clips", "frames" and "labels".
    """
    validation = held_out(sources, validation_fraction)
    content: Dict[str, List[Dict[str, Any]]] = {
      "categories": [{"id": 1, "name": "person", "keypoints": list(joint_names)}],
      "clips": [],
      "images": [],
      "annotations": [],
    }
    labels = 0
    for source in sources:
      split = "validation" if source in validation else "train"
      for row in json.loads((self.folder / f"{source}{_DONE}").read_text(encoding="utf-8")):
        clip = f"clips/{row['name']}"
        content["clips"].append({"name": clip, "split": split})
        for frame, (keypoints, box) in enumerate(zip(row["keypoints"], row["boxes"])):
          number = len(content["images"]) + 1
          image = {"id": number, "clip": clip, "frame": frame}
          content["images"].append({**image, "height": row["height"], "width": row["width"]})
          content["annotations"].append(
            {
              "id": number,
              "image_id": number,
              "category_id": 1,
              "keypoints": keypoints,
              "num_keypoints": sum(value > 0 for value in keypoints[2::3]),
              "bbox": box,
            }
          )
          labels += content["annotations"][-1]["num_keypoints"]
    with complete_or_absent(self.folder / "annotations.json") as partial:
      partial.write_text(json.dumps(content), encoding="utf-8")
    return {"clips": len(content["clips"]), "frames": len(content["images"]), "labels": labels}


def _describe(clip: MadeClip) -> Dict[str, Any]:
  size = clip.frames[0].shape[:2]
  corners = crops.joints_to_box(clip.keypoints, clip.kept, size).numpy().astype(float)
  boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
  marked = np.concatenate([clip.keypoints, np.where(clip.kept, 2, 0)[..., None]], axis=-1)
  marked[~clip.kept] = 0
  return {
    "name": clip.name,
    "height": size[0],
    "width": size[1],
    "keypoints": marked.reshape(len(marked), -1).round(2).tolist(),
    "boxes": boxes.round(2).tolist(),
  }
