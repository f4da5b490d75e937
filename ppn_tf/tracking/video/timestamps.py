"""Times of packets and frames that never jump back."""

import heapq
from typing import Any, List, Optional, Tuple

from ppn_tf.tracking.video.containers import PICTURE_CODECS

# Formats whose files may be joined end to end, each part with timestamps of its own.
_JOINABLE = ("mpegts", "mpeg")
_LONGEST_GAP = 10.0  # seconds between packets of such a file; a longer gap is a joint
_REORDERED = 1.0  # seconds by which presentation times of successive packets go back, at most
_CLOSEST = 0.01  # least time between frames, in frames


class Parts:
  """Numbers the parts of a stream that follow a jump of its timestamps."""

  def __init__(self, container: Any):
    """Starts with part 0 of a stream of PyAV's container."""
    self._is_joinable = container.format.name in _JOINABLE
    # Packets of these formats have decoding times, which are in order.
    self._tolerance = 0.1 if self._is_joinable else _REORDERED
    self._last: Optional[float] = None
    self.number = 0

  def advance(self, packet: Any) -> Optional[float]:
    """Counts a jump before the next packet of the stream.

    Returns:
      the time of the preceding packet minus that of this one, in seconds, after a jump; else None.
    """
    stamp = packet.pts if packet.dts is None else packet.dts
    if stamp is None:
      return None
    last, self._last = self._last, float(stamp * packet.time_base)
    if last is None:
      return None
    back = last - self._last
    if back > self._tolerance or (self._is_joinable and -back > _LONGEST_GAP):
      self.number += 1
      return back
    return None


class Timeline:
  """Shifts the timestamps of packets so that each part of a video follows the one before.

  Attributes:
    offsets: seconds added to the timestamps of each part so far.
  """

  def __init__(self, container: Any, frame_seconds: float):
    """Creates a timeline of the video stream of PyAV's container."""
    self.offsets: List[float] = [0.0]
    self._parts = Parts(container)
    self._frame_seconds = frame_seconds

  def advance(self, packet: Any) -> bool:
    """Shifts the next packet of the video stream; returns whether a part begins with it."""
    back = self._parts.advance(packet)
    if back is not None:
      self.offsets.append(self.offsets[-1] + back + self._frame_seconds)
    self.shift(packet, self._parts.number)
    return back is not None

  def shift(self, packet: Any, part: int) -> None:
    """Shifts a packet of any stream in part number `part`."""
    ticks = round(self.offsets[part] / float(packet.time_base))
    if ticks:
      packet.pts = None if packet.pts is None else packet.pts + ticks
      packet.dts = None if packet.dts is None else packet.dts + ticks


class FrameClock:
  """Numbers and times of the frames of a video, told in the order in which they are shown.

  Attributes:
    origin: timestamp of the first frame in seconds; None before it.
    needs_sorting: whether frames have the timestamps of other frames.
  """

  def __init__(self, container: Any, codec: str, frame_seconds: float):
    """Starts a clock for a video stream of PyAV's container, by the name of its codec."""
    self.origin: Optional[float] = None
    # AVI files have no presentation times, so FFmpeg makes them up.
    self.needs_sorting = container.format.name == "avi" and codec not in PICTURE_CODECS
    self._frame_seconds = frame_seconds
    self._sent: List[int] = []  # heap of the timestamps of packets whose frames are to come
    self._num_lost = 0  # damaged packets among them
    self._number, self._seconds = 0, -frame_seconds

  def send(self, packet: Any, is_damaged: bool = False) -> None:
    """Notes the next packet."""
    self._num_lost += is_damaged
    if packet.pts is not None and not (is_damaged and self.needs_sorting):
      heapq.heappush(self._sent, packet.pts)

  def lose(self, count: int = 1) -> None:
    """Notes that the frames of `count` further packets may not come."""
    self._num_lost += count

  def jump(self, number: int) -> None:
    """Continues at frame `number` of the video, without the frames of the packets so far."""
    self._number, self._num_lost = number, 0
    self._sent.clear()

  def tell(self, frame: Any) -> Tuple[int, float]:
    """Returns the number of the next frame, from 0, and its time in seconds."""
    stamp = heapq.heappop(self._sent) if self.needs_sorting and self._sent else frame.pts
    # Packets without frames are damaged, or a part of another frame, such as a second field.
    num_missing = self._num_lost
    if stamp is not None and not self.needs_sorting:
      num_missing = 0
      while self._sent and self._sent[0] < stamp:
        heapq.heappop(self._sent)
        num_missing += 1
      if self._sent and self._sent[0] == stamp:
        heapq.heappop(self._sent)
    num_lost = min(num_missing, self._num_lost)
    self._num_lost -= num_lost
    number = self._number + num_lost
    self._number = number + 1
    return number, self._time(stamp, frame.time_base)

  def _time(self, stamp: Optional[int], time_base: Any) -> float:
    """Returns the time in seconds of the next frame, later than that of the last one."""
    latest, expected = self._seconds, self._seconds + self._frame_seconds
    if stamp is None:
      self._seconds = expected
      return expected
    seconds = float(stamp * time_base)
    if self.origin is None:
      self.origin = seconds - expected
    seconds -= self.origin
    closest = latest + _CLOSEST * self._frame_seconds
    if seconds < closest:  # repeated, or back by less than a joint
      seconds = max(min(expected, seconds + self._frame_seconds), closest)
    self._seconds = seconds
    return seconds
