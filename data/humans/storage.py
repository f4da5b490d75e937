"""Folder of rendered clips for `data.clips`, written clip by clip and resumable.

OUTPUT/humans.json           settings of all clips in the folder
OUTPUT/clips/00001/00000.jpg
OUTPUT/labels/00001.json     labels of a clip, written last: a clip without them is unfinished
OUTPUT/annotations.json      labels of all clips in the format of docs/data.md
"""

import hashlib
import json
import pathlib
from typing import Any, Dict, Iterable, List, Mapping

from ppn_tf.keypoints.skeletons import COCO
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

from .clip import Clip, Track

# Raise it when a change alters the clips of given settings.
GENERATOR = 1
FIRST, LAST = 1, 99999

_SETTINGS = "humans.json"
_FOLDERS = ("clips", "labels")


def hash_files(files: Iterable[pathlib.Path], folder: pathlib.Path) -> str:
  """Returns a short hash of the names and sizes of files in a folder."""
  rows = sorted(f"{path.relative_to(folder).as_posix()} {path.stat().st_size}" for path in files)
  return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def prepare(output: pathlib.Path, settings: Mapping[str, Any]) -> None:
  """Creates the output folder, or checks that an existing one has these settings.

  Raises:
    InputError: the folder holds other clips, or cannot be written.
  """
  expected = {"generator": GENERATOR, **settings}
  path = output / _SETTINGS
  try:
    existing = json.loads(path.read_text(encoding="utf-8"))
  except FileNotFoundError:
    if output.exists() and any(output.iterdir()):
      raise InputError(f"{output}: exists without {_SETTINGS}. Give a new folder.") from None
    with complete_or_absent(path) as partial:
      partial.write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")
    existing = expected
  except (OSError, ValueError) as error:
    raise InputError(f"{path}: cannot be read ({error}). Give another --output.") from error
  existing = existing if isinstance(existing, dict) else {}
  for name, value in expected.items():
    if existing.get(name) != value:
      raise InputError(
        f"{output}: was made with {name} {existing.get(name)}, not {value}. Give another "
        "--output, or the same settings."
      )
  try:
    for name in _FOLDERS:
      (output / name).mkdir(exist_ok=True)
  except OSError as error:
    raise InputError(
      f"{output}: cannot be written ({error.strerror}). Give another --output."
    ) from error


def _label_path(output: pathlib.Path, number: int) -> pathlib.Path:
  return output / "labels" / f"{number:05d}.json"


def is_finished(output: pathlib.Path, number: int) -> bool:
  """Returns whether a clip and its labels are there."""
  return _label_path(output, number).is_file()


def write_clip(output: pathlib.Path, number: int, clip: Clip) -> None:
  """Writes a clip and then its labels.

  Raises:
    InputError: the output cannot be written.
  """
  folder = output / "clips" / f"{number:05d}"
  try:
    with complete_or_absent(folder) as partial:
      partial.mkdir()
      for t, frame in enumerate(clip.frames):
        (partial / f"{t:05d}.jpg").write_bytes(frame)
    with complete_or_absent(_label_path(output, number)) as partial:
      rows = [_describe(track) for track in clip.tracks]
      partial.write_text(json.dumps(rows), encoding="utf-8")
  except OSError as error:
    raise InputError(
      f"{folder}: cannot be written ({error.strerror}). Fix that and start again to resume."
    ) from error


def _describe(track: Track) -> Dict[str, Any]:
  """Returns labels as COCO has them: x, y, v of each joint, and x, y, width, height of boxes."""
  boxes = track.boxes.copy()
  boxes[:, 2:] -= boxes[:, :2]
  labelled = boxes.any(axis=1)
  keypoints = [
    [
      number
      for (x, y), state in zip(points.round(2).tolist(), states.tolist())
      for number in (x, y, state)
    ]
    for points, states in zip(track.keypoints, track.states)
  ]
  return {
    "keypoints": [row if known else None for row, known in zip(keypoints, labelled)],
    "boxes": boxes.round(2).tolist(),
  }


def write_annotations(output: pathlib.Path, numbers: Iterable[int], size: int) -> Dict[str, int]:
  """Writes annotations.json.

  Args:
    output: the folder.
    numbers: numbers of finished clips.
    size: height and width of a frame in pixels.
  Returns:
    Numbers of "clips", "frames", "people" (tracks) and "joints" inside the frames.
  """
  content: Dict[str, List[Dict[str, Any]]] = {
    "categories": [{"id": 1, "name": "person", "keypoints": list(COCO.joint_names)}],
    "clips": [],
    "images": [],
    "annotations": [],
  }
  people = joints = 0
  for number in numbers:
    clip = f"clips/{number:05d}"
    tracks = json.loads(_label_path(output, number).read_text(encoding="utf-8"))
    people += len(tracks)
    content["clips"].append({"name": clip})
    count = len(tracks[0]["keypoints"]) if tracks else 0
    for frame in range(count):
      image = len(content["images"]) + 1
      content["images"].append(
        {"id": image, "clip": clip, "frame": frame, "height": size, "width": size}
      )
      for person, track in enumerate(tracks, start=1):
        keypoints = track["keypoints"][frame]
        if keypoints is None:
          continue
        inside = sum(value > 0 for value in keypoints[2::3])
        joints += inside
        content["annotations"].append(
          {
            "id": len(content["annotations"]) + 1,
            "image_id": image,
            "category_id": 1,
            "track_id": person,
            "keypoints": keypoints,
            "num_keypoints": inside,
            "bbox": track["boxes"][frame],
          }
        )
  with complete_or_absent(output / "annotations.json") as partial:
    partial.write_text(json.dumps(content), encoding="utf-8")
  frames = len(content["images"])
  return {"clips": len(content["clips"]), "frames": frames, "people": people, "joints": joints}
