"""Writing of H.264 videos, with the sound of another file."""

import contextlib
import fractions
import os
from typing import Any, Iterator, Optional, Union

import av
import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.tracking.video.containers import open_input

# Encoder and network share the cores, so speed matters. Compared with "veryfast" at 20, this takes
# 3/5 of the time: a dance has the same size at 34.9 instead of 35.8 dB, and a static camera 1.5
# times the size at 38.6 instead of 38.2 dB.
ENCODING = {"preset": "superfast", "crf": "21"}


class VideoWriter:
  """Encoder of H.264 frames in an open container; see `write_video`."""

  def __init__(self, container: Any, fps: float, time_base: fractions.Fraction):
    self._container = container
    self._rate = fractions.Fraction(fps).limit_denominator(1001)
    self._time_base = time_base
    self._stream: Any = None
    self._pts = -1
    self._sound: Optional[_Sound] = None

  def keep_sound(self, source: Union[str, os.PathLike], begin: float) -> bool:
    """Copies the first audio stream of a file along; call it before `write`.

    Args:
      source: the file, whose packets are copied unchanged.
      begin: time in that file, in seconds, that becomes time 0.
    Returns:
      whether the file has sound that the written format supports.
    """
    self._sound = _Sound.open(source, begin, self._container)
    return self._sound is not None

  def write(self, image: np.ndarray, time: float) -> None:
    """Appends a frame.

    Args:
      image: [H, W, 3] uint8 RGB, the same size for all frames. H.264 requires even sizes, so the
        last row or column of an odd size is repeated.
      time: seconds, later than the previous frame.
    """
    odd = (image.shape[0] % 2, image.shape[1] % 2)
    if any(odd):
      image = np.pad(image, ((0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")
    if self._stream is None:
      self._stream = self._container.add_stream("libx264", rate=self._rate)
      self._stream.height, self._stream.width = image.shape[:2]
      self._stream.pix_fmt = "yuv420p"
      self._stream.options = ENCODING
      self._stream.codec_context.time_base = self._time_base
      if self._sound:
        self._sound.add_stream(self._container)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    self._pts = max(round(time / self._time_base), self._pts + 1)
    frame.pts, frame.time_base = self._pts, self._time_base
    self._container.mux(self._stream.encode(frame))
    self._copy_sound(time)

  def finish(self) -> None:
    """Writes the frames left in the encoder, and the sound of the last frame."""
    if self._stream is not None:
      self._container.mux(self._stream.encode(None))
      self._copy_sound(float(self._pts * self._time_base + 1 / self._rate))
    self.close()

  def close(self) -> None:
    """Closes the source of the sound."""
    if self._sound:
      self._sound.close()
      self._sound = None

  def _copy_sound(self, until: float) -> None:
    if self._sound:
      for packet in self._sound.packets(until):
        self._container.mux(packet)


class _Sound:
  """Audio stream copied from one file to another."""

  def __init__(self, container: Any, stream: Any, begin: float):
    self._container, self._source, self._begin = container, stream, begin
    self._demuxed = container.demux(stream)
    self._waiting: Any = None
    self._target: Any = None

  @classmethod
  def open(cls, source: Union[str, os.PathLike], begin: float, target: Any) -> "Optional[_Sound]":
    """Opens the sound of a file; returns None without sound that the target supports."""
    container = open_input(os.path.abspath(source))
    stream = next(iter(container.streams.audio), None)
    if stream is None or stream.codec_context is None:
      container.close()
      return None
    if stream.codec_context.name not in target.supported_codecs:
      container.close()
      return None
    if begin > 2.0:
      with contextlib.suppress(av.FFmpegError, OSError):
        container.seek(int((begin - 1.0) * av.time_base))
    return cls(container, stream, begin)

  def add_stream(self, target: Any) -> None:
    """Adds the stream to the written container."""
    if hasattr(target, "add_stream_from_template"):
      self._target = target.add_stream_from_template(self._source)
    else:  # PyAV before 14
      self._target = target.add_stream(template=self._source)

  def packets(self, until: float) -> Iterator[Any]:
    """Yields the next packets, up to `until` seconds."""
    while True:
      if self._waiting is None:
        try:
          self._waiting = next(self._demuxed, None)
        except av.FFmpegError:  # the file ends inside a packet
          self._waiting = None
        if self._waiting is None:
          return
      packet = self._waiting
      if packet.pts is None or packet.size == 0:
        self._waiting = None
        continue
      time = float(packet.pts * packet.time_base) - self._begin
      if time >= until:
        return
      self._waiting = None
      if time >= 0:
        shift = round(self._begin / packet.time_base)
        packet.pts -= shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        packet.stream = self._target
        yield packet

  def close(self) -> None:
    self._container.close()


@contextlib.contextmanager
def write_video(
  path: Union[str, os.PathLike],
  fps: float,
  time_base: fractions.Fraction = fractions.Fraction(1, 90000),
) -> Iterator[VideoWriter]:
  """Opens a video for writing; `path` appears if the context ends without an error.

  Args:
    path: an .mp4, .mov or .mkv file.
    fps: mean number of frames per second.
    time_base: unit of the timestamps in seconds; that of the reader preserves its times.
  Yields:
    a writer.
  Raises:
    InputError: the name of the file does not end in a video format.
  """
  if time_base.denominator > 1000000:  # more than some players support
    time_base = fractions.Fraction(1, 90000)
  with complete_or_absent(path) as partial:
    try:
      container = av.open(str(partial), "w", options={"movflags": "faststart"})
    except (av.FFmpegError, ValueError) as error:
      raise InputError(f"{path}: not a video format. End its name in .mp4.") from error
    with container:
      writer = VideoWriter(container, fps, time_base)
      try:
        yield writer
        writer.finish()
      finally:
        writer.close()
