"""What a tracked video leaves behind: an overlay, a table of keypoints, a sheet of frames."""

import contextlib
import json
import os
from typing import List, Optional, Union

import cv2
import numpy as np
import tqdm

from ppn_tf.errors import InputError
from ppn_tf.outputs import complete_or_absent
from ppn_tf.tracking import drawing
from ppn_tf.tracking.tracker import Pose, Tracker
from ppn_tf.tracking.video import Frame, ImageFolder, VideoFile, write_video

TILE_SIZE = (240, 320)
MAX_TILES = 24
_SHEET_SUFFIXES = (".png", ".jpg", ".jpeg")


class SheetSampler:
  """Keeps small copies of frames for a contact sheet of a video of unknown length."""

  def __init__(self, every: int = 0):
    """Creates a sampler.

    Args:
      every: keep each frame whose index is a multiple of it; 0 keeps evenly
        spread ones, at most MAX_TILES - 1.
    """
    self.tiles: List[np.ndarray] = []
    self._thin_out = every == 0
    self._every = every or 1

  def add(self, index: int, picture: np.ndarray) -> None:
    """Offers frame `index`, [H, W, 3] uint8 RGB."""
    if index % self._every:
      return
    self.tiles.append(drawing.fit_image(picture, *TILE_SIZE))
    if self._thin_out and len(self.tiles) == MAX_TILES:
      self.tiles, self._every = self.tiles[::2], 2 * self._every


def write_results(
  tracker: Tracker,
  video: Union[VideoFile, ImageFolder],
  overlay: Union[str, os.PathLike],
  table: Union[str, os.PathLike],
  sheet: Optional[Union[str, os.PathLike]] = None,
  every: int = 0,
) -> int:
  """Tracks through a video, shows progress, and writes all results or none.

  Args:
    tracker: reset to the video's beginning.
    video: from `open_video`.
    overlay: the video with the pose drawn, .mp4.
    table: the keypoints, .json.
    sheet: frames of the overlay in one picture, .png or .jpg.
    every: frames from tile to tile of the sheet; 0 spreads 12 to 23 evenly.
  Returns:
    the number of frames.
  Raises:
    InputError: an output would replace the video, or has an unknown format.
  """
  for path in (overlay, table, sheet):
    if path and os.path.realpath(path) == os.path.realpath(video.path):
      raise InputError(f"{path}: is the video that is read. Give another output.")
  if sheet and not str(sheet).lower().endswith(_SHEET_SUFFIXES):
    raise InputError(f"{sheet}: not an image's name. End it in .png or .jpg.")
  rows: List[dict] = []
  sampler = SheetSampler(every)
  width, height = 0, 0
  with contextlib.ExitStack() as stack:
    table_path = stack.enter_context(complete_or_absent(table))
    sheet_path = stack.enter_context(complete_or_absent(sheet)) if sheet else None
    writer = stack.enter_context(write_video(overlay, video.fps, video.time_base))
    progress = tqdm.tqdm(video, total=video.num_frames, unit="frame", disable=None)
    for index, frame in enumerate(stack.enter_context(progress)):
      pose = tracker.update(frame.image)
      rows.append(_row(index, frame, pose))
      picture = drawing.draw_skeleton(
        frame.image, pose.keypoints, pose.scores, tracker.skeleton, tracker.min_score
      )
      writer.write(picture, frame.time)
      if sheet:
        sampler.add(index, picture)
      height, width = picture.shape[:2]
    content = {
      "video": str(video.path),
      "fps": video.fps,
      "width": width,
      "height": height,
      "joint_names": tracker.skeleton.joint_names,
      "frames": rows,
    }
    table_path.write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
    if sheet_path:
      picture = drawing.contact_sheet(sampler.tiles)
      cv2.imwrite(str(sheet_path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
  return len(rows)


def _row(index: int, frame: Frame, pose: Pose) -> dict:
  """A frame of the table; keypoints are [x, y, score]."""
  joints = np.column_stack([pose.keypoints, pose.scores]).astype(np.float64)
  return {
    "index": index,
    "time": round(frame.time, 6),
    "keypoints": joints.round(3).tolist(),
    "box": [round(side, 2) for side in pose.box],
  }
