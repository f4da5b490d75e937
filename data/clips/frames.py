"""Encoded frames of a video or a folder of images."""

import pathlib
from typing import List, Tuple

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.containers import open_container
from ppn_tf.tracking.video.images import list_images
from ppn_tf.tracking.video.reader import VideoFile

from ..builder.account import ClipError
from ..builder.frames import Frame, read_frames
from ..builder.pictures import check_pixels, encode_jpeg

# A clip is one record, and a record cannot exceed 2 GB.
MAX_BYTES = 1 << 30


def read_part(
  path: pathlib.Path, first: int, last: int, strict: bool = False
) -> Tuple[List[Frame], Tuple[int, int]]:
  """Reads frames of a video or a folder of images.

  Upright images of a folder keep their bytes; frames of a video become JPEGs.

  Args:
    path: video or folder.
    first: first frame, counted from 0.
    last: last frame, inclusive.
    strict: whether a damaged frame raises its ClipError.
  Returns:
    Encoded frames, and their (height, width). A damaged image is replaced by its ClipError. So are
    all frames of a video from the first damage on, because the numbers of later frames are unknown.
  Raises:
    ClipError: there are fewer frames, none of them can be decoded, or they exceed MAX_BYTES.
  """
  if path.is_dir():
    files = list_images(path)
    _check_length(path, len(files), last)
    chosen = files[first : last + 1]
    _check_bytes(path, sum(file.stat().st_size for file in chosen))
    return read_frames(chosen, strict)
  if not path.is_file():
    raise ClipError("no frames", f"{path}: no such file or folder, but it has labels.")
  return _read_video(path, first, last, strict)


def open_video_file(path: pathlib.Path, strict: bool = False) -> VideoFile:
  """Opens a video whose frames have at most MAX_PIXELS.

  Raises:
    InputError: not a video.
    ClipError: its frames have more pixels.
  """
  with open_container(str(path.absolute()), str(path)) as container:
    for stream in container.streams.video:
      check_pixels(path, getattr(stream, "width", 0) or 0, getattr(stream, "height", 0) or 0)
  return VideoFile(path, strict=strict)


def _read_video(
  path: pathlib.Path, first: int, last: int, strict: bool
) -> Tuple[List[Frame], Tuple[int, int]]:
  frames: List[Frame] = []
  size, count, total = (0, 0), 0, 0
  try:
    for frame in open_video_file(path, strict=True):
      if count >= first:
        size = (frame.image.shape[0], frame.image.shape[1])
        encoded = encode_jpeg(frame.image)
        frames.append(encoded)
        total += len(encoded)
        _check_bytes(path, total)
      count += 1
      if count > last:
        return frames, size
  except ClipError:
    raise
  except InputError as error:
    problem = ClipError("unreadable video", str(error))
    if strict or not frames:
      raise problem from error
    return frames + [problem] * (last + 1 - count), size
  _check_length(path, count, last)
  return frames, size


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
