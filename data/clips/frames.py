"""Encoded frames of a video or a folder of images."""

import pathlib
from typing import List, Tuple

import cv2
import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.reader import VideoFile

from ..builder.account import ClipError
from ..builder.frames import read_frames
from .media import list_images

JPEG_QUALITY = 95

# A clip is one record, and a record cannot exceed 2 GB.
MAX_BYTES = 1 << 30


def read_part(path: pathlib.Path, first: int, last: int) -> Tuple[List[bytes], Tuple[int, int]]:
  """Reads frames of a video or a folder of images.

  Images of a folder keep their bytes; frames of a video become JPEGs of quality 95.

  Args:
    path: video or folder.
    first: first frame, counted from 0.
    last: last frame, inclusive.
  Returns:
    Encoded frames, and their (height, width).
  Raises:
    ClipError: there are fewer frames, a frame cannot be decoded, or the frames exceed MAX_BYTES.
  """
  if path.is_dir():
    files = list_images(path)
    _check_length(path, len(files), last)
    chosen = files[first : last + 1]
    _check_bytes(path, sum(file.stat().st_size for file in chosen))
    return read_frames(chosen)
  if not path.is_file():
    raise ClipError("no frames", f"{path}: no such file or folder, but it has labels.")
  return _read_video(path, first, last)


def _read_video(path: pathlib.Path, first: int, last: int) -> Tuple[List[bytes], Tuple[int, int]]:
  frames: List[bytes] = []
  size, count, total = (0, 0), 0, 0
  try:
    for frame in VideoFile(path, strict=True):
      if count >= first:
        size = (frame.image.shape[0], frame.image.shape[1])
        frames.append(_to_jpeg(frame.image))
        total += len(frames[-1])
        _check_bytes(path, total)
      count += 1
      if count > last:
        return frames, size
  except ClipError:
    raise
  except InputError as error:
    raise ClipError("unreadable video", str(error)) from error
  _check_length(path, count, last)
  return frames, size


def _to_jpeg(image: np.ndarray) -> bytes:
  _, encoded = cv2.imencode(
    ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
  )
  return encoded.tobytes()


def _check_length(path: pathlib.Path, count: int, last: int) -> None:
  if count <= last:
    raise ClipError(
      "frames and labels disagree",
      f"{path}: {count} frames, but the last labelled frame is {last} (the first is 0).",
    )


def _check_bytes(path: pathlib.Path, total: int) -> None:
  if total > MAX_BYTES:
    raise ClipError(
      "too long", f"{path}: the labelled part exceeds 1 GB. Label it as several clips."
    )
