"""Frames of a tracked video, from what `python -m ppn_tf.track` wrote."""

import dataclasses
import json
import pathlib
from typing import Any, Dict, List, Tuple

import numpy as np

from ppn_tf.evaluation.reporting.images import Picture, jpeg, tiled
from ppn_tf.evaluation.reporting.moments import spread
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.output.drawing import fit_image
from ppn_tf.tracking.video.reader import open_video

_SEEN = 0.2  # a joint's least score to count as found; track draws from there on by default


@dataclasses.dataclass(frozen=True)
class Track:
  """Frames of an overlay video, and what they are."""

  picture: Picture
  caption: str


def read_track(value: str, num_frames: int = 8) -> Track:
  """Reads one value of --track.

  Args:
    value: "FILE.json,FILE.mp4", in either order.
    num_frames: frames to show, evenly spread over the video.

  Raises:
    InputError: not of that form, or a file is missing or something else.
  """
  parts = [pathlib.Path(part.strip()).expanduser() for part in value.split(",") if part.strip()]
  tables = [path for path in parts if path.suffix.lower() == ".json"]
  videos = [path for path in parts if path.suffix.lower() != ".json"]
  if len(tables) != 1 or len(videos) != 1:
    raise InputError(
      f"--track={value}: wanted NAME_pose.json,NAME_pose.mp4 as `{command('track')}` writes."
    )
  table = _read_table(tables[0])
  name = pathlib.PurePath(table["video"]).name
  frames, count = table["frames"], len(table["frames"])
  tiles = _tiles(videos[0], spread(count, num_frames))
  try:
    scores = np.array([[joint[2] for joint in frame["keypoints"]] for frame in frames], float)
  except (KeyError, IndexError, TypeError, ValueError) as error:
    raise InputError(
      f'{tables[0]}: lacks "keypoints" of (x, y, score) in its frames. '
      f"Give the JSON file that `{command('track')}` wrote of one person."
    ) from error
  found = 100 * float(np.mean(scores >= _SEEN))
  portrait = tiles.shape[1] > tiles.shape[2]
  alt = f"{len(tiles)} frames of {name} with the tracked skeleton drawn over the person."
  caption = (
    f"{name}: {count:,} frames of {table['width']}×{table['height']} at {table['fps']:.4g} a "
    f"second. {found:.0f} % of the joints score {_SEEN:g} or more."
  )
  return Track(jpeg(tiled(tiles, len(tiles) if portrait else 4), alt), caption)


def _read_table(path: pathlib.Path) -> Dict[str, Any]:
  try:
    table = json.loads(path.read_text(encoding="utf-8"))
    lacking = [key for key in ("video", "fps", "width", "height", "frames") if not table.get(key)]
  except OSError as error:
    raise InputError(f"{path}: cannot be read ({error.strerror}). Check the path.") from error
  except (ValueError, AttributeError):
    lacking = ["an object of tracked frames"]
  if lacking:
    raise InputError(
      f"{path}: lacks {', '.join(lacking)}. Give the JSON file that `{command('track')}` wrote."
    )
  return table


def _tiles(path: pathlib.Path, wanted: List[int]) -> np.ndarray:
  """The wanted frames [N, H, W, 3] uint8 of a video, shrunk to fit 270 x 270."""
  tiles = []
  for index, frame in enumerate(open_video(path)):
    if index in wanted:
      tiles.append(fit_image(frame.image, *_tile_size(frame.image.shape)))
    if index >= wanted[-1]:
      break
  return np.stack(tiles)


def _tile_size(shape: Tuple[int, ...]) -> Tuple[int, int]:
  """(height, width): the shape's own or smaller."""
  zoom = min(1.0, 270 / max(shape[:2]))
  return round(shape[0] * zoom), round(shape[1] * zoom)
