"""Settings of a worker process."""

import dataclasses
from typing import Optional


@dataclasses.dataclass(frozen=True)
class WorkerSettings:
  """Settings of a worker process.

  Attributes:
    model: see `Tracker.from_preset`.
    max_pixels: width times height of a picture, at most.
    max_video_frames: frames of one video, at most.
    core: number of the CPU core to run on; None for any.
  """

  model: str
  max_pixels: int
  max_video_frames: int
  core: Optional[int] = None
