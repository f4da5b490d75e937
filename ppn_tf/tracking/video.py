"""Videos in and out: frames with their times from any file, and H.264 files back."""

import contextlib
import fractions
import os
import pathlib
import re
import struct
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Union

import av
import cv2
import numpy as np

from ppn_tf.errors import InputError
from ppn_tf.outputs import complete_or_absent

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
_ATTACHED_PICTURE = 0x400  # FFmpeg's disposition of a song's cover


class Frame(NamedTuple):
  """A frame of a video.

  Attributes:
    image: [H, W, 3] uint8 RGB, upright.
    time: seconds since the video's first frame.
  """

  image: np.ndarray
  time: float


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
    self.damaged = 0
    shape = None
    for index, file in enumerate(self._files):
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
      yield Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), index / self.fps)
    if shape is None:
      raise InputError(f"{self.path}: none of its images can be read. Check the files.")


class VideoFile:
  """A video file; every iteration reads it from its start.

  Attributes:
    path: the file.
    fps: mean frames per second.
    time_base: the unit of the file's timestamps in seconds.
    num_frames: as the file claims; None if it does not say.
    damaged: frames that the latest iteration could not read.
    strict: a damaged frame raises InputError instead of being skipped.
  """

  def __init__(self, path: Union[str, os.PathLike], strict: bool = False):
    self.path = pathlib.Path(path)
    self.strict = strict
    self.damaged = 0
    with self._open() as container:
      stream = self._stream(container)
      rate = stream.average_rate or stream.guessed_rate or 30
      self.fps = float(rate)
      self.time_base = fractions.Fraction(stream.time_base or 1 / fractions.Fraction(rate))
      self.num_frames: Optional[int] = stream.frames or None

  def __iter__(self) -> Iterator[Frame]:
    self.damaged = 0
    origin, time = None, 0.0
    size: Dict[str, int] = {}
    for index, frame in enumerate(self._decode()):
      if frame.time is None:
        time += 1 / self.fps if index else 0.0
      else:
        origin = frame.time - time if origin is None else origin
        time = max(frame.time - origin, time)
      # A recording may change its size on the way; the first size is kept.
      size = size or {"width": frame.width, "height": frame.height}
      yield Frame(_upright(frame.to_ndarray(format="rgb24", **size), frame), time)
    if not size:
      raise InputError(f"{self.path}: not one frame can be decoded. Re-encode it, e.g. to H.264.")

  def _open(self) -> Any:
    """The opened container; absolute, as FFmpeg reads "a:b.mp4" as a protocol."""
    try:
      container = av.open(str(self.path.absolute()), metadata_errors="ignore")
    except FileNotFoundError as error:
      raise InputError(f"{self.path}: no such file. Check the path of the video.") from error
    except (av.FFmpegError, OSError, ValueError) as error:
      raise InputError(
        f"{self.path}: not a video that can be read ({getattr(error, 'strerror', None) or error}). "
        "Give a complete video file (mp4, mov, avi, mkv, webm) or a folder of images."
      ) from error
    if container.format.name == "tty":  # FFmpeg plays .txt files as a terminal's screen
      container.close()
      raise InputError(f"{self.path}: a text, not a video. Give a video file.")
    return container

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

  def _decode(self) -> Iterator[Any]:
    """Yields the frames that decode; counts the others in `damaged`."""
    good, cut_short = 0, False
    with self._open() as container:
      stream = self._stream(container)
      packets = container.demux(stream)
      while True:
        try:
          packet = next(packets)
        except StopIteration:
          break
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
    if cut_short:
      missing = (self.num_frames or 0) - good - self.damaged
      self._count_damage(good, "the file ends too early", max(missing, 0))

  def _count_damage(self, frame: int, what: str, count: int = 1) -> None:
    self.damaged += count
    if self.strict:
      raise InputError(
        f"{self.path}: damaged after {frame} frames ({what}). Repair it, or read without strict."
      )


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


class VideoWriter:
  """Encodes frames as H.264 into an open container; see `write_video`."""

  def __init__(self, container: Any, fps: float, time_base: fractions.Fraction):
    self._container = container
    self._rate = fractions.Fraction(fps).limit_denominator(1001)
    self._time_base = time_base
    self._stream: Any = None
    self._pts = -1

  def write(self, image: np.ndarray, time: float) -> None:
    """Appends a frame.

    Args:
      image: [H, W, 3] uint8 RGB; all of one size. H.264 wants even sizes: an
        odd one gets its last row or column twice.
      time: seconds; later than the frame before.
    """
    odd = (image.shape[0] % 2, image.shape[1] % 2)
    if any(odd):
      image = np.pad(image, ((0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")
    if self._stream is None:
      self._stream = self._container.add_stream("libx264", rate=self._rate)
      self._stream.height, self._stream.width = image.shape[:2]
      self._stream.pix_fmt = "yuv420p"
      self._stream.options = {"preset": "veryfast", "crf": "20"}
      self._stream.codec_context.time_base = self._time_base
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    self._pts = max(round(time / self._time_base), self._pts + 1)
    frame.pts, frame.time_base = self._pts, self._time_base
    self._container.mux(self._stream.encode(frame))

  def finish(self) -> None:
    """Writes the frames that the encoder still holds."""
    if self._stream is not None:
      self._container.mux(self._stream.encode(None))


@contextlib.contextmanager
def write_video(
  path: Union[str, os.PathLike],
  fps: float,
  time_base: fractions.Fraction = fractions.Fraction(1, 90000),
) -> Iterator[VideoWriter]:
  """Yields a writer; `path` appears when the block ends without an error.

  Args:
    path: an .mp4, .mov or .mkv file.
    fps: mean frames per second.
    time_base: the timestamps' unit in seconds; a reader's own keeps its times.
  Raises:
    InputError: the file's name ends in no format of video.
  """
  if time_base.denominator > 1000000:  # beyond what every player takes
    time_base = fractions.Fraction(1, 90000)
  with complete_or_absent(path) as partial:
    try:
      container = av.open(str(partial), "w", options={"movflags": "faststart"})
    except (av.FFmpegError, ValueError) as error:
      raise InputError(f"{path}: not a format of video. End its name in .mp4.") from error
    with container:
      writer = VideoWriter(container, fps, time_base)
      yield writer
      writer.finish()


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
