"""Shows frames of tracked videos from the output of the command track."""

import dataclasses
import pathlib
from typing import Any, Dict, List, Tuple

import numpy as np

from ppn_tf.evaluation.reporting.images import Picture, jpeg, tiled
from ppn_tf.evaluation.reporting.moments import spread
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.json_text import parse_json
from ppn_tf.tracking.output.drawing import fit_image
from ppn_tf.tracking.video.reader import open_video

_MIN_SCORE = 0.2  # minimum score of a detected joint, as drawn by track by default


@dataclasses.dataclass(frozen=True)
class Track:
  """Holds frames of an overlay video, with a caption."""

  picture: Picture
  caption: str


def read_track(value: str, num_frames: int = 8) -> Track:
  """Reads one value of --track.

  Args:
    value: "FILE.json,FILE.mp4", in either order.
    num_frames: number of frames to show, evenly spread over the video.

  Raises:
    InputError: If the value has another form, or a file is missing or invalid.
  """
  parts = [pathlib.Path(part.strip()).expanduser() for part in value.split(",") if part.strip()]
  tables = [path for path in parts if path.suffix.lower() == ".json"]
  videos = [path for path in parts if path.suffix.lower() != ".json"]
  if len(tables) != 1 or len(videos) != 1:
    raise InputError(
      f"--track={value}: expected NAME_pose.json,NAME_pose.mp4 as `{command('track')}` writes."
    )
  table = _read_table(tables[0])
  name = pathlib.PurePath(table["video"]).name
  frames, count = table["frames"], len(table["frames"])
  tiles = _read_tiles(videos[0], spread(count, num_frames))
  try:
    scores = np.array([[joint[2] for joint in frame["keypoints"]] for frame in frames], float)
  except (KeyError, IndexError, TypeError, ValueError) as error:
    raise InputError(
      f'{tables[0]}: lacks "keypoints" of (x, y, score) in its frames. '
      f"Give the JSON file that `{command('track')}` wrote of one person."
    ) from error
  detected = 100 * float(np.mean(scores >= _MIN_SCORE))
  portrait = tiles.shape[1] > tiles.shape[2]
  alt = f"{len(tiles)} frames of {name} with the tracked skeleton drawn over the person."
  caption = (
    f"{name}: {count:,} frames of {table['width']}×{table['height']} at {table['fps']:.4g} per "
    f"second. {detected:.0f} % of the joints score {_MIN_SCORE:g} or more."
  )
  return Track(jpeg(tiled(tiles, len(tiles) if portrait else 4), alt), caption)


def _read_table(path: pathlib.Path) -> Dict[str, Any]:
  try:
    table = parse_json(path.read_text(encoding="utf-8"))
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


def _read_tiles(path: pathlib.Path, indices: List[int]) -> np.ndarray:
  """Reads frames [N, H, W, 3] uint8 of a video by index, scaled down to fit 270 x 270."""
  tiles = []
  for index, frame in enumerate(open_video(path)):
    if index in indices:
      tiles.append(fit_image(frame.image, *_get_tile_size(frame.image.shape)))
    if index >= indices[-1]:
      break
  return np.stack(tiles)


def _get_tile_size(shape: Tuple[int, ...]) -> Tuple[int, int]:
  """Returns (height, width) of a tile, at most that of the frame."""
  zoom = min(1.0, 270 / max(shape[:2]))
  return round(shape[0] * zoom), round(shape[1] * zoom)
