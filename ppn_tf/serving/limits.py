"""Limits of a server, which keep one client from stopping the others."""

import dataclasses
from typing import Optional

from ppn_tf.runtime import settings


@dataclasses.dataclass(frozen=True)
class Limits(settings.Settings):
  """Limits of a server.

  Attributes: see the help text of each field.
  """

  max_frame_mb: float = settings.number(
    8.0, "Size of one picture, in megabytes, at most.", 0.001, 1000.0
  )
  max_video_mb: float = settings.number(
    64.0, "Size of one video, in megabytes, at most.", 0.001, 10_000.0
  )
  max_megapixels: float = settings.number(
    16.0, "Width times height of a picture, in millions of pixels, at most.", 0.0001, 89.0
  )
  max_video_frames: int = settings.number(900, "Frames of one video, at most.", 1, 10**6)
  max_rate: float = settings.number(
    120.0, "Frames per second of one stream, at most, over one second.", 0.1, 10_000.0
  )
  max_streams: int = settings.number(64, "Open streams, at most.", 1, 100_000)
  max_waiting: int = settings.number(
    2, "Waiting frames of one stream; a newer frame drops the oldest of them.", 1, 1000
  )
  max_requests: int = settings.number(64, "Requests that are not streams, at a time.", 1, 100_000)
  max_people: int = settings.number(5, "People that a client may have tracked at a time.", 1, 1000)
  idle_after: float = settings.number(
    30.0,
    "Seconds without a frame, or until an answer is taken, that end a stream.",
    0.1,
    86_400.0,
  )
  request_after: float = settings.number(
    20.0, "Seconds for the header of a request, and again for its body.", 0.1, 86_400.0
  )
  stop_after: float = settings.number(
    10.0, "Seconds for the answers to waiting frames when the server stops.", 0.1, 3600.0
  )

  @property
  def frame_bytes(self) -> int:
    """Returns the size of one picture in bytes, at most."""
    return int(self.max_frame_mb * 1e6)

  @property
  def video_bytes(self) -> int:
    """Returns the size of one video in bytes, at most."""
    return int(self.max_video_mb * 1e6)

  @property
  def pixels(self) -> int:
    """Returns the pixels of one picture, at most."""
    return int(self.max_megapixels * 1e6)

  def refuse_people(self, count: int) -> Optional[str]:
    """Returns why a number of people to track is refused; None if it is accepted."""
    if 1 <= count <= self.max_people:
      return None
    return f"max_people={count}: give 1 to {self.max_people}"
