"""Frames with their times from any video file, or a folder of images."""

import contextlib
import fractions
import os
import pathlib
import re
import struct
import time
from typing import Any, Dict, Generator, Iterator, List, NamedTuple, Optional, Union

import av
import cv2
import numpy as np

from ppn_tf.runtime.errors import InputError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
_ATTACHED_PICTURE = 0x400  # FFmpeg's disposition of a song's cover


class Frame(NamedTuple):
  """A frame of a video.

  Attributes:
    image: [H, W, 3] uint8 RGB, upright.
    time: seconds since the video's first frame.
    name: of the image's file, where it is one of a folder.
  """

  image: np.ndarray
  time: float
  name: str = ""


class ImageFolder:
  """A folder of jpg and png files, read in their names' order as one video.

  Attributes: those of `VideoFile`.
  """

  def __init__(self, path: Union[str, os.PathLike], fps: float = 30.0, strict: bool = False):
    self.path = pathlib.Path(path)
    self.fps = float(fps)
    self.time_base = 1 / fractions.Fraction(fps).limit_denominator(1001)
    self.strict = strict
    self.damaged = 0
    self._files = sorted(
      (
        file
        for file in self.path.iterdir()
        if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")
      ),
      key=natural_order,
    )
    self.num_frames: Optional[int] = len(self._files)
    if not self._files:
      raise InputError(
        f"{self.path}: no .jpg or .png file in this folder. Give a folder of frames."
      )

  def __iter__(self) -> Iterator[Frame]:
    return self.frames()

  def frames(self, start: float = 0.0) -> Generator[Frame, None, None]:
    """Yields the frames from `start` seconds on."""
    self.damaged = 0
    shape = None
    for index, file in enumerate(self._files):
      if index / self.fps < start - 1e-9:
        continue
      image = cv2.imread(str(file), cv2.IMREAD_COLOR)
      if image is None:
        self.damaged += 1
        if self.strict:
          raise InputError(f"{file}: damaged image. Remove it, or read without strict.")
        continue
      shape = shape or image.shape
      if image.shape != shape:
        raise InputError(
          f"{file}: {image.shape[1]}x{image.shape[0]} pixels, where the images before have "
          f"{shape[1]}x{shape[0]}. Give a folder with the frames of one video."
        )
      yield Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), index / self.fps, file.name)
    if shape is None and not start:
      raise InputError(f"{self.path}: none of its images can be read. Check the files.")


class VideoFile:
  """A video file; every iteration reads it from its start.

  Attributes:
    path: the file.
    fps: mean frames per second.
    time_base: the unit of the file's timestamps in seconds.
    num_frames: as the file claims; None if it does not say.
    has_sound: it has an audio stream.
    damaged: frames that the latest iteration could not read.
    origin: the file's time of its first frame, in seconds, once that is read.
    strict: a damaged frame raises InputError instead of being skipped.
  """

  def __init__(self, path: Union[str, os.PathLike], strict: bool = False):
    self.path = pathlib.Path(path)
    self.strict = strict
    self.damaged = 0
    self.origin = 0.0
    with self._container() as container:
      stream = self._stream(container)
      rate = stream.average_rate or stream.guessed_rate or 30
      self.fps = float(rate)
      self.time_base = fractions.Fraction(stream.time_base or 1 / fractions.Fraction(rate))
      self.num_frames: Optional[int] = stream.frames or None
      self.has_sound = bool(container.streams.audio)

  def __iter__(self) -> Iterator[Frame]:
    return self.frames()

  def frames(self, start: float = 0.0) -> Generator[Frame, None, None]:
    """Yields the frames from `start` seconds on, without decoding all that come before."""
    self.damaged = 0
    origin, now = None, 0.0
    size: Dict[str, int] = {}
    for index, frame in enumerate(self._decode(start)):
      if frame.time is None:
        now += 1 / self.fps if index else 0.0
      else:
        if origin is None:
          origin = self.origin = frame.time - now
        now = max(frame.time - origin, now)
      if now < start - 1e-6:
        continue
      # A recording may change its size on the way; the first size is kept.
      size = size or {"width": frame.width, "height": frame.height}
      yield Frame(_upright(frame.to_ndarray(format="rgb24", **size), frame), now)
    if not size and not start:
      raise InputError(f"{self.path}: not one frame can be decoded. Re-encode it, e.g. to H.264.")

  @contextlib.contextmanager
  def _container(self) -> Iterator[Any]:
    """The opened container; absolute, as FFmpeg reads "a:b.mp4" as a protocol."""
    with open_container(str(self.path.absolute()), str(self.path)) as container:
      yield container

  def _stream(self, container: Any) -> Any:
    for stream in container.streams.video:
      disposition = getattr(stream, "disposition", 0)  # an enum or a number, by PyAV's version
      if int(getattr(disposition, "value", disposition)) & _ATTACHED_PICTURE:
        continue
      if stream.codec_context is not None:
        stream.thread_type = "AUTO"
        return stream
    raise InputError(
      f"{self.path}: no video stream that can be decoded. Give a file with pictures."
    )

  def _decode(self, start: float = 0.0) -> Iterator[Any]:
    """Yields the frames that decode; counts the others in `damaged`.

    The first frame is always among them, as times count from there; after it
    those of the last key frame before `start` seconds and of what follows.
    """
    good, cut_short = 0, False
    with self._container() as container:
      stream = self._stream(container)
      packets = container.demux(stream)
      while True:
        try:
          packet = next(packets)
        except StopIteration:
          break
        except BlockingIOError:  # a camera that has no new picture yet
          time.sleep(0.002)
          packets = container.demux(stream)
          continue
        except av.FFmpegError:
          cut_short = True
          break
        if packet.size:
          cut_short = packet.is_corrupt  # of the last packet: the file ends inside it
        if packet.is_corrupt:  # would decode to a picture that is half grey
          self._count_damage(good, "a packet is not whole")
          continue
        try:
          frames = packet.decode()
        except av.FFmpegError as error:
          self._count_damage(good, str(error.strerror))
          continue
        for frame in frames:
          if frame.is_corrupt:
            self._count_damage(good, "the decoder marks it as corrupt")
          else:
            good += 1
            yield frame
            if start and good == 1 and _seek(container, stream, frame, start):
              packets = container.demux(stream)
              break
    if cut_short:
      missing = 0 if start else (self.num_frames or 0) - good - self.damaged
      self._count_damage(good, "the file ends too early", max(missing, 0))

  def _count_damage(self, frame: int, what: str, count: int = 1) -> None:
    self.damaged += count
    if self.strict:
      raise InputError(
        f"{self.path}: damaged after {frame} frames ({what}). Repair it, or read without strict."
      )


def open_container(source: Any, name: str, **options: Any) -> Any:
  """Opens what FFmpeg can read.

  Args:
    source: a path or a device, or a binary file that need not seek.
    name: for messages.
    **options: of `av.open`.
  Raises:
    InputError: nothing is there, or it is no video.
  """
  try:
    container = av.open(source, metadata_errors="ignore", **options)
  except FileNotFoundError as error:
    raise InputError(f"{name}: no such file. Check the path of the video.") from error
  except (av.FFmpegError, OSError, ValueError) as error:
    raise InputError(
      f"{name}: not a video that can be read ({getattr(error, 'strerror', None) or error}). "
      "Give a complete video file (mp4, mov, avi, mkv, webm) or a folder of images."
    ) from error
  if container.format.name == "tty":  # FFmpeg plays .txt files as a terminal's screen
    container.close()
    raise InputError(f"{name}: a text, not a video. Give a video file.")
  return container


def open_video(
  path: Union[str, os.PathLike], fps: float = 30.0, strict: bool = False
) -> Union[VideoFile, ImageFolder]:
  """Opens a video file, or a folder of images as one.

  Args:
    path: the file or folder.
    fps: frames per second of a folder of images.
    strict: damaged frames raise InputError; else they are skipped and counted.
  Returns:
    an iterable of `Frame`.
  Raises:
    InputError: `path` is missing or holds no frames.
  """
  if pathlib.Path(path).is_dir():
    return ImageFolder(path, fps, strict)
  return VideoFile(path, strict)


def natural_order(file: pathlib.Path) -> List[Any]:
  """2.png before 10.png."""
  parts = re.split(r"(\d+)", file.name.lower())
  return [int(part) if index % 2 else part for index, part in enumerate(parts)]


def _upright(image: np.ndarray, frame: Any) -> np.ndarray:
  """Turns and mirrors an image as its frame's display matrix asks.

  The matrix [[a, b, u], [c, d, v], [x, y, w]] sends a stored pixel (p, q) to
  (a p + c q, b p + d q); only turns by quarters and mirrors are honoured.
  """
  for data in frame.side_data:
    if data.type.name == "DISPLAYMATRIX":
      a, b, _, c, d = struct.unpack("=5i", bytes(data)[:20])
      if abs(b) > abs(a):
        image = image.transpose(1, 0, 2)
        a, d = c, b
      image = image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
  return np.ascontiguousarray(image)


def _seek(container: Any, stream: Any, first: Any, start: float) -> bool:
  """Goes to the last key frame before `start` seconds after the first frame, if it can."""
  # Without frames to leave out, it is quicker to read on.
  if first.pts is None or start < 2.0:
    return False
  try:
    container.seek(first.pts + int(start / stream.time_base), stream=stream)
  except (av.FFmpegError, OSError):
    return False
  return True
