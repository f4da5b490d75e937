"""H.264 files of frames and their times, with another file's sound."""

import contextlib
import fractions
import os
from typing import Any, Iterator, Optional, Union

import av
import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

# In three fifths of the time of x264's "veryfast" at 20, for the encoder and the network share the
# cores: a dance in as many bytes at 34.9 dB for 35.8, a camera at rest in half as many again at
# 38.6 for 38.2.
ENCODING = {"preset": "superfast", "crf": "21"}


class VideoWriter:
  """Encodes frames as H.264 into an open container; see `write_video`."""

  def __init__(self, container: Any, fps: float, time_base: fractions.Fraction):
    self._container = container
    self._rate = fractions.Fraction(fps).limit_denominator(1001)
    self._time_base = time_base
    self._stream: Any = None
    self._pts = -1
    self._sound: Optional[_Sound] = None

  def keep_sound(self, source: Union[str, os.PathLike], begin: float) -> bool:
    """Copies a file's first audio stream along; to be called before `write`.

    Args:
      source: the file; its packets are copied as they are.
      begin: its time in seconds that becomes time 0.
    Returns:
      False where the format that is written has no such sound.
    """
    self._sound = _Sound.open(source, begin, self._container)
    return self._sound is not None

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
    """Writes the frames that the encoder still holds, and the sound of the last one."""
    if self._stream is not None:
      self._container.mux(self._stream.encode(None))
      self._copy_sound(float(self._pts * self._time_base + 1 / self._rate))
    self.close()

  def close(self) -> None:
    """Closes the file that the sound is from."""
    if self._sound:
      self._sound.close()
      self._sound = None

  def _copy_sound(self, until: float) -> None:
    if self._sound:
      for packet in self._sound.packets(until):
        self._container.mux(packet)


class _Sound:
  """An audio stream on its way from one file to another."""

  def __init__(self, container: Any, stream: Any, begin: float):
    self._container, self._source, self._begin = container, stream, begin
    self._demuxed = container.demux(stream)
    self._waiting: Any = None
    self._target: Any = None

  @classmethod
  def open(cls, source: Union[str, os.PathLike], begin: float, target: Any) -> "Optional[_Sound]":
    """None where there is no sound, or none that the target's format takes."""
    container = av.open(os.path.abspath(source), metadata_errors="ignore")
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
    """Makes the stream's place in the container that is written."""
    if hasattr(target, "add_stream_from_template"):
      self._target = target.add_stream_from_template(self._source)
    else:  # PyAV before 14
      self._target = target.add_stream(template=self._source)

  def packets(self, until: float) -> Iterator[Any]:
    """Those up to `until` seconds that have not been taken yet."""
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
      try:
        yield writer
        writer.finish()
      finally:
        writer.close()
