"""What can be tracked: video files, folders, cameras, streams, and parts of them."""

import contextlib
import itertools
import os
import pathlib
import re
import sys
from typing import Any, BinaryIO, Dict, Generator, Iterator, Optional, Tuple, Union

from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.reader import Frame, ImageFolder, VideoFile, open_container, open_video

STANDARD_INPUT = "-"
# FFmpeg's input format of a system's cameras, and what it calls the N-th.
_CAMERAS: Dict[str, Tuple[str, str]] = {
  "linux": ("video4linux2", "/dev/video{}"),
  "darwin": ("avfoundation", "{}:none"),
}


class LiveVideo(VideoFile):
  """A camera or a stream: it is read once, as it comes, and has no known length.

  Attributes: those of `VideoFile`, and those of the constructor.
  """

  def __init__(
    self, name: str, source: Any, strict: bool = False, waits: bool = True, **options: Any
  ):
    """Opens it.

    Args:
      name: for messages and the outputs' names.
      source: a device, or a binary file that need not seek.
      strict: see `VideoFile`.
      waits: the source waits until it is read, as a pipe does and a camera does not.
      **options: of `av.open`.
    Raises:
      InputError: it cannot be read.
    """
    self.waits = waits
    self._opened = open_container(source, name, **options)
    super().__init__(name, strict)
    self.num_frames = None

  @contextlib.contextmanager
  def _container(self) -> Iterator[Any]:
    yield self._opened

  def frames(self, start: float = 0.0) -> Generator[Frame, None, None]:
    """Yields the frames from `start` seconds on; afterwards it is closed."""
    try:
      # There is no going ahead in what has not happened yet.
      yield from (frame for frame in super().frames() if frame.time >= start - 1e-6)
    finally:
      self._opened.close()


Video = Union[VideoFile, ImageFolder]


class Excerpt:
  """A part of a video, or each N-th frame of it; times stay the whole video's.

  Attributes:
    video: the whole.
    fps: frames per second of what is left.
    num_frames: how many there may be; None if that is unknown.
  """

  def __init__(self, video: Video, start: float = 0.0, end: Optional[float] = None, every: int = 1):
    """Chooses frames.

    Args:
      video: from `open_source`.
      start: seconds; frames before are left out.
      end: seconds; this one and later ones are left out.
      every: each so many-th frame is kept, the first one among them.
    Raises:
      InputError: no time lies between start and end.
    """
    if start < 0 or (end is not None and end <= start):
      raise InputError(
        f"from {start:g} to {'the end' if end is None else f'{end:g}'} seconds is no part of a "
        "video. Give --start=0 or later and --end later than that."
      )
    self.video, self.start, self.end, self.every = video, start, end, every
    self.fps = video.fps / every
    self.num_frames: Optional[int] = None
    if video.num_frames is not None:
      last = video.num_frames if end is None else min(video.num_frames, round(end * video.fps))
      self.num_frames = max(0, -(-(last - round(start * video.fps)) // every))

  @property
  def is_live(self) -> bool:
    """Whether frames come when they come."""
    return isinstance(self.video, LiveVideo)

  @property
  def waits(self) -> bool:
    """Whether no frame is lost while nobody reads."""
    return not isinstance(self.video, LiveVideo) or self.video.waits

  def __iter__(self) -> Iterator[Frame]:
    """Yields the frames.

    Raises:
      InputError: there are none.
    """
    count = 0
    frames = self.video.frames(self.start)
    with contextlib.closing(frames):
      wanted = itertools.takewhile(lambda one: self.end is None or one.time < self.end, frames)
      for frame in itertools.islice(wanted, 0, None, self.every):
        count += 1
        yield frame
    if not count:
      length = self.video.num_frames
      known = f"; it is {length / self.video.fps:.2f} s long" if length else ""
      raise InputError(
        f"{self.video.path}: no frame from {self.start:g} s on{known}. Give another --start."
      )


def open_source(
  source: Union[str, os.PathLike],
  fps: float = 30.0,
  strict: bool = False,
  standard_input: Optional[BinaryIO] = None,
) -> Video:
  """Opens a video file, a folder of images, a camera or a stream.

  Cameras are read by PyAV, as files are, and not by cv2.VideoCapture: it gives each
  picture the time at which the device took it, and one way of reading serves all.

  Args:
    source: a path; a number, or /dev/videoN, for a camera; "-" for standard input,
      which must be a format that can be read from its beginning on, as Matroska.
    fps: frames per second of a folder of images.
    strict: damaged frames raise InputError; else they are skipped and counted.
    standard_input: read for "-" instead of sys.stdin.
  Returns:
    an iterable of `Frame`.
  Raises:
    InputError: there is nothing that can be read.
  """
  text = os.fspath(source)
  if text == STANDARD_INPUT:
    # Unbuffered: a buffer waits until it is full, and a live stream's pictures with it.
    return LiveVideo("stdin", standard_input or open(0, "rb", 0, closefd=False), strict)
  number = re.fullmatch(r"(?:/dev/video)?(\d+)", text)
  if number and not pathlib.Path(text).is_dir() and not pathlib.Path(text).is_file():
    return _open_camera(text, int(number[1]), strict)
  return open_video(source, fps, strict)


def _open_camera(text: str, number: int, strict: bool) -> LiveVideo:
  if sys.platform not in _CAMERAS:
    raise InputError(
      f"{text}: cameras are read on Linux and macOS. Elsewhere pipe one: "
      f"ffmpeg ... -f matroska - | {command('track')} -"
    )
  kind, device = _CAMERAS[sys.platform]
  try:
    return LiveVideo(f"camera{number}", device.format(number), strict, waits=False, format=kind)
  except InputError as error:
    raise InputError(
      f"{text}: no camera that can be read ({device.format(number)}). "
      "Give another number, the path of a video, or - for a stream."
    ) from error
