"""Sound of a video file, copied to another file without a change."""

import io
import os
from typing import Any, Iterator, List, Optional, Tuple, Union

import av

from ppn_tf.tracking.video.containers import frame_rate, open_input, video_stream
from ppn_tf.tracking.video.timestamps import Parts, Timeline


class Sound:
  """Packets of an audio stream, in step with the frames that `VideoFile` reads."""

  def __init__(self, container: Any, stream: Any, name: str, begin: float):
    """Reads an audio stream of PyAV's container; see `open_sound`."""
    self._container, self._source, self._begin = container, stream, begin
    video = video_stream(container, name)
    self._timeline = Timeline(container, 1 / frame_rate(video))
    self._read = self._demux(video)
    self._waiting: Any = None
    self._target: Any = None
    self._last: Optional[int] = None

  def add_stream(self, target: Any) -> None:
    """Adds the stream to the written container."""
    self._target = target.add_stream_from_template(self._source)

  def packets(self, until: float) -> Iterator[Any]:
    """Yields the next packets, up to `until` seconds after the beginning."""
    while True:
      if self._waiting is None:
        self._waiting = next(self._read, None)
      packet = self._waiting
      if packet is None:
        return
      time = float(packet.pts * packet.time_base) - self._begin
      if time >= until:
        return
      self._waiting = None
      shift = round(self._begin / float(packet.time_base))
      packet.pts -= shift
      packet.dts = packet.pts if packet.dts is None else packet.dts - shift
      # The sound of a part may be longer than its frames.
      if time >= 0 and (self._last is None or packet.dts > self._last):
        self._last, packet.stream = packet.dts, self._target
        yield packet

  def close(self) -> None:
    """Closes the source."""
    self._container.close()

  def _demux(self, video: Any) -> Iterator[Any]:
    """Yields the audio packets, shifted like the frames next to them."""
    parts = Parts(self._container)
    waiting: List[Tuple[int, Any]] = []  # packets of parts whose first frame is yet to come
    try:
      for packet in self._container.demux(self._source, video):
        if not packet.size or packet.pts is None and packet.stream is not video:
          continue
        if packet.stream is video:
          self._timeline.advance(packet)
        else:
          parts.advance(packet)
          waiting.append((parts.number, packet))
        while waiting and waiting[0][0] < len(self._timeline.offsets):
          part, packet = waiting.pop(0)
          self._timeline.shift(packet, part)
          yield packet
    except av.FFmpegError:  # the file ends inside a packet
      return


def open_sound(source: Union[str, os.PathLike], begin: float, target: Any) -> Optional[Sound]:
  """Opens the first audio stream of a file; returns None without one that can be copied.

  Args:
    source: the file.
    begin: time in that file, in seconds, that becomes time 0.
    target: PyAV's container to which the stream is to be copied.
  """
  container = open_input(os.path.abspath(source))
  stream = next(iter(container.streams.audio), None)
  if stream is None or stream.codec_context is None or not _is_accepted(stream, target.format.name):
    container.close()
    return None
  return Sound(container, stream, str(source), begin)


def _is_accepted(stream: Any, container_format: str) -> bool:
  """Returns whether files of a format may hold an audio stream, by writing the head of one.

  The list of codecs of a format has some that FFmpeg refuses to write, such as Opus in .mov.
  """
  try:
    with av.open(io.BytesIO(), "w", format=container_format) as trial:
      trial.add_stream_from_template(stream)
      trial.start_encoding()
  except (av.FFmpegError, ValueError):
    return False
  return True
