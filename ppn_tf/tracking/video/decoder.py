"""Decoding of the frames of a video stream, from a start time on."""

import time
from typing import Any, Iterator, List, NamedTuple, Sequence

import av

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.containers import PICTURE_CODECS
from ppn_tf.tracking.video.timestamps import FrameClock, Timeline

# Packets before a joint that FFmpeg may take for damaged, at most.
_JOINT = 5
# Packets that are kept while the decoder skips to a start time; more are decoded instead.
_MAX_KEPT_BYTES = 128 << 20


class DecodedFrame(NamedTuple):
  """Frame as it leaves the decoder.

  Attributes:
    frame: PyAV's frame.
    packet: its packet, if that is an image file; else None.
    number: number of the frame in the video, from 0.
    seconds: time since the first frame.
  """

  frame: Any
  packet: Any
  number: int
  seconds: float


class Decoder:
  """Decodes a video stream once.

  Attributes:
    clock: times and numbers of the frames.
    damaged: number of frames that could not be decoded.
    has_jumped: whether frames before the start time were skipped.
  """

  def __init__(self, container: Any, stream: Any, name: str, fps: float, strict: bool = False):
    """Creates a decoder.

    Args:
      container: PyAV's container.
      stream: its stream, from `containers.video_stream`.
      name: name in messages.
      fps: frames per second.
      strict: whether a damaged frame raises InputError; else it is skipped and counted.
    """
    self.damaged, self.has_jumped = 0, False
    self.clock = FrameClock(container, stream.codec_context.name, 1 / fps)
    self._timeline = Timeline(container, 1 / fps)
    self._container, self._stream, self._name, self._strict = container, stream, name, strict
    self._num_decoded, self._is_cut_short = 0, False
    self._is_countable = True  # whether each packet is one frame

  def frames(self, start: float = 0.0) -> Iterator[DecodedFrame]:
    """Yields the first frame, from which times count, and the frames near `start` and after it.

    Raises:
      InputError: with `strict`, a frame is damaged.
    """
    packets = self._packets()
    if start and not self.clock.needs_sorting:
      packets = self._skip(packets, start)
    codec = self._stream.codec_context.name
    for packet in packets:
      for frame in self._decode(packet):
        self._num_decoded += 1
        # Otherwise, packets may be fields, or frames that are not shown.
        self._is_countable = codec != "vp8" and not (codec == "h264" and frame.interlaced_frame)
        picture = packet if codec in PICTURE_CODECS else None
        yield DecodedFrame(frame, picture, *self.clock.tell(frame))
    if self._is_cut_short:
      missing = 0 if start else (self._stream.frames or 0) - self._num_decoded - self.damaged
      self._count_damage("the file ends too early", max(missing, 0))

  def _decode(self, packet: Any) -> List[Any]:
    """Returns the frames that a packet completes, and counts the damaged ones."""
    frames, damage = [], ""
    if packet.is_corrupt:  # decodes to a half gray frame
      damage = "a packet is incomplete"
    else:
      try:
        frames = packet.decode()
      except av.FFmpegError as error:
        damage = str(error.strerror)
    self.clock.send(packet, is_damaged=bool(damage))
    if damage:
      self._count_damage(damage)
    intact = [frame for frame in frames if not frame.is_corrupt]
    for _ in range(len(frames) - len(intact)):
      self.clock.lose()
      self._count_damage("the decoder marks a frame as corrupt")
    return intact

  def _packets(self) -> Iterator[Any]:
    """Yields the packets, with timestamps that do not jump."""
    waiting: List[Any] = []
    for packet in self._demux():
      if packet.size and self._timeline.advance(packet):
        for earlier in waiting:  # a joint of complete files looks like a loss to FFmpeg
          earlier.is_corrupt = False
      waiting.append(packet)
      while waiting and not (waiting[0].is_corrupt and len(waiting) < _JOINT):
        yield waiting.pop(0)
    yield from waiting

  def _demux(self) -> Iterator[Any]:
    packets = self._container.demux(self._stream)
    while True:
      try:
        packet = next(packets)
      except StopIteration:
        return
      except BlockingIOError:  # a camera without a new frame yet
        time.sleep(0.002)
        packets = self._container.demux(self._stream)
        continue
      except av.FFmpegError:
        self._is_cut_short = True
        return
      if packet.size:
        self._is_cut_short = packet.is_corrupt  # true for the last one: the file ends inside it
      yield packet

  def _skip(self, packets: Iterator[Any], start: float) -> Iterator[Any]:
    """Yields the packets without those that no frame from `start` seconds on needs.

    A stream that is not indexed, such as .ts, cannot be sought precisely, and frames cannot be
    numbered after a seek. Reading all packets takes a fraction of the time of decoding them.
    """
    kept: List[Any] = []
    keys: List[int] = []  # numbers of the last two key frames before the start
    num_bytes = 0
    for number, packet in enumerate(packets):
      if self.clock.origin is None or not self._is_countable:  # which the first frame decides
        yield packet
        continue
      kept.append(packet)
      num_bytes += packet.size
      # A packet without one of its timestamps has the other.
      decoded_at = packet.pts if packet.dts is None else packet.dts
      shown_at = packet.dts if packet.pts is None else packet.pts
      if decoded_at is None or num_bytes > _MAX_KEPT_BYTES:
        break
      limit = (self.clock.origin + start) / float(packet.time_base)
      if decoded_at >= limit:
        break
      if packet.is_keyframe and shown_at <= limit:
        # Frames that follow a key frame but are shown before it need the key frame before that.
        keys = [*keys[-1:], number]
        if len(keys) == 2:
          kept = kept[-1 - keys[1] + keys[0] :]
          num_bytes = sum(packet.size for packet in kept)
    if len(keys) == 2:
      self._jump(keys[0], kept)
    yield from kept
    yield from packets

  def _jump(self, number: int, packets: Sequence[Any]) -> None:
    """Prepares the decoder for the packets from key frame `number` on."""
    self.has_jumped = True
    self._stream.codec_context.flush_buffers()
    self.clock.jump(number)
    key = packets[0].pts
    # Frames shown before their key frame may not be decodable.
    early = [packet for packet in packets if None not in (packet.pts, key) and packet.pts < key]
    self.clock.lose(len(early))

  def _count_damage(self, reason: str, count: int = 1) -> None:
    self.damaged += count
    if self._strict:
      raise InputError(
        f"{self._name}: damaged after {self._num_decoded} frames ({reason}). Repair it, or read "
        "without strict."
      )
