"""Sources of frames: video files, folders, cameras, streams, and parts of them."""

import contextlib
import itertools
import os
import pathlib
import re
import sys
from typing import Any, BinaryIO, Dict, Generator, Iterator, Optional, Tuple, Union

from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.containers import open_container
from ppn_tf.tracking.video.frame import Frame
from ppn_tf.tracking.video.images import ImageFolder
from ppn_tf.tracking.video.reader import VideoFile, open_video

STANDARD_INPUT = "-"
_STREAM, _CAMERA = "stdin", "camera{}"  # names of live sources
# FFmpeg's input format for the cameras of a system, and its name for the N-th.
_CAMERAS: Dict[str, Tuple[str, str]] = {
  "linux": ("video4linux2", "/dev/video{}"),
  "darwin": ("avfoundation", "{}:none"),
}


class LiveVideo(VideoFile):
  """Camera or stream, which is read once and has no known length.

  Attributes: those of `VideoFile`, and those of the constructor.
  """

  def __init__(
    self,
    name: str,
    source: Any,
    strict: bool = False,
    waits: bool = True,
    device: Optional[str] = None,
  ):
    """Opens a source.

    Args:
      name: name in messages and of outputs.
      source: a device, or a binary file that need not seek.
      strict: see `VideoFile`.
      waits: whether the source keeps its frames until they are read, as a pipe does and a camera
        does not.
      device: FFmpeg's input format of a device; None for a file.
    Raises:
      InputError: the source cannot be read.
    """
    self.waits = waits
    self._opened = open_container(source, name, device)
    super().__init__(name, strict)
    self.num_frames = None

  @contextlib.contextmanager
  def _container(self) -> Iterator[Any]:
    yield self._opened

  def frames(self, start: float = 0.0) -> Generator[Frame, None, None]:
    """Yields the frames from `start` seconds on, then closes the source."""
    try:
      # A live source cannot seek forward.
      yield from (frame for frame in super().frames() if frame.time >= start - 1e-6)
    finally:
      self._opened.close()


Video = Union[VideoFile, ImageFolder]


class Excerpt:
  """Part of a video, or every N-th frame of it; times stay those of the whole video.

  Attributes:
    video: the whole video.
    fps: frames per second of the excerpt.
    num_frames: number of frames, at most; None if unknown.
  """

  def __init__(
    self,
    video: Video,
    start: float = 0.0,
    end: Optional[float] = None,
    every: int = 1,
    may_be_empty: bool = False,
  ):
    """Creates an excerpt.

    Args:
      video: a source from `open_source`.
      start: time of the first frame, in seconds.
      end: time before which the excerpt stops, in seconds; None: the end of the video.
      every: step from one frame to the next, in frames.
      may_be_empty: whether an excerpt without frames is no error.
    Raises:
      InputError: no time lies between start and end, or every is below 1.
    """
    check_part(start, end, every)
    self.video, self.start, self.end, self.every = video, start, end, every
    self._may_be_empty = may_be_empty
    self.fps = video.fps / every
    self.num_frames: Optional[int] = None
    if video.num_frames is not None:
      last = video.num_frames if end is None else min(video.num_frames, round(end * video.fps))
      self.num_frames = max(0, -(-(last - round(start * video.fps)) // every))

  @property
  def is_live(self) -> bool:
    """Returns whether the source is a camera or a stream."""
    return isinstance(self.video, LiveVideo)

  @property
  def waits(self) -> bool:
    """Returns whether the source keeps frames until they are read, as a camera does not."""
    return not isinstance(self.video, LiveVideo) or self.video.waits

  def __iter__(self) -> Iterator[Frame]:
    """Yields the frames.

    Raises:
      InputError: no frame lies in the excerpt, which may not be empty.
    """
    count = 0
    frames = self.video.frames(self.start)
    with contextlib.closing(frames):
      inside = itertools.takewhile(lambda frame: self.end is None or frame.time < self.end, frames)
      for frame in itertools.islice(inside, 0, None, self.every):
        count += 1
        yield frame
    if not count and not self._may_be_empty:
      length = self.video.num_frames
      known = f"; the video is {length / self.video.fps:.2f} s long" if length else ""
      raise InputError(
        f"{self.video.path}: no frame from start={self.start:g} s on{known}. Give an earlier start."
      )


def check_part(start: float, end: Optional[float], every: int) -> None:
  """Checks times in seconds and a step in frames; takes the arguments of `Excerpt`.

  Raises:
    InputError: no time lies between start and end, or every is below 1.
  """
  if start < 0 or (end is not None and end <= start):
    raise InputError(
      f"start={start:g}, end={'None' if end is None else f'{end:g}'}: not a part of a video. "
      "Give a start of 0 or more and a later end, in seconds."
    )
  if every < 1:
    raise InputError(f"every={every}: not a step in frames. Give 1 or more.")


def open_source(
  source: Union[str, os.PathLike],
  fps: float = 30.0,
  strict: bool = False,
  standard_input: Optional[BinaryIO] = None,
) -> Video:
  """Opens a video file, a folder of images, a camera or a stream.

  PyAV reads cameras like files. cv2.VideoCapture would lose the time at which the device took
  each picture.

  Args:
    source: a path; a number, or /dev/videoN, for a camera; "-" for standard input, in a format
      that can be read without seeking, such as Matroska.
    fps: frames per second of a folder of images.
    strict: whether damaged frames raise InputError; else they are skipped and counted.
    standard_input: binary file to read for "-" instead of standard input.
  Returns:
    an iterable of `Frame`.
  Raises:
    InputError: no such source, or none that can be read.
  """
  text = os.fspath(source)
  scheme = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text)
  if scheme:
    raise InputError(
      f"{scheme[0]}...: an address, which is not opened. Give a file, or pipe the stream: "
      f"ffmpeg -i ADDRESS -f matroska - | {command('track')} -"
    )
  if text == STANDARD_INPUT:
    # A buffer would delay the frames of a live stream until it is full.
    return LiveVideo(_STREAM, standard_input or open(0, "rb", 0, closefd=False), strict)
  camera = _camera_number(text)
  return open_video(source, fps, strict) if camera is None else _open_camera(text, camera, strict)


def source_name(source: Union[str, os.PathLike]) -> str:
  """Returns the name of a source for the names of outputs.

  It is "clip" for the file videos/clip.mp4, and "walk.1" for the folder videos/walk.1.
  """
  text = os.fspath(source)
  if text == STANDARD_INPUT:
    return _STREAM
  camera = _camera_number(text)
  if camera is not None:
    return _CAMERA.format(camera)
  path = pathlib.Path(text).absolute()
  return path.name if path.is_dir() else path.stem


def _camera_number(text: str) -> Optional[int]:
  """Returns the number of a camera; None if `text` is a path."""
  number = re.fullmatch(r"(?:/dev/video)?(\d+)", text)
  path = pathlib.Path(text)
  return int(number[1]) if number and not path.is_dir() and not path.is_file() else None


def _open_camera(text: str, number: int, strict: bool) -> LiveVideo:
  if sys.platform not in _CAMERAS:
    raise InputError(
      f"{text}: cameras are supported on Linux and macOS only. Pipe a stream instead: "
      f"ffmpeg ... -f matroska - | {command('track')} -"
    )
  kind, device = _CAMERAS[sys.platform]
  try:
    return LiveVideo(
      _CAMERA.format(number), device.format(number), strict, waits=False, device=kind
    )
  except InputError as error:
    raise InputError(
      f"{text}: no camera that can be read ({device.format(number)}). "
      "Give another number, the path of a video, or - for a stream."
    ) from error
