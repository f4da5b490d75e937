"""Frames of a video."""

from typing import NamedTuple

import numpy as np


class Frame(NamedTuple):
  """Frame of a video, as a player shows it.

  Attributes:
    image: [H, W, 3] uint8 RGB, upright, with square pixels; the same size for all frames.
    time: seconds since the first frame of the video, later than that of the frame before.
    name: file name of the image in a folder, else empty.
    number: number of the frame in the source, from 0; damaged and skipped frames count.
  """

  image: np.ndarray
  time: float
  name: str = ""
  number: int = 0
