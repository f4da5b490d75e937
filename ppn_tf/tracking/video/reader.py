"""Reading of frames with times from video files and folders of images."""

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
from ppn_tf.tracking.video.containers import open_container

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
_ATTACHED_PICTURE = 0x400  # FFmpeg disposition of a cover picture


class Frame(NamedTuple):
  """Frame of a video.

  Attributes:
    image: [H, W, 3] uint8 RGB, upright.
    time: seconds since the first frame of the video.
    name: file name of the image in a folder, else empty.
  """

  image: np.ndarray
  time: float
  name: str = ""


class ImageFolder:
  """Folder of jpg and png files, read in the order of their names as one video.

  Attributes: those of `VideoFile`.
  """

  def __init__(self, path: Union[str, os.PathLike], fps: float = 30.0, strict: bool = False):
    """Lists the files; takes the arguments of `open_video`.

    Raises:
      InputError: the folder has no images.
    """
    self.path = pathlib.Path(path)
    self.fps = float(fps)
    self.time_base = 1 / fractions.Fraction(fps).limit_denominator(1001)
    self.strict = strict
    self.damaged = 0
    images = [file for file in self.path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES]
    shown = [file for file in images if not file.name.startswith(".")]
    self._files = sorted(shown, key=natural_order)
    self.num_frames: Optional[int] = len(self._files)
    if not self._files:
      raise InputError(
        f"{self.path}: no .jpg or .png file in this folder. Give a folder of frames."
      )

  def __iter__(self) -> Iterator[Frame]:
    return self.frames()

  def frames(self, start: float = 0.0) -> Generator[Frame, None, None]:
    """Yields the frames from `start` seconds on.

    Raises:
      InputError: the sizes of the images differ, or no image can be read.
    """
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
          f"{file}: {image.shape[1]}x{image.shape[0]} pixels, unlike the images before it with "
          f"{shape[1]}x{shape[0]}. Give a folder with the frames of one video."
        )
      yield Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), index / self.fps, file.name)
    if shape is None and not start:
      raise InputError(f"{self.path}: no image in this folder can be read. Check the files.")


class VideoFile:
  """Video file; each iteration reads it from its start.

  Attributes:
    path: the file.
    fps: mean number of frames per second.
    time_base: unit of the timestamps in the file, in seconds.
    num_frames: number of frames according to the file; None if unknown.
    has_sound: whether the file has an audio stream.
    damaged: number of frames that the latest iteration could not read.
    origin: timestamp of the first frame in seconds, once it has been read.
    strict: whether a damaged frame raises InputError; else it is skipped.
  """

  def __init__(self, path: Union[str, os.PathLike], strict: bool = False):
    """Opens a file; takes the arguments of `open_video`.

    Raises:
      InputError: no such file, or not a video.
    """
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
    """Yields the frames from `start` seconds on, seeking past earlier ones if possible.

    Raises:
      InputError: no frame can be decoded, or with `strict` a frame is damaged.
    """
    self.damaged = 0
    origin, seconds = None, 0.0
    size: Dict[str, int] = {}
    for index, frame in enumerate(self._decode(start)):
      if frame.time is None:
        seconds += 1 / self.fps if index else 0.0
      else:
        if origin is None:
          origin = self.origin = frame.time - seconds
        seconds = max(frame.time - origin, seconds)
      if seconds < start - 1e-6:
        continue
      # The size may change within a recording; the first size is kept.
      size = size or {"width": frame.width, "height": frame.height}
      yield Frame(_upright(frame.to_ndarray(format="rgb24", **size), frame), seconds)
    if not size and not start:
      raise InputError(f"{self.path}: no frame can be decoded. Re-encode it, for example to H.264.")

  @contextlib.contextmanager
  def _container(self) -> Iterator[Any]:
    """Opens the file by its absolute path, because FFmpeg reads "a:b.mp4" as a protocol."""
    with open_container(str(self.path.absolute()), str(self.path)) as container:
      yield container

  def _stream(self, container: Any) -> Any:
    for stream in container.streams.video:
      disposition = getattr(stream, "disposition", 0)  # enum or number by PyAV version
      if int(getattr(disposition, "value", disposition)) & _ATTACHED_PICTURE:
        continue
      if stream.codec_context is not None:
        stream.thread_type = "AUTO"
        return stream
    raise InputError(f"{self.path}: no video stream that can be decoded. Give a video file.")

  def _decode(self, start: float = 0.0) -> Iterator[Any]:
    """Yields the frames that can be decoded, and counts the damaged ones in `damaged`.

    Always yields the first frame, from which times count. Then it continues at the last key frame
    before `start` seconds, if the file can seek.
    """
    num_decoded, cut_short = 0, False
    with self._container() as container:
      stream = self._stream(container)
      packets = container.demux(stream)
      while True:
        try:
          packet = next(packets)
        except StopIteration:
          break
        except BlockingIOError:  # a camera without a new frame yet
          time.sleep(0.002)
          packets = container.demux(stream)
          continue
        except av.FFmpegError:
          cut_short = True
          break
        if packet.size:
          cut_short = packet.is_corrupt  # true for the last packet: the file is cut off inside it
        if packet.is_corrupt:  # decodes to a half gray frame
          self._count_damage(num_decoded, "a packet is incomplete")
          continue
        try:
          frames = packet.decode()
        except av.FFmpegError as error:
          self._count_damage(num_decoded, str(error.strerror))
          continue
        for frame in frames:
          if frame.is_corrupt:
            self._count_damage(num_decoded, "the decoder marks a frame as corrupt")
          else:
            num_decoded += 1
            yield frame
            if start and num_decoded == 1 and _seek(container, stream, frame, start):
              packets = container.demux(stream)
              break
    if cut_short:
      missing = 0 if start else (self.num_frames or 0) - num_decoded - self.damaged
      self._count_damage(num_decoded, "the file ends too early", max(missing, 0))

  def _count_damage(self, num_decoded: int, reason: str, count: int = 1) -> None:
    self.damaged += count
    if self.strict:
      raise InputError(
        f"{self.path}: damaged after {num_decoded} frames ({reason}). Repair it, or read without "
        "strict."
      )


def open_video(
  path: Union[str, os.PathLike], fps: float = 30.0, strict: bool = False
) -> Union[VideoFile, ImageFolder]:
  """Opens a video file, or a folder of images as one.

  Args:
    path: the file or folder.
    fps: frames per second of a folder of images.
    strict: whether damaged frames raise InputError; else they are skipped and counted.
  Returns:
    an iterable of `Frame`.
  Raises:
    InputError: no such file, or no frames in it.
  """
  if pathlib.Path(path).is_dir():
    return ImageFolder(path, fps, strict)
  return VideoFile(path, strict)


def natural_order(file: pathlib.Path) -> List[Any]:
  """Returns a sort key that puts 2.png before 10.png."""
  parts = re.split(r"(\d+)", file.name.lower())
  return [int(part) if index % 2 else part for index, part in enumerate(parts)]


def _upright(image: np.ndarray, frame: Any) -> np.ndarray:
  """Rotates and flips an image by the display matrix of its frame.

  The matrix [[a, b, u], [c, d, v], [x, y, w]] maps a stored pixel (p, q) to (a p + c q, b p + d q).
  Only flips and rotations by multiples of 90 degrees are supported.
  """
  matrix = frame.side_data.get("DISPLAYMATRIX")
  if matrix is not None:
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    if abs(b) > abs(a):
      image = image.transpose(1, 0, 2)
      a, d = c, b
    image = image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
  return np.ascontiguousarray(image)


def _seek(container: Any, stream: Any, first: Any, start: float) -> bool:
  """Seeks the last key frame before `start`, in seconds; returns whether that was possible."""
  # Close to the first frame, decoding is faster than seeking.
  if first.pts is None or start < 2.0:
    return False
  try:
    container.seek(first.pts + int(start / stream.time_base), stream=stream)
  except (av.FFmpegError, OSError):
    return False
  return True
