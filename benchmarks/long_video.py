"""Measures memory and threads while a long 1080p video is read.

  python -m benchmarks.long_video --minutes=10

The video is a stream of joined copies of a second of noise that moves, as `track -` reads it, so
that it needs neither a file nor memory of its own length. Prints one line per minute of video.
"""

import io
import os
import tempfile
import threading
from typing import BinaryIO, Iterator, NamedTuple, Sequence, cast

import av
import numpy as np
from absl import flags

from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.resident_memory import resident
from ppn_tf.tracking.video.sources import open_source

FLAGS = flags.FLAGS
RATE = 30  # frames per second


class Measurement(NamedTuple):
  """State of the process after a minute of video.

  Attributes:
    minute: minutes of video read.
    num_frames: frames read.
    memory: resident bytes.
    num_threads: threads of the process.
  """

  minute: int
  num_frames: int
  memory: int
  num_threads: int


class JoinedCopies(io.RawIOBase):
  """Stream of copies of some bytes, one after the other."""

  def __init__(self, content: bytes, count: int):
    self._content, self._left = content, count
    self._copy = io.BytesIO()

  def readable(self) -> bool:
    return True

  def read(self, size: int = -1) -> bytes:
    data = self._copy.read(size)
    if not data and self._left:
      self._left -= 1
      self._copy = io.BytesIO(self._content)
      data = self._copy.read(size)
    return data


def define_flags() -> None:
  command_flags.define_integer("minutes", 10, "Minutes of video.", 1, 10**6)
  command_flags.define_integer("height", 1080, "Height of the frames.", 16, 4320)


def encode_second(height: int) -> bytes:
  """Returns a second of moving noise, 16:9, as H.264 in an MPEG transport stream."""
  width = height * 16 // 9 // 2 * 2
  coarse = np.random.default_rng(0).integers(0, 255, (9, 16, 3), np.uint8)
  zoom = -(-height // 9)
  image = coarse.repeat(zoom, 0).repeat(zoom, 1)[:height, :width]
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "second.ts")
    with av.open(path, "w") as container:
      stream = container.add_stream("libx264", rate=RATE)
      stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
      for index in range(RATE):
        moved = np.ascontiguousarray(np.roll(image, 4 * index, axis=1))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
      container.mux(stream.encode(None))
    with open(path, "rb") as file:
      return file.read()


def measure(minutes: int, height: int) -> Iterator[Measurement]:
  """Reads a video, and yields a measurement after each minute of it."""
  stream = JoinedCopies(encode_second(height), 60 * minutes)
  source = open_source("-", standard_input=cast(BinaryIO, stream))
  for number, _ in enumerate(source, start=1):
    if number % (60 * RATE) == 0:
      yield Measurement(number // (60 * RATE), number, resident(), _count_threads())


def _count_threads() -> int:
  """Returns the number of threads of this process, those of libraries among them (Linux)."""
  tasks = "/proc/self/task"
  return len(os.listdir(tasks)) if os.path.isdir(tasks) else threading.active_count()


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  for row in measure(FLAGS.minutes, FLAGS.height):
    print(
      f"{row.minute:4d} min: {row.num_frames} frames, {row.memory / 1e6:.0f} MB, "
      f"{row.num_threads} threads",
      flush=True,
    )


if __name__ == "__main__":
  define_flags()
  app.run(main)
