"""Reading of frames with times from video files and folders of images."""

import contextlib
import fractions
import os
import pathlib
from typing import Any, Generator, Iterator, Optional, Union

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.containers import frame_rate, open_container, video_stream
from ppn_tf.tracking.video.decoder import Decoder
from ppn_tf.tracking.video.frame import Frame
from ppn_tf.tracking.video.images import (
  IMAGE_SUFFIXES,
  ImageFolder,
  is_animated_webp,
  natural_order,
)
from ppn_tf.tracking.video.pictures import PictureMaker

__all__ = ["IMAGE_SUFFIXES", "Frame", "ImageFolder", "VideoFile", "natural_order", "open_video"]


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
      stream = video_stream(container, str(self.path))
      self.fps = frame_rate(stream)
      self.time_base = fractions.Fraction(stream.time_base or 1 / fractions.Fraction(self.fps))
      self.num_frames: Optional[int] = stream.frames or None
      self.has_sound = bool(container.streams.audio)

  def __iter__(self) -> Iterator[Frame]:
    return self.frames()

  def frames(self, start: float = 0.0) -> Generator[Frame, None, None]:
    """Yields the frames from `start` seconds on, decoding few of those before.

    Raises:
      InputError: no frame can be decoded, one is too large, or with `strict` one is damaged.
    """
    is_empty = True
    for frame in self._read(start, skips=start > 0):
      is_empty = False
      yield frame
    if is_empty and not start:
      raise InputError(f"{self.path}: no frame can be decoded. Re-encode it, for example to H.264.")

  def _read(self, start: float, skips: bool) -> Iterator[Frame]:
    """Yields the frames from `start` seconds on, and keeps `damaged` and `origin` up to date."""
    self.damaged, name = 0, str(self.path)
    has_reached = False  # whether the decoder yielded a frame at or before the start
    with self._container() as container:
      stream = video_stream(container, name)
      decoder = Decoder(container, stream, name, self.fps, self.strict)
      pictures = PictureMaker(stream, name)
      for decoded in decoder.frames(start if skips else 0.0):
        self.origin = decoder.clock.origin or 0.0
        has_reached |= decoder.has_jumped and decoded.seconds <= start + 1e-6
        if decoded.seconds < start - 1e-6:
          decoder.damaged = 0  # not in the part that is read
          if not decoder.has_jumped and not decoded.number:
            pictures.make(decoded)  # the first frame decides the size of all
          continue
        if decoder.has_jumped and not has_reached:  # the key frames found do not suffice
          break
        self.damaged = decoder.damaged
        yield Frame(pictures.make(decoded), decoded.seconds, number=decoded.number)
      else:
        self.damaged = decoder.damaged
        return
    yield from self._read(start, skips=False)

  @contextlib.contextmanager
  def _container(self) -> Iterator[Any]:
    """Opens the file by its absolute path, because FFmpeg reads "a:b.mp4" as a protocol."""
    with open_container(str(self.path.absolute()), str(self.path)) as container:
      yield container


def open_video(
  path: Union[str, os.PathLike], fps: float = 30.0, strict: bool = False
) -> Union[VideoFile, ImageFolder]:
  """Opens a video file, a folder of images as one, or a photo as one of one frame.

  Args:
    path: the file or folder.
    fps: frames per second of a folder of images.
    strict: whether damaged frames raise InputError; else they are skipped and counted.
  Returns:
    an iterable of `Frame`.
  Raises:
    InputError: no such file, or no frames in it.
  """
  path = pathlib.Path(path)
  if path.is_dir() or (path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES):
    return ImageFolder(path, fps, strict)
  if is_animated_webp(path):
    raise InputError(f"{path}: animated WebP, which is not read. Convert it to GIF, mp4 or webm.")
  return VideoFile(path, strict)
